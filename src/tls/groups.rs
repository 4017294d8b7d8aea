//! Names of key exchange groups: people write them as OpenSSL does, results have IANA's ("TLS Supported
//! Groups"), AWS-LC has its own.

use openssl::ssl::SslRef;

use super::ffi::client::negotiated_group;

/// Number, IANA's name, other names; AWS-LC's is among them.
type Group = (u16, &'static str, &'static [&'static str]);

const GROUPS: [Group; 11] = [
    (21, "secp224r1", &["P-224"]),
    (23, "secp256r1", &["P-256", "prime256v1"]),
    (24, "secp384r1", &["P-384"]),
    (25, "secp521r1", &["P-521"]),
    (29, "x25519", &["X25519"]),
    (0x0200, "MLKEM512", &[]),
    (0x0201, "MLKEM768", &[]),
    (0x0202, "MLKEM1024", &[]),
    (0x11eb, "SecP256r1MLKEM768", &[]),
    (0x11ec, "X25519MLKEM768", &[]),
    (0x11ed, "SecP384r1MLKEM1024", &[]),
];

/// IANA's name of a group's number; empty for one that AWS-LC doesn't know.
pub fn name(number: u16) -> &'static str {
    let group = GROUPS.iter().find(|(own, ..)| *own == number);
    group.map_or("", |(_, name, _)| name)
}

/// IANA's name of the group of a connection, `None` before its handshake, or without one.
pub fn key_exchange_group(ssl: &SslRef) -> Option<&'static str> {
    let name = name(negotiated_group(ssl)?);
    (!name.is_empty()).then_some(name)
}

/// A list with colons, in any of these names and upper or lower case, as AWS-LC writes it. Names that are
/// none stay, for AWS-LC to refuse.
pub fn translated(list: &str) -> String {
    let names = list.split(':').map(|written| {
        let known = GROUPS.iter().find(|(_, name, others)| {
            let mut all = std::iter::once(name).chain(*others);
            all.any(|name| name.eq_ignore_ascii_case(written))
        });
        known.map_or(written, |(_, name, others)| others.first().unwrap_or(name))
    });
    names.collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use openssl::ssl::{SslContext, SslMethod};

    use super::*;

    #[test]
    fn every_name_is_one_that_aws_lc_takes() {
        let mut context = SslContext::builder(SslMethod::tls()).unwrap();
        for (number, iana, others) in GROUPS {
            assert_eq!(name(number), iana);
            for name in std::iter::once(&iana).chain(others) {
                for written in [name.to_string(), name.to_lowercase(), name.to_uppercase()] {
                    let list = translated(&written);
                    assert!(context.set_groups_list(&list).is_ok(), "{written}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_name_stays() {
        let list = translated("x25519:secp256r1:P-257:");
        assert_eq!(list, "X25519:P-256:P-257:");
        assert_eq!(name(30), "");
    }
}
