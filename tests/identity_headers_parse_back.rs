//! Whatever a certificate says, each header can be read back to exactly that, by readers that know the
//! standards and nothing of certgate.

use certgate::config::identity::{HeaderTemplate, IdentityFormat};
use certgate::identity::headers::{Surroundings, formats, template};
use certgate::identity::holder::Holder;
use certgate::identity::name::{Attribute, Name, Value};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::identity as read;

/// What is special to somebody, and more of it than chance would give.
const SPECIAL: &str = "[,;:\"'=\\\\+<># \r\n\t\0\u{7f}\u{fc}\u{202e}\u{1f600}a1%{}|&()/.-]{0,12}";

fn text() -> impl Strategy<Value = String> {
    prop_oneof![SPECIAL, any::<String>()]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::Text),
        1 => vec(any::<u8>(), 0..8).prop_map(Value::Other),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    let kinds = prop::sample::select(vec![
        ("CN", &[0x55, 4, 3][..]),
        ("O", &[0x55, 4, 10]),
        ("OU", &[0x55, 4, 11]),
        ("1.2.3", &[0x2a, 3]),
    ]);
    let attribute = (kinds, value()).prop_map(|((kind, oid), value)| Attribute {
        kind: kind.to_owned(),
        oid: oid.to_vec(),
        value,
    });
    vec(vec(attribute, 1..3), 0..4).prop_map(Name)
}

fn names() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let bytes = prop_oneof![
        3 => "[a-z*./:;,= %?]{0,12}".prop_map(String::into_bytes),
        2 => text().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..10),
    ];
    vec(bytes, 0..4)
}

#[derive(Debug, Clone)]
struct Said {
    chain: Vec<Box<[u8]>>,
    subject: Name,
    issuer: Name,
    dns: Vec<Vec<u8>>,
    uris: Vec<Vec<u8>>,
}

impl Said {
    fn holder(&self) -> Holder<'_> {
        Holder {
            chain: &self.chain,
            subject: self.subject.clone(),
            issuer: self.issuer.clone(),
            serial: "0A1B".to_owned(),
            not_before: 0,
            not_after: 86_400,
            dns: self.dns.clone(),
            uris: self.uris.clone(),
            ..Holder::default()
        }
    }
}

fn said() -> impl Strategy<Value = Said> {
    let der = vec(any::<u8>(), 0..200).prop_map(Vec::into_boxed_slice);
    (vec(der, 1..4), name(), name(), names(), names()).prop_map(
        |(chain, subject, issuer, dns, uris)| Said {
            chain,
            subject,
            issuer,
            dns,
            uris,
        },
    )
}

/// What a reader of a name should find.
fn expected(name: &Name) -> Vec<Vec<(String, read::Value)>> {
    let rdns = name.0.iter().rev().map(|rdn| {
        let attributes = rdn
            .iter()
            .rev()
            .map(|a| (a.kind.clone(), expected_value(a)));
        attributes.collect()
    });
    rdns.collect()
}

fn expected_value(attribute: &Attribute) -> read::Value {
    match &attribute.value {
        Value::Text(text) if attribute.kind == "1.2.3" => read::Value::Der(utf8_string(text)),
        Value::Text(text) => read::Value::Text(text.clone()),
        Value::Other(der) => read::Value::Der(der.clone()),
    }
}

fn utf8_string(text: &str) -> Vec<u8> {
    let length = text.len();
    let head = match length {
        0..=0x7f => vec![0x0c, length as u8],
        0x80..=0xff => vec![0x0c, 0x81, length as u8],
        _ => vec![0x0c, 0x82, (length >> 8) as u8, length as u8],
    };
    [&head, text.as_bytes()].concat()
}

fn written(format: IdentityFormat, said: &Said) -> Vec<(&'static str, String)> {
    let headers = formats::headers(format, Some(&said.holder())).unwrap();
    for (name, value) in &headers {
        assert!(format.names().contains(name), "{name}");
        assert!(value.bytes().all(|b| matches!(b, b' '..=b'~')), "{value:?}");
        // HTTP would trim it.
        assert_eq!(value.trim(), value);
    }
    headers
}

fn templated(text: &str, said: &Said) -> Option<String> {
    let template = HeaderTemplate::parse("X-User", text).ok().unwrap();
    let surroundings = Surroundings {
        address: Some([127, 0, 0, 1].into()),
        sni: None,
        tls_version: "",
        tls_cipher: "",
    };
    template::value(&template, Some(&said.holder()), &surroundings)
}

fn values(said: &Said, kind: &str) -> Vec<read::Value> {
    let all = said.subject.0.iter().rev().flat_map(|rdn| rdn.iter().rev());
    all.filter(|a| a.kind == kind).map(expected_value).collect()
}

