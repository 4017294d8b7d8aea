//! How an upstream learns who the client is: formats, and templates of an operator's own headers.
//!
//! A template is text with placeholders, `"{subject.cn} by {tls.version}"`; braces of its own are doubled.

use http::HeaderName;

use super::values::{Expected, shown, words};

words! {
    /// A set of headers that others use for it.
    IdentityFormat {
        /// `Client-Cert` and `Client-Cert-Chain` (RFC 9440).
        Rfc9440 = "rfc9440",
        /// `X-Forwarded-Client-Cert`, as Envoy writes it.
        Xfcc = "xfcc",
        /// `X-Amzn-Mtls-Clientcert-…`, as an AWS ALB in verify mode writes them.
        Alb = "alb",
        /// `X-SSL-Client-…`, as people configure nginx.
        Nginx = "nginx",
    }
}

impl IdentityFormat {
    /// Every header that it writes, in lower case.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Rfc9440 => &["client-cert", "client-cert-chain"],
            Self::Xfcc => &["x-forwarded-client-cert"],
            Self::Alb => &[
                "x-amzn-mtls-clientcert-serial-number",
                "x-amzn-mtls-clientcert-issuer",
                "x-amzn-mtls-clientcert-subject",
                "x-amzn-mtls-clientcert-validity",
                "x-amzn-mtls-clientcert-leaf",
            ],
            Self::Nginx => &[
                "x-ssl-client-verify",
                "x-ssl-client-s-dn",
                "x-ssl-client-i-dn",
                "x-ssl-client-serial",
                "x-ssl-client-fingerprint",
                "x-ssl-client-cert",
            ],
        }
    }
}

words! {
    /// What a template can say.
    Placeholder {
        /// The subject DN (RFC 2253).
        Subject = "subject",
        /// The issuer DN (RFC 2253).
        Issuer = "issuer",
        /// The subject's common names.
        CommonName = "subject.cn",
        /// The subject's units.
        Unit = "subject.ou",
        /// The subject's organisations.
        Organization = "subject.o",
        /// The serial number in upper case hex.
        Serial = "serial",
        /// SHA-256 of the certificate in lower case hex.
        Fingerprint = "fingerprint",
        /// The DNS names of the SAN extension.
        Dns = "san.dns",
        /// Its URIs.
        Uri = "san.uri",
        /// Its mailboxes.
        Email = "san.email",
        /// Its addresses.
        Ip = "san.ip",
        /// Since when the certificate is valid (RFC 3339).
        NotBefore = "not_before",
        /// Until when.
        NotAfter = "not_after",
        /// `SUCCESS`, or `NONE` without a certificate.
        Verify = "verify",
        /// The server name that the client asked for.
        Sni = "sni",
        /// `TLSv1.3`
        TlsVersion = "tls.version",
        /// The cipher by the name that OpenSSL gave it.
        TlsCipher = "tls.cipher",
        /// Where the client connects from.
        ClientAddress = "client.address",
    }
}

impl Placeholder {
    /// Whether it is said of the certificate.
    pub fn needs_certificate(self) -> bool {
        !self.is_of_connection() && self != Self::Verify
    }

    /// Whether it is another one for each connection.
    pub fn is_of_connection(self) -> bool {
        matches!(
            self,
            Self::Sni | Self::TlsVersion | Self::TlsCipher | Self::ClientAddress
        )
    }

    const NAMES: [&str; 18] = [
        "subject",
        "issuer",
        "subject.cn",
        "subject.ou",
        "subject.o",
        "serial",
        "fingerprint",
        "san.dns",
        "san.uri",
        "san.email",
        "san.ip",
        "not_before",
        "not_after",
        "verify",
        "sni",
        "tls.version",
        "tls.cipher",
        "client.address",
    ];
}

/// What the upstream of a site is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentitySettings {
    /// Each at most once.
    pub formats: Vec<IdentityFormat>,
    /// An operator's own.
    pub templates: Vec<HeaderTemplate>,
}

/// One header of an operator's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTemplate {
    /// The header.
    pub name: HeaderName,
    /// What its value is made of.
    pub parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Written as it is.
    Text(String),
    /// Replaced.
    Value(Placeholder),
}

