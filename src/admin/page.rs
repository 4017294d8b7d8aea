//! The status page for people: what `/status.json` has, in tables. Self-contained, without a script.

use std::fmt::{Display, Write};
use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::header::HeaderValue;

use super::status::{Certificate, ClientCertificates, Site, Status, Trust, Upstream};
use crate::inventory::Expiring;

/// From so many days on, an end is near.
const NEAR: i64 = 30;

const STYLE: &str = include_str!("page.css");

/// Nothing may be fetched or run; the one inline style is named by its hash (CSP level 3 section 2.3.1).
pub static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(openssl::sha::sha256(STYLE.as_bytes()));
    HeaderValue::try_from(format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ))
    // Base64 and the words around it are visible ASCII; should that change, nothing is allowed rather than all.
    .unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// The page.
pub fn html(status: &Status) -> String {
    let mut page = Page::default();
    page.overview(status);
    page.upstreams(&status.upstreams);
    for (number, site) in status.sites.iter().enumerate() {
        page.site(number, site);
    }
    page.clients(&status.client_certificates);
    include_str!("page.html")
        .replace("{{style}}", STYLE)
        .replace("{{version}}", status.version)
        // The last: what comes in here is not looked at again.
        .replacen("{{content}}", &page.0, 1)
}

/// Markup: what comes from elsewhere goes through [`Text`].
#[derive(Default)]
struct Page(String);

