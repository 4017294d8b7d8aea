//! Who the client is, written down for an upstream: formats of others, templates of the operator's own.
//!
//! Takes the certificates of an accepted client, hands on header fields. Those that speak of the
//! certificate alone are made once for each chain that is remembered, the others once for each connection; a
//! request only copies references.

pub mod formats;
pub mod template;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::ClientCertificate;
use super::holder::Holder;
use super::reserved::{is_of_login, is_reserved, is_same};
use crate::config::identity::{HeaderTemplate, IdentityFormat, IdentitySettings};

/// The most bytes of all names and values together.
pub const LIMIT: usize = 16 * 1024;

/// What one site tells its upstream, and what no client may say to it.
pub struct IdentityHeaders {
    /// Tells what was written by this from what another one wrote.
    id: u64,
    formats: Vec<IdentityFormat>,
    of_certificate: Vec<HeaderTemplate>,
    of_connection: Vec<HeaderTemplate>,
    /// The names of the templates of all sites.
    own_names: Vec<HeaderName>,
    /// Whether a load balancer has had its clients log in.
    with_login: bool,
}

/// What templates can say of a connection.
pub struct Surroundings<'a> {
    /// The client's address; nothing is said of a client without one.
    pub address: Option<IpAddr>,
    /// The server name that it asked for.
    pub sni: Option<&'a str>,
    /// TLSv1.3, …
    pub tls_version: &'a str,
    /// The cipher by the name that OpenSSL gave it.
    pub tls_cipher: &'a str,
}

/// Why an upstream can't be told. It is told nothing then: half of it could be taken for all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// More than [`LIMIT`].
    #[error("{header} has {bytes} bytes, all identity headers {sum}, more than {LIMIT}")]
    TooLarge {
        /// The largest header.
        header: HeaderName,
        /// Its bytes.
        bytes: usize,
        /// Those of all.
        sum: usize,
    },
    /// The format has no way to say it.
    #[error("{header} can't say what is in the certificate: {what}")]
    Unsayable {
        /// The header.
        header: &'static str,
        /// What.
        what: &'static str,
    },
}

type Field = (HeaderName, HeaderValue);
type OfCertificate = Result<Arc<[Field]>, Unwritable>;

/// What is sent with each request of a connection.
#[derive(Debug, Clone)]
pub struct Fields {
    of_certificate: Arc<[Field]>,
    of_connection: Box<[Field]>,
}

impl IdentityHeaders {
    /// `all` are the settings of all sites: a template of one of them is reserved at all.
    pub fn new<'a>(
        settings: &IdentitySettings,
        all: impl Iterator<Item = &'a IdentitySettings>,
    ) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let templates = settings.templates.iter().cloned();
        let (of_connection, of_certificate) = templates.partition(template::is_of_connection);
        let mut own_names: Vec<HeaderName> = all
            .flat_map(|settings| &settings.templates)
            .map(|template| template.name.clone())
            .collect();
        own_names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        own_names.dedup();
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            formats: settings.formats.clone(),
            of_certificate,
            of_connection,
            own_names,
            with_login: false,
        }
    }

    /// Whether each load balancer that is believed removes what a client claims of a login, since it writes that itself.
    #[must_use]
    pub fn with_login(self, with_login: bool) -> Self {
        Self { with_login, ..self }
    }

    /// Removes every field that only certgate may write, from headers and trailers alike. `by_balancer` is true of what
    /// a load balancer says that is believed: that goes on if it is of the login that its clients have
    /// ([`IdentityHeaders::with_login`]).
    pub fn remove_reserved(&self, headers: &mut HeaderMap, by_balancer: bool) {
        let is_own = |name: &HeaderName| {
            let mut own = self.own_names.iter();
            own.any(|own| is_same(name.as_str().as_bytes(), own.as_str().as_bytes()))
        };
        let keeps_login = by_balancer && self.with_login;
        let is_kept = |name: &HeaderName| keeps_login && is_of_login(name);
        let is_to_go = |name: &HeaderName| (is_reserved(name) && !is_kept(name)) || is_own(name);
        let reserved = headers.keys().filter(|name| is_to_go(name));
        let reserved: Vec<HeaderName> = reserved.cloned().collect();
        for name in reserved {
            headers.remove(name);
        }
    }

    /// What the upstream is told of a client.
    ///
    /// # Errors
    /// If it doesn't fit, or can't be said.
    pub fn fields(
        &self,
        certificate: Option<&ClientCertificate>,
        surroundings: &Surroundings,
    ) -> Result<Fields, Unwritable> {
        let of_certificate = match certificate {
            Some(certificate) => certificate.written.get_or_write(self.id, || {
                let holder = Holder::of(&certificate.chain);
                self.of_certificate(Some(&holder.ok_or(UNREADABLE)?), surroundings)
            })?,
            None => self.of_certificate(None, surroundings)?,
        };
        let mut of_connection = Vec::new();
        if !self.of_connection.is_empty() {
            let holder = certificate.map(|certificate| Holder::of(&certificate.chain));
            let holder = holder.map(|holder| holder.ok_or(UNREADABLE)).transpose()?;
            push_templates(
                &mut of_connection,
                &self.of_connection,
                holder.as_ref(),
                surroundings,
            )?;
            check_size(of_certificate.iter().chain(&of_connection))?;
        }
        Ok(Fields {
            of_certificate,
            of_connection: of_connection.into(),
        })
    }

    fn of_certificate(
        &self,
        holder: Option<&Holder>,
        surroundings: &Surroundings,
    ) -> OfCertificate {
        let mut fields = Vec::new();
        for format in &self.formats {
            for (name, value) in formats::headers(*format, holder)? {
                // An upstream's log and ours say the same, so there is no name to lose here.
                fields.push((HeaderName::from_static(name), header_value(name, value)?));
            }
        }
        push_templates(&mut fields, &self.of_certificate, holder, surroundings)?;
        check_size(fields.iter())?;
        Ok(fields.into())
    }
}