/// What is wrong with a template, in the words of a [`Finding`](crate::findings::Finding).
pub struct TemplateFault {
    /// What was found.
    pub found: String,
    /// What would have been right.
    pub expected: String,
    /// The nearest known name.
    pub advice: Option<String>,
}

impl HeaderTemplate {
    /// Reads one line of `[headers]`.
    pub fn parse(name: &str, text: &str) -> Result<Self, TemplateFault> {
        Ok(Self {
            name: header_name(name)?,
            parts: parts(text)?,
        })
    }
}

/// Headers that frame the message or are between neighbours, and those that certgate always writes.
const TAKEN: [&str; 17] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "http2-settings",
    "x-real-ip",
    "x-forwarded-for",
    "x-forwarded-proto",
    "cookie",
];

/// A name as upstreams see it that take dashes and underscores for one.
pub(super) fn normal(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

fn header_name(name: &str) -> Result<HeaderName, TemplateFault> {
    let parsed = name.parse::<HeaderName>().map_err(|_| TemplateFault {
        found: format!("{}, which is no header name", shown(name)),
        expected: "letters, digits and dashes, such as X-User".to_owned(),
        advice: None,
    })?;
    match TAKEN.contains(&normal(parsed.as_str()).as_str()) {
        true => Err(TemplateFault {
            found: format!("{}, which is not a template's to write", shown(name)),
            expected: "a header of your own, such as X-User".to_owned(),
            advice: None,
        }),
        false => Ok(parsed),
    }
}

fn parts(text: &str) -> Result<Vec<Part>, TemplateFault> {
    let fault = |found: String| TemplateFault {
        found,
        expected: "text and placeholders such as {subject.cn}; {{ and }} are braces".to_owned(),
        advice: None,
    };
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(fault(format!(
            "{}, with characters that no header can have",
            shown(text)
        )));
    }
    let (mut parts, mut literal, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, found) = rest.split_at(at);
        literal.push_str(before);
        if found.starts_with("{{") || found.starts_with("}}") {
            literal.push_str(&found[..1]);
            rest = &found[2..];
            continue;
        }
        let inner = found
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'));
        let Some((name, after)) = inner else {
            return Err(fault(format!("{}, with a brace alone", shown(text))));
        };
        if !literal.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut literal)));
        }
        parts.push(Part::Value(
            name.parse().map_err(|error| unknown(name, error))?,
        ));
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    match parts.is_empty() {
        true => Err(fault("found nothing".to_owned())),
        false => Ok(parts),
    }
}

fn unknown(name: &str, Expected(expected): Expected) -> TemplateFault {
    let nearest = Placeholder::NAMES
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min();
    let nearest = nearest.filter(|(distance, _)| *distance <= name.len().div_ceil(2));
    TemplateFault {
        found: format!("no placeholder has the name {}", shown(name)),
        expected,
        advice: nearest.map(|(_, known)| format!("Did you mean {{{known}}}?")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Part>, String> {
        parts(text).map_err(|fault| format!("{} {}", fault.found, fault.advice.unwrap_or_default()))
    }

    #[test]
    fn templates_are_text_and_placeholders() {
        let text = |text: &str| Part::Text(text.to_owned());
        assert_eq!(
            parsed("a{{b}} {subject.cn}{sni}}}").unwrap(),
            [
                text("a{b} "),
                Part::Value(Placeholder::CommonName),
                Part::Value(Placeholder::Sni),
                text("}"),
            ]
        );
        for (wrong, words) in [
            ("{subject.cm}", "Did you mean {subject.cn}?"),
            ("{san_dns}", "Did you mean {san.dns}?"),
            ("{}", "no placeholder"),
            ("{subject", "a brace alone"),
            ("subject}", "a brace alone"),
            ("a\nb", "no header can have"),
            ("gr\u{fc}n", "no header can have"),
            ("", "nothing"),
        ] {
            let found = parsed(wrong).unwrap_err();
            assert!(found.contains(words), "{wrong}: {found}");
        }
        for name in Placeholder::NAMES {
            assert_eq!(name.parse::<Placeholder>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn some_names_are_taken() {
        for name in [
            "Host",
            "TE",
            "transfer_encoding",
            "X-Forwarded-For",
            "a b",
            "",
            "X-\u{fc}",
        ] {
            assert!(header_name(name).is_err(), "{name}");
        }
        assert!(header_name("X-User").is_ok());
    }
}