impl Page {
    fn overview(&mut self, status: &Status) {
        let counts = &status.counts;
        let reload = match &status.last_reload {
            None => "none yet".to_owned(),
            Some(reload) => format!("{}, {}, {}", reload.result, reload.cause, reload.time),
        };
        let reasons = |map: &std::collections::BTreeMap<&'static str, u64>| {
            let all = map
                .iter()
                .map(|(reason, count)| format!("{reason} {count}"));
            match map.is_empty() {
                true => "none".to_owned(),
                false => all.collect::<Vec<_>>().join(", "),
            }
        };
        self.rows(&[
            ("phase", status.phase.to_owned()),
            ("ready", status.not_ready.unwrap_or("yes").to_owned()),
            ("serving since", status.started.to_string()),
            ("last reload", reload),
            (
                "connections",
                format!(
                    "{} open, {} accepted",
                    counts.connections.open, counts.connections.accepted
                ),
            ),
            (
                "handshakes",
                format!(
                    "{} full, {} resumed, {} refused",
                    counts.handshakes.full, counts.handshakes.resumed, counts.handshakes.refused
                ),
            ),
            ("refusals", reasons(&counts.refusals)),
        ]);
        for finding in status.last_reload.iter().flat_map(|r| r.findings.iter()) {
            let _ = write!(self.0, "<p class=\"warn\">{}</p>", Text(finding));
        }
        if status.sites.iter().any(|site| site.shadow.is_some()) {
            let shadow = &counts.shadow;
            self.0.push_str("<h2>Candidate</h2>");
            self.rows(&[
                ("would refuse", reasons(&shadow.would_refuse)),
                ("would let in", reasons(&shadow.would_admit)),
                (
                    "the same",
                    format!(
                        "{} let in, {} refused",
                        shadow.same_accepted, shadow.same_refused
                    ),
                ),
                ("failed", shadow.failed.to_string()),
            ]);
        }
    }

    fn upstreams(&mut self, upstreams: &[Upstream]) {
        if upstreams.is_empty() {
            return;
        }
        self.0.push_str("<h2>Upstreams</h2>");
        self.head(&["address", "usable", "since", "last check"]);
        for upstream in upstreams {
            let (class, usable) = match upstream.usable {
                Some(true) => ("", "yes"),
                Some(false) => (" class=\"bad\"", "no"),
                None => ("", "not known yet"),
            };
            let _ = write!(
                self.0,
                "<tr><td><code>{}</code><td{class}>{usable}<td>{}<td>{}",
                Text(&upstream.address),
                upstream.since,
                Text(upstream.error.as_deref().unwrap_or("-"))
            );
        }
        self.0.push_str("</table>");
    }

    fn site(&mut self, number: usize, site: &Site) {
        let name = match site.names.as_slice() {
            [] if number == 0 => "every other name".to_owned(),
            names => names.join(", "),
        };
        let _ = write!(self.0, "<h2>Site: {}</h2>", Text(name));
        self.rows(&[
            ("client certificates", site.client_auth.clone()),
            ("content", site.content.to_owned()),
        ]);
        self.head(&["", "subject", "expires", "days left"]);
        for certificate in &site.certificates {
            self.certificate("server", certificate);
        }
        self.trust("client CA", "revocation list", &site.trust);
        if let Some(shadow) = &site.shadow {
            self.trust(
                "candidate's client CA",
                "candidate's revocation list",
                shadow,
            );
        }
        self.0.push_str("</table>");
    }

    fn trust(&mut self, authority: &str, list: &str, trust: &Trust) {
        for certificate in &trust.client_ca {
            self.certificate(authority, certificate);
        }
        let more = trust.client_ca_count - trust.client_ca.len();
        if more > 0 {
            let _ = write!(self.0, "<tr><td>{authority}<td>and {more} more<td><td>");
        }
        for crl in trust.crls.iter().flatten() {
            let next = crl
                .next_update
                .map_or("-".to_owned(), |next| next.to_string());
            let _ = write!(
                self.0,
                "<tr><td>{list}<td>{} ({} entries)<td>{next}<td>",
                Text(&crl.issuer),
                crl.entries
            );
        }
    }

    fn certificate(&mut self, role: &str, certificate: &Certificate) {
        let _ = write!(
            self.0,
            "<tr><td>{role}<td>{}<td>{}{}",
            Text(&certificate.subject),
            certificate.not_after,
            Days(certificate.days_left)
        );
    }

    fn clients(&mut self, clients: &ClientCertificates) {
        self.0.push_str("<h2>Client certificates</h2>");
        let parts = Expiring::LABELS.iter().filter_map(|label| {
            let count = clients.expires_in.get(*label)?;
            Some(format!("{label} {count}"))
        });
        let parts = parts.collect::<Vec<_>>().join(", ");
        self.rows(&[
            (
                "known",
                format!("{}, {} at most", clients.known, clients.capacity),
            ),
            ("seen lately, expire in", parts),
        ]);
        self.head(&[
            "subject",
            "issuer",
            "serial",
            "expires",
            "days left",
            "last seen",
            "let in",
            "refused",
            "last",
        ]);
        for client in &clients.entries {
            let last = client.reason.unwrap_or(client.verdict);
            let _ = write!(
                self.0,
                "<tr><td>{}<td>{}<td><code>{}</code><td>{}{}<td>{}<td>{}<td>{}<td>{last}",
                Text(&client.subject),
                Text(&client.issuer),
                Text(&client.serial),
                client.not_after,
                Days(client.days_left),
                client.last_seen,
                client.accepted,
                client.refused
            );
        }
        self.0.push_str("</table>");
    }

    fn head(&mut self, columns: &[&str]) {
        self.0.push_str("<table><tr>");
        for column in columns {
            let _ = write!(self.0, "<th>{column}");
        }
    }

    fn rows(&mut self, rows: &[(&str, String)]) {
        self.0.push_str("<table>");
        for (name, value) in rows {
            let _ = write!(self.0, "<tr><th>{name}<td>{}", Text(value));
        }
        self.0.push_str("</table>");
    }
}

/// A cell with the days that are left.
struct Days(i64);

impl Display for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let class = match self.0 {
            ..0 => " class=\"bad\"",
            0..=NEAR => " class=\"warn\"",
            _ => "",
        };
        write!(f, "<td{class}>{}", self.0)
    }
}

/// What others have chosen, as text.
struct Text<T>(T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.to_string().chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
