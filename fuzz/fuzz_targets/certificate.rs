//! Whatever a certificate says: rules, headers and two other readers of certificates find the same in it, or it is
//! known to be unreadable.

#![no_main]

#[path = "../support/der.rs"]
mod der;

use std::net::IpAddr;

use arbitrary::Arbitrary;
use certgate::identity::dn::DistinguishedName;
use certgate::identity::holder::Holder;
use certgate::identity::name::{Name, Style};
use certgate::identity::{ClientCertificate, Facts};
use certgate::tls::strength::{Standing, weakness};
use certgate::tls::strictness;
use libfuzzer_sys::fuzz_target;
use openssl::stack::Stack;
use openssl::x509::X509;
use x509_parser::error::X509Error;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

#[derive(Arbitrary, Debug)]
struct Input {
    serial: [u8; 20],
    subject: Vec<Vec<(Kind, Tag, Vec<u8>)>>,
    names: Vec<(Choice, Vec<u8>)>,
    /// Of the extensions that certgate reads by itself, and of another one.
    others: Vec<(u8, bool, Vec<u8>)>,
    patches: Vec<(u16, u8)>,
}

#[derive(Arbitrary, Debug)]
enum Kind {
    CommonName,
    Unit,
    Other(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Tag {
    Utf8,
    Printable,
    Teletex,
    Universal,
    Bmp,
    Other(u8),
}

#[derive(Arbitrary, Debug)]
enum Choice {
    Mailbox,
    Dns,
    Uri,
    Address,
    Other(u8),
}

fn subject(rdns: &[Vec<(Kind, Tag, Vec<u8>)>]) -> Vec<u8> {
    let attribute = |(kind, tag, value): &(Kind, Tag, Vec<u8>)| {
        let oid = match kind {
            Kind::CommonName => &[0x55, 4, 3],
            Kind::Unit => &[0x55, 4, 11],
            Kind::Other(oid) => &oid[..],
        };
        let tag = match tag {
            Tag::Utf8 => 0x0c,
            Tag::Printable => 0x13,
            Tag::Teletex => 0x14,
            Tag::Universal => 0x1c,
            Tag::Bmp => 0x1e,
            Tag::Other(tag) => *tag,
        };
        der::attribute(oid, tag, value)
    };
    let rdn = |rdn: &Vec<_>| der::tlv(0x31, &rdn.iter().flat_map(attribute).collect::<Vec<_>>());
    der::sequence(&rdns.iter().map(rdn).collect::<Vec<_>>())
}

fn san(names: &[(Choice, Vec<u8>)]) -> Vec<u8> {
    let name = |(choice, name): &(Choice, Vec<u8>)| {
        let tag = match choice {
            Choice::Mailbox => 0x81,
            Choice::Dns => 0x82,
            Choice::Uri => 0x86,
            Choice::Address => 0x87,
            Choice::Other(tag) => *tag,
        };
        der::tlv(tag, name)
    };
    der::sequence(&names.iter().map(name).collect::<Vec<_>>())
}

fuzz_target!(|input: Input| {
    let mut extensions = Vec::new();
    if !input.names.is_empty() {
        extensions.push(der::extension(
            &[0x55, 0x1d, 0x11],
            false,
            &san(&input.names),
        ));
    }
    for (number, critical, value) in &input.others {
        extensions.push(der::extension(
            &[0x55, 0x1d, *number & 0x7f],
            *critical,
            value,
        ));
    }
    let mut bytes = der::certificate(&input.serial, subject(&input.subject), &extensions);
    der::damage(&mut bytes, &input.patches);
    let Ok(certificate) = X509::from_der(&bytes) else {
        drop(openssl::error::ErrorStack::get());
        return;
    };

    let facts = ClientCertificate::of(&certificate).facts;
    let mut chain = Stack::new().unwrap();
    chain.push(certificate.clone()).unwrap();
    let _ = (
        strictness::examine(&chain),
        weakness(&certificate, Standing::Issued),
    );

    same_as_headers(&bytes, &facts);
    same_as_written(&certificate, &facts);
    if !facts.unreadable {
        same_as_openssl(&certificate, &facts);
        same_as_x509_parser(&bytes, &facts);
    }
    drop(openssl::error::ErrorStack::get());
});

fn same_as_headers(bytes: &[u8], facts: &Facts) {
    let chain = [bytes.to_vec().into_boxed_slice()];
    let Some(holder) = Holder::of(&chain) else {
        assert!(facts.unreadable, "no headers for a readable certificate");
        return;
    };
    let text = |names: &[Vec<u8>]| -> Vec<String> {
        names
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect()
    };
    assert_eq!(text(&holder.dns), facts.dns);
    assert_eq!(text(&holder.uris), facts.uris);
    assert_eq!(text(&holder.emails), facts.emails);
}

/// What the log shows can be put into a rule, and then means this client.
fn same_as_written(certificate: &X509, facts: &Facts) {
    let Some(name) = Name::of(certificate.subject_name()) else {
        return;
    };
    for style in [Style::Readable, Style::Ascii, Style::Hex("")] {
        if let (Ok(read), Some(subject)) =
            (DistinguishedName::parse(&name.text(style)), &facts.subject)
        {
            assert_eq!(read, *subject, "{}", name.text(style));
        }
    }
}

fn same_as_openssl(certificate: &X509, facts: &Facts) {
    // A certificate whose names it can't read it doesn't verify.
    let Some(names) = certificate.subject_alt_names() else {
        return;
    };
    let all = || names.iter();
    assert!(all().filter_map(|name| name.dnsname()).eq(&facts.dns));
    assert!(all().filter_map(|name| name.uri()).eq(&facts.uris));
    assert!(all().filter_map(|name| name.email()).eq(&facts.emails));
    let address = |bytes: &[u8]| address(bytes).unwrap();
    assert!(
        all()
            .filter_map(|name| name.ipaddress())
            .map(address)
            .eq(facts.addresses.clone())
    );
}

fn same_as_x509_parser(bytes: &[u8], facts: &Facts) {
    let Ok((_, other)) = X509Certificate::from_der(bytes) else {
        return;
    };
    let names = match other.subject_alternative_name() {
        Ok(names) => names,
        Err(X509Error::DuplicateExtensions) => panic!("names in two places are readable"),
        Err(_) => return,
    };
    let names = names
        .map(|names| &names.value.general_names[..])
        .unwrap_or_default();
    let mut found = Facts::default();
    for name in names {
        match name {
            GeneralName::DNSName(name) => found.dns.push((*name).to_owned()),
            GeneralName::URI(name) => found.uris.push((*name).to_owned()),
            GeneralName::RFC822Name(name) => found.emails.push((*name).to_owned()),
            GeneralName::IPAddress(bytes) => found.addresses.extend(address(bytes)),
            _ => {}
        }
    }
    assert_eq!(found.dns, facts.dns);
    assert_eq!(found.uris, facts.uris);
    assert_eq!(found.emails, facts.emails);
    assert_eq!(found.addresses, facts.addresses);
    let text = |name: &x509_parser::x509::X509Name| -> Vec<String> {
        name.iter_common_name()
            .filter_map(|cn| cn.as_str().ok().map(str::to_owned))
            .collect()
    };
    for name in text(other.subject()) {
        let name = certgate::identity::dn::ComparableText::new(&name);
        let subject = facts.subject.as_ref().unwrap();
        assert!(subject.has(certgate::identity::dn::COMMON_NAME, &name));
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let short = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let long = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    short
        .or_else(|_| long())
        .ok()
        .map(|address| address.to_canonical())
}
