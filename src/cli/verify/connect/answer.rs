//! What a server's HTTP answer says about a client's certificate: some let every client through the handshake
//! and refuse afterwards.

/// As much of an answer as is read: pages of refusals are short.
pub const LIMIT: usize = 64 << 10;

/// An answer, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Whether it is known to be about the certificate.
    pub refusal: Option<HttpRefusal>,
}

/// Pages that are about certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpRefusal {
    /// nginx got no certificate, and `ssl_verify_client` is `on`.
    NginxNone,
    /// nginx got one that doesn't verify.
    NginxBad,
    /// certgate, with `--refusal page`.
    Certgate,
}

impl Answer {
    /// Of the bytes that came; `None` if they are no answer.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"HTTP/1.")?;
        let digits = rest.get(2..5)?;
        let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let has = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let refusal = match status {
            400 if has("No required SSL certificate was sent") => Some(HttpRefusal::NginxNone),
            400 if has("The SSL certificate error") => Some(HttpRefusal::NginxBad),
            403 if has("<h1>A client certificate is needed</h1>") => Some(HttpRefusal::Certgate),
            _ => None,
        };
        Some(Self { status, refusal })
    }
}

impl HttpRefusal {
    /// What happened.
    pub fn words(self) -> &'static str {
        match self {
            Self::NginxNone => "nginx got no certificate (ssl_verify_client on)",
            Self::NginxBad => "nginx doesn't accept the certificate (ssl_verify_client)",
            Self::Certgate => {
                "certgate's page for clients without an accepted certificate (--refusal page)"
            }
        }
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NginxNone => {
                "Is it the right server name (--sni)? Another server block of nginx may ask for no certificate."
            }
            Self::NginxBad => {
                "nginx's error log has the fault, from level info on: \"client SSL certificate verify error\"; compare the issuer with ssl_client_certificate, and see ssl_verify_depth and ssl_crl."
            }
            Self::Certgate => {
                "The page doesn't tell the reason: certgate's log does (event=refused), and so does `certgate verify` there, without --connect."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let of = |text: &str| Answer::of(text.as_bytes());
        for (text, status, refusal) in [
            (
                "HTTP/1.1 200 OK\r\n\r\nThe SSL certificate error",
                200,
                None,
            ),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", 400, None),
            (
                "HTTP/1.1 400 Bad Request\r\n\r\n<title>400 No required SSL certificate was sent</title>",
                400,
                Some(HttpRefusal::NginxNone),
            ),
            (
                "HTTP/1.0 400 Bad Request\r\n\r\n<title>400 The SSL certificate error</title>",
                400,
                Some(HttpRefusal::NginxBad),
            ),
            ("HTTP/1.1 403 Forbidden\r\n\r\nno", 403, None),
        ] {
            assert_eq!(of(text), Some(Answer { status, refusal }), "{text}");
        }
        for text in [
            "",
            "HTTP/1.1",
            "HTTP/1.1 20",
            "SSH-2.0-x\r\n",
            "HTTP/1.1 xxx\r\n",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