/// A list; nothing at all is either none or one that is empty.
fn read_values(text: &str, one: impl Fn(&str) -> Option<read::Value>) -> Vec<read::Value> {
    let parts = read::split(text, ',').unwrap();
    parts.into_iter().map(|part| one(part).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rfc_9440(said in said()) {
        let headers = written(IdentityFormat::Rfc9440, &said);
        let chain = headers.iter().flat_map(|(_, value)| read::byte_sequences(value).unwrap());
        let chain: Vec<Box<[u8]>> = chain.map(Into::into).collect();
        prop_assert_eq!(&chain, &said.chain);
        prop_assert_eq!(headers[0].1.matches(", ").count(), 0);
    }

    #[test]
    fn xfcc(said in said()) {
        let odd = |name: &Vec<u8>| {
            name.iter().any(|b| !matches!(b, b' '..=b'~') || matches!(b, b'"' | b'\\'))
        };
        if said.uris.iter().chain(&said.dns).any(odd) {
            prop_assert!(formats::headers(IdentityFormat::Xfcc, Some(&said.holder())).is_err());
            return Ok(());
        }
        let headers = written(IdentityFormat::Xfcc, &said);
        let pairs = read::xfcc(&headers[0].1).unwrap();
        let all = |key: &str| -> Vec<&str> {
            pairs.iter().filter(|(k, _)| k == key).map(|(_, value)| value.as_str()).collect()
        };
        prop_assert_eq!(all("Hash").len(), 1);
        prop_assert_eq!(read::hex(all("Hash")[0]).unwrap(), openssl::sha::sha256(&said.chain[0]).to_vec());
        prop_assert_eq!(read::escaped_pem(all("Cert")[0]).unwrap(), said.chain[0].to_vec());
        prop_assert_eq!(all("Subject").len(), 1);
        prop_assert_eq!(read::dn(all("Subject")[0]).unwrap(), expected(&said.subject));
        let text = |names: &[Vec<u8>]| -> Vec<String> {
            names.iter().map(|n| String::from_utf8(n.clone()).unwrap()).collect()
        };
        prop_assert_eq!(all("URI"), text(&said.uris));
        prop_assert_eq!(all("DNS"), text(&said.dns));
        prop_assert_eq!(pairs.len(), 3 + said.uris.len() + said.dns.len());
        // Not even who knows of no quotes finds a separator that a value brought along.
        let separators = headers[0].1.matches(';').count();
        let own = said.uris.iter().chain(&said.dns).flatten().filter(|b| **b == b';').count();
        prop_assert_eq!(separators, pairs.len() - 1 + own);
    }

    #[test]
    fn alb(said in said()) {
        let headers = written(IdentityFormat::Alb, &said);
        let get = |name: &str| {
            let name = format!("x-amzn-mtls-clientcert-{name}");
            &headers.iter().find(|(n, _)| *n == name).unwrap().1
        };
        prop_assert_eq!(get("serial-number"), "0A1B");
        prop_assert_eq!(read::dn(get("issuer")).unwrap(), expected(&said.issuer));
        prop_assert_eq!(read::dn(get("subject")).unwrap(), expected(&said.subject));
        prop_assert_eq!(get("validity"), "NotBefore=1970-01-01T00:00:00Z;NotAfter=1970-01-02T00:00:00Z");
        prop_assert_eq!(read::escaped_pem(get("leaf")).unwrap(), said.chain[0].to_vec());
        prop_assert!(!get("leaf").contains("%2B") && !get("leaf").contains("%2F") && !get("leaf").contains("%3D"));
    }

    #[test]
    fn nginx(said in said()) {
        let headers = written(IdentityFormat::Nginx, &said);
        let get = |name: &str| {
            let name = format!("x-ssl-client-{name}");
            &headers.iter().find(|(n, _)| *n == name).unwrap().1
        };
        prop_assert_eq!(get("verify"), "SUCCESS");
        prop_assert_eq!(read::dn(get("s-dn")).unwrap(), expected(&said.subject));
        prop_assert_eq!(read::dn(get("i-dn")).unwrap(), expected(&said.issuer));
        prop_assert_eq!(get("serial"), "0A1B");
        prop_assert_eq!(read::hex(get("fingerprint")).unwrap(), openssl::sha::sha1(&said.chain[0]).to_vec());
        prop_assert_eq!(read::escaped_pem(get("cert")).unwrap(), said.chain[0].to_vec());
    }

    #[test]
    fn templates(said in said()) {
        for (placeholder, kind) in [("subject.cn", "CN"), ("subject.ou", "OU"), ("subject.o", "O")] {
            let expected = values(&said, kind);
            match templated(&format!("{{{placeholder}}}"), &said) {
                Some(text) => prop_assert_eq!(read_values(&text, read::dn_value), expected),
                None => prop_assert!(expected.is_empty() || expected == [read::Value::Text(String::new())]),
            }
        }
        let expected: Vec<_> = said.dns.iter().cloned().map(read::Value::Der).collect();
        match templated("{san.dns}", &said) {
            Some(text) => {
                let one = |text: &str| read::unescaped(text).map(read::Value::Der);
                prop_assert_eq!(read_values(&text, one), expected);
            }
            None => prop_assert!(expected.is_empty() || expected == [read::Value::Der(Vec::new())]),
        }
    }

    /// Whatever a template has between its values, no value has.
    #[test]
    fn templates_of_several(said in said()) {
        let text = templated("s|{subject}|/{subject.cn}/ ({san.uri}) = {subject.o}:", &said).unwrap();
        let parts: Vec<&str> = text.split('|').collect();
        prop_assert_eq!(parts.len(), 3);
        prop_assert_eq!(read::dn(parts[1]).unwrap(), self::expected(&said.subject));
        let slashes: Vec<&str> = parts[2].split('/').collect();
        prop_assert_eq!(slashes.len(), 3);
        let expected = values(&said, "CN");
        if !slashes[1].is_empty() {
            prop_assert_eq!(read_values(slashes[1], read::dn_value), expected);
        }
        for mark in ['(', ')', '=', ':'] {
            prop_assert_eq!(slashes[2].matches(mark).count(), 1);
        }
        prop_assert_eq!(slashes[2].matches(' ').count(), 3);
    }
}