impl Fields {
    /// Writes them into a header that has none of them.
    pub fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in self.of_certificate.iter().chain(&self.of_connection) {
            headers.insert(name.clone(), value.clone());
        }
    }
}

const UNREADABLE: Unwritable = Unwritable::Unsayable {
    header: "all",
    what: "it can't be read",
};

fn push_templates(
    fields: &mut Vec<Field>,
    templates: &[HeaderTemplate],
    holder: Option<&Holder>,
    surroundings: &Surroundings,
) -> Result<(), Unwritable> {
    for template in templates {
        if let Some(value) = template::value(template, holder, surroundings) {
            fields.push((template.name.clone(), header_value("a template", value)?));
        }
    }
    Ok(())
}

/// The encoders leave nothing that no header can have; if one did, nothing would be sent.
fn header_value(header: &'static str, value: String) -> Result<HeaderValue, Unwritable> {
    let what = "characters that no header can have";
    HeaderValue::try_from(value).map_err(|_| Unwritable::Unsayable { header, what })
}

fn check_size<'a>(fields: impl Iterator<Item = &'a Field>) -> Result<(), Unwritable> {
    let sizes = fields.map(|(name, value)| (name.as_str().len() + value.len(), name));
    let (sum, largest) = sizes.fold((0, None), |(sum, largest), (bytes, name)| {
        (sum + bytes, largest.max(Some((bytes, name.as_str()))))
    });
    match largest {
        Some((bytes, name)) if sum > LIMIT => Err(Unwritable::TooLarge {
            header: HeaderName::try_from(name).unwrap_or(http::header::FORWARDED),
            bytes,
            sum,
        }),
        _ => Ok(()),
    }
}

/// What was written of a certificate, and by whom: each request of each connection sends the same.
#[derive(Default)]
pub struct Written(Mutex<Option<(u64, OfCertificate)>>);

impl Written {
    fn get_or_write(&self, id: u64, write: impl FnOnce() -> OfCertificate) -> OfCertificate {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*written {
            Some((writer, fields)) if *writer == id => fields.clone(),
            _ => {
                let fields = write();
                *written = Some((id, fields.clone()));
                fields
            }
        }
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Written")
    }
}

/// A copy has nothing written yet.
impl Clone for Written {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// It says nothing of its own.
impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Written {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::startup::test_certificates as make;

    const SOMEWHERE: Surroundings = Surroundings {
        address: Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)),
        sni: None,
        tls_version: "TLSv1.3",
        tls_cipher: "",
    };

    fn writer(format: IdentityFormat) -> IdentityHeaders {
        let settings = IdentitySettings {
            formats: vec![format],
            templates: Vec::new(),
        };
        IdentityHeaders::new(&settings, std::iter::once(&settings))
    }

    #[test]
    fn they_are_made_once_for_a_chain_and_a_site() {
        let leaf = make::leaf("alice", &make::authority("CA")).certificate;
        let mut certificate = ClientCertificate::of(&leaf);
        certificate.chain = [leaf.to_der().unwrap().into()].into();
        let [one, other] = [IdentityFormat::Rfc9440, IdentityFormat::Nginx].map(writer);
        let made = |writer: &IdentityHeaders| {
            let fields = writer.fields(Some(&certificate), &SOMEWHERE).unwrap();
            fields.of_certificate
        };
        let first = made(&one);
        assert!(Arc::ptr_eq(&first, &made(&one)));
        assert_eq!(first[0].0, "client-cert");
        assert_eq!(made(&other)[0].0, "x-ssl-client-verify");
        assert_eq!(made(&one), first);
    }
}
