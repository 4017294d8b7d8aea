//! Whatever a certificate says, the headers about it can be read back to exactly that, and stay in their
//! fields.

#![no_main]

#[path = "../../tests/support/identity.rs"]
#[allow(dead_code)]
mod read;

use arbitrary::Arbitrary;
use certgate::config::identity::{HeaderTemplate, IdentityFormat};
use certgate::identity::headers::{Surroundings, formats, template};
use certgate::identity::holder::Holder;
use certgate::identity::name::{Attribute, Name, Value};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    chain: (Box<[u8]>, Vec<Box<[u8]>>),
    subject: Vec<Vec<(Kind, Said)>>,
    uris: Vec<Vec<u8>>,
    dns: Vec<Vec<u8>>,
    /// What stands between the placeholders of a template.
    marks: [String; 2],
}

#[derive(Arbitrary, Debug, Clone, Copy, PartialEq)]
enum Kind {
    CommonName,
    Unit,
    Organization,
}

#[derive(Arbitrary, Debug)]
enum Said {
    Text(String),
    Other(Vec<u8>),
}

impl Kind {
    fn of(self) -> (&'static str, Vec<u8>) {
        match self {
            Self::CommonName => ("CN", vec![0x55, 4, 3]),
            Self::Unit => ("OU", vec![0x55, 4, 11]),
            Self::Organization => ("O", vec![0x55, 4, 10]),
        }
    }
}

fn name(rdns: &[Vec<(Kind, Said)>]) -> Name {
    let attribute = |(kind, said): &(Kind, Said)| Attribute {
        kind: kind.of().0.to_owned(),
        oid: kind.of().1,
        value: match said {
            Said::Text(text) => Value::Text(text.clone()),
            Said::Other(der) => Value::Other(der.clone()),
        },
    };
    let rdns = rdns.iter().filter(|rdn| !rdn.is_empty());
    Name(
        rdns.map(|rdn| rdn.iter().map(attribute).collect())
            .collect(),
    )
}

fn value(attribute: &Attribute) -> read::Value {
    match &attribute.value {
        Value::Text(text) => read::Value::Text(text.clone()),
        Value::Other(der) => read::Value::Der(der.clone()),
    }
}

fuzz_target!(|input: Input| {
    let chain: Vec<_> = std::iter::once(&input.chain.0)
        .chain(&input.chain.1)
        .cloned()
        .collect();
    let holder = Holder {
        chain: &chain,
        subject: name(&input.subject),
        uris: input.uris.clone(),
        dns: input.dns.clone(),
        ..Holder::default()
    };
    let rdns = holder.subject.0.iter().rev();
    let expected: Vec<Vec<_>> = rdns
        .map(|rdn| {
            rdn.iter()
                .rev()
                .map(|a| (a.kind.clone(), value(a)))
                .collect()
        })
        .collect();
    let headers = |format| {
        let headers = formats::headers(format, Some(&holder)).ok()?;
        for (_, value) in &headers {
            assert!(value.bytes().all(|b| matches!(b, b' '..=b'~')), "{value:?}");
        }
        Some(headers)
    };

    let fields = headers(IdentityFormat::Rfc9440).unwrap();
    let ders = fields
        .iter()
        .flat_map(|(_, field)| read::byte_sequences(field).unwrap());
    assert!(ders.map(Vec::into_boxed_slice).eq(chain.iter().cloned()));

    let sayable = |name: &Vec<u8>| {
        name.iter()
            .all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\'))
    };
    let is_sayable = input.uris.iter().chain(&input.dns).all(sayable);
    match headers(IdentityFormat::Xfcc) {
        None => assert!(!is_sayable),
        Some(fields) => {
            assert!(is_sayable);
            let pairs = read::xfcc(&fields[0].1).unwrap();
            let all = |key: &str| -> Vec<&[u8]> {
                let pairs = pairs.iter().filter(|(k, _)| k == key);
                pairs.map(|(_, value)| value.as_bytes()).collect()
            };
            assert_eq!(all("URI"), input.uris);
            assert_eq!(all("DNS"), input.dns);
            assert_eq!(pairs.len(), 3 + input.uris.len() + input.dns.len());
            let [hash, pem, subject] = [0, 1, 2].map(|at| pairs[at].1.as_str());
            assert_eq!(read::hex(hash).unwrap(), openssl::sha::sha256(&chain[0]));
            assert_eq!(read::escaped_pem(pem).unwrap(), *chain[0]);
            assert_eq!(read::dn(subject).unwrap(), expected);
        }
    }
    for (format, subject, pem) in [(IdentityFormat::Alb, 2, 4), (IdentityFormat::Nginx, 1, 5)] {
        let fields = headers(format).unwrap();
        assert_eq!(read::dn(&fields[subject].1).unwrap(), expected);
        assert_eq!(read::escaped_pem(&fields[pem].1).unwrap(), *chain[0]);
    }

    let [first, second] = input.marks.map(|text| text.replace(['{', '}'], "|"));
    let text = format!("[{first}]{{subject.cn}}<{second}>{{subject}}");
    let Ok(template) = HeaderTemplate::parse("X-User", &text) else {
        return;
    };
    let surroundings = Surroundings {
        address: Some([127, 0, 0, 1].into()),
        sni: None,
        tls_version: "",
        tls_cipher: "",
    };
    let written = template::value(&template, Some(&holder), &surroundings).unwrap();
    let rest = written.strip_prefix(&format!("[{first}]")).unwrap();
    let (names, subject) = rest.split_once('<').unwrap();
    let subject = subject.strip_prefix(&format!("{second}>")).unwrap();
    assert_eq!(read::dn(subject).unwrap(), expected);
    let common: Vec<_> = holder.subject.all(&[0x55, 4, 3]).map(value).collect();
    if !names.is_empty() {
        let names = read::split(names, ',').unwrap();
        let names: Vec<_> = names
            .iter()
            .map(|name| read::dn_value(name).unwrap())
            .collect();
        assert_eq!(names, common);
    }
});
