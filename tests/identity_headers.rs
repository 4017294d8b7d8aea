//! An upstream is told who the client is, in each format, over each protocol, resumed or not; whatever
//! is in the certificate, and nothing else than what is in it.

use std::process::Command;

use http::HeaderMap;
use openssl::hash::MessageDigest;
use openssl::x509::X509;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client;
use crate::support::http2;
use crate::support::identity::{self as read, Value};
use crate::support::pki::{self, Identity, Pki, Recipe};
use crate::support::upstream::{self, Http, Request};

const ALL: &str = "--identity-headers=rfc9440,xfcc,alb,nginx";

fn proxy(pki: &Pki) -> (Http, Builder) {
    let upstream = upstream::http(|_| upstream::ok(""));
    let gate = certgate::serve(pki).arguments(&["--upstream", &upstream.url]);
    (upstream, gate)
}

/// What the upstream got of one request with this certificate.
#[track_caller]
fn seen(gate: &Certgate, upstream: &Http, identity: &Identity) -> Request {
    let answer = client::with(identity).get(gate.address, "/").unwrap();
    assert_eq!(answer.status, 200, "{}", gate.log_text());
    upstream.request()
}

type Dn = Vec<Vec<(String, Value)>>;

/// Asserts that each header says what is in the certificate, and no header more.
#[track_caller]
fn assert_said(headers: &HeaderMap, identity: &Identity, subject: &Dn) {
    let get = |name: &str| {
        let all: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(all.len(), 1, "{name} in {headers:?}");
        all[0].to_str().unwrap()
    };
    let der = identity.certificate.to_der().unwrap();
    let digest = |digest| identity.certificate.digest(digest).unwrap().to_vec();
    assert_eq!(
        read::byte_sequences(get("client-cert")).unwrap(),
        [&der[..]]
    );
    let chain = identity.chain.iter().map(|c| c.to_der().unwrap());
    let chain: Vec<_> = chain.collect();
    match headers.get("client-cert-chain") {
        Some(field) => assert_eq!(
            read::byte_sequences(field.to_str().unwrap()).unwrap(),
            chain
        ),
        None => assert!(chain.is_empty()),
    }

    let pairs = read::xfcc(get("x-forwarded-client-cert")).unwrap();
    let all = |key: &str| -> Vec<&str> {
        let pairs = pairs.iter().filter(|(k, _)| k == key);
        pairs.map(|(_, value)| value.as_str()).collect()
    };
    let sha256 = digest(MessageDigest::sha256());
    assert_eq!(
        all("Hash")
            .iter()
            .map(|d| read::hex(d).unwrap())
            .collect::<Vec<_>>(),
        [sha256]
    );
    assert_eq!(read::escaped_pem(all("Cert")[0]).as_ref(), Some(&der));
    assert_eq!(
        all("Subject")
            .iter()
            .map(|dn| read::dn(dn))
            .collect::<Vec<_>>(),
        [Some(subject.clone())]
    );
    let names = identity.certificate.subject_alt_names();
    let names: Vec<_> = names.into_iter().flatten().collect();
    let uris: Vec<_> = names.iter().filter_map(|name| name.uri()).collect();
    let dns: Vec<_> = names.iter().filter_map(|name| name.dnsname()).collect();
    assert_eq!((all("URI"), all("DNS")), (uris, dns));

    let ca = &[vec![text("CN", "Test CA")], vec![text("O", "Tests")]];
    for (prefix, s, i, serial, leaf) in [
        (
            "x-amzn-mtls-clientcert",
            "subject",
            "issuer",
            "serial-number",
            "leaf",
        ),
        ("x-ssl-client", "s-dn", "i-dn", "serial", "cert"),
    ] {
        let get = |name: &str| get(&format!("{prefix}-{name}"));
        assert_eq!(read::dn(get(s)).as_ref(), Some(subject));
        if identity.chain.is_empty() {
            assert_eq!(read::dn(get(i)).unwrap(), ca);
        }
        assert_eq!(get(serial), identity.serial());
        assert_eq!(read::escaped_pem(get(leaf)).as_ref(), Some(&der));
    }
    assert_eq!(get("x-ssl-client-verify"), "SUCCESS");
    let sha1 = digest(MessageDigest::sha1());
    assert_eq!(read::hex(get("x-ssl-client-fingerprint")).unwrap(), sha1);
    let validity = get("x-amzn-mtls-clientcert-validity");
    assert_eq!(validity, validity_of(&identity.certificate));
}

/// By AWS-LC's own reckoning: `Nov 22 12:00:00 2026 GMT`.
fn validity_of(certificate: &X509) -> String {
    let moment = |time: String| {
        let parts: Vec<&str> = time.split_whitespace().collect();
        let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let month = months.find(parts[0]).unwrap() / 3 + 1;
        format!("{}-{month:02}-{:0>2}T{}Z", parts[3], parts[1], parts[2])
    };
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let [from, until] = [from, until].map(|time| moment(time.to_string()));
    format!("NotBefore={from};NotAfter={until}")
}

fn text(kind: &str, value: &str) -> (String, Value) {
    (kind.to_owned(), Value::Text(value.to_owned()))
}

fn usual(name: &str) -> Dn {
    vec![vec![text("CN", name)], vec![text("O", "Tests")]]
}

/// The fields of a header as a map, whatever is twice twice.
fn fields(request: &Request) -> HeaderMap {
    let lines = request.head.lines().skip(1);
    let fields = lines.map(|line| line.split_once(": ").unwrap());
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name: http::HeaderName = name.parse().unwrap();
        map.append(name, value.parse().unwrap());
    }
    map
}

#[test]
fn in_every_format_over_http_1_1_and_when_resumed() {
    let pki = Pki::new();
    let intermediate = pki::authority("Intermediate").signed_by(&pki.ca);
    let (upstream, gate) = proxy(&pki);
    let gate = gate.argument(ALL).start();
    for who in [
        pki.client.clone(),
        pki::client("bob").signed_by(&intermediate),
    ] {
        let name = if who.chain.is_empty() { "alice" } else { "bob" };
        let mut full = client::with(&who).connect(gate.address).unwrap();
        for _ in 0..2 {
            full.get("/").unwrap();
            assert_said(&fields(&upstream.request()), &who, &usual(name));
        }
        full.close();
        let resuming = client::with(&who).session(full.ticket().unwrap());
        let mut resumed = resuming.connect(gate.address).unwrap();
        resumed.get("/").unwrap();
        assert!(resumed.resumed());
        assert_said(&fields(&upstream.request()), &who, &usual(name));
    }
}

#[test]
fn over_http_2_and_to_h2c() {
    let pki = Pki::new();
    let (sender, seen) = std::sync::mpsc::channel();
    let address = http2::upstream(move |request| {
        sender.send(request).unwrap();
        http::Response::new(http2::empty())
    });
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=h2c://{address}"))
        .argument(ALL)
        .start();
    let mut client = http2::connect(&pki.client, gate.address);
    for _ in 0..2 {
        assert_eq!(client.send(http2::get("/")).unwrap().status, 200);
        let headers = seen.recv().unwrap().parts.headers;
        assert_said(&headers, &pki.client, &usual("alice"));
    }
    client::with(&pki.client).get(gate.address, "/").unwrap();
    assert_said(
        &seen.recv().unwrap().parts.headers,
        &pki.client,
        &usual("alice"),
    );
}

#[test]
fn only_what_is_asked_for() {
    let pki = Pki::new();
    for (format, names) in [
        (None, &[][..]),
        (Some("rfc9440"), &["client-cert"][..]),
        (Some("xfcc"), &["x-forwarded-client-cert"]),
    ] {
        let (upstream, gate) = proxy(&pki);
        let gate = match format {
            Some(format) => gate.arguments(&["--identity-headers", format]),
            None => gate,
        };
        let seen = fields(&seen(&gate.start(), &upstream, &pki.client));
        let told = seen.keys().map(|name| name.as_str()).filter(|name| {
            !["host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto"].contains(name)
        });
        assert_eq!(told.collect::<Vec<_>>(), names);
    }
}

#[test]
fn nobody_is_said_to_be_nobody() {
    let pki = Pki::new();
    for mode in ["optional", "off"] {
        let (upstream, gate) = proxy(&pki);
        let toml = "[headers]\nX-User = \"{subject.cn}\"\nX-Verified = \"{verify}\"\nX-Both = \"{verify} {serial}\"\n";
        let gate = gate
            .config(toml)
            .arguments(&[ALL, "--client-auth", mode])
            .start();
        client::anonymous().get(gate.address, "/").unwrap();
        let seen = fields(&upstream.request());
        let mut told: Vec<_> = seen
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .filter(|(name, _)| {
                !["host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto"].contains(name)
            })
            .collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [("x-ssl-client-verify", "NONE"), ("x-verified", "NONE")]
        );
    }
}

const CN: &[u8] = &[0x55, 4, 3];
const OU: &[u8] = &[0x55, 4, 11];
const O: &[u8] = &[0x55, 4, 10];
const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;
const TELETEX: u8 = 0x14;
const BITS: u8 = 0x03;
const BMP: u8 = 0x1e;

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [&head, content].concat()
}

type Attribute<'a> = (&'a [u8], u8, &'a [u8]);

fn name(rdns: &[&[Attribute]]) -> Vec<u8> {
    let rdn = |rdn: &&[Attribute]| {
        let pairs = rdn
            .iter()
            .flat_map(|(oid, tag, value)| tlv(0x30, &[tlv(6, oid), tlv(*tag, value)].concat()));
        tlv(0x31, &pairs.collect::<Vec<_>>())
    };
    tlv(0x30, &rdns.iter().flat_map(rdn).collect::<Vec<_>>())
}

fn crafted(pki: &Pki, rdns: &[&[Attribute]]) -> Identity {
    let recipe = Recipe {
        subject: Some(name(rdns)),
        ..pki::client("")
    };
    recipe.signed_by(&pki.ca)
}

#[test]
fn whatever_is_in_a_name() {
    let pki = Pki::new();
    let (upstream, gate) = proxy(&pki);
    let gate = gate.argument(ALL).start();
    let long = "x".repeat(1200);
    let one = |value: &str| vec![vec![text("CN", value)]];
    let cases: Vec<(Vec<Vec<Attribute>>, Dn)> = [
        "Gr\u{fc}\u{df}e \u{1f600}",
        "a\"b\\c,d;e=f+g<h>i",
        "a\r\nX-Admin: yes\r\n\r\n",
        "alice\0.evil",
        "\";URI=spiffe://admin;x=\"",
        "\\\";URI=spiffe://admin;x=\\\"",
        "a,Hash=b;By=c",
        " edges ",
        "#hash",
        " ",
        "",
        "back\\",
        "%22%0A",
        ":Zm9v:",
        &long,
    ]
    .iter()
    // AWS-LC refuses an empty one, as X.520 does.
    .filter(|value| !value.is_empty())
    .map(|value| (vec![vec![(CN, UTF8, value.as_bytes())]], one(value)))
    .chain([
        (
            vec![
                vec![(CN, UTF8, &b"a"[..])],
                vec![(CN, PRINTABLE, b"b")],
                vec![(CN, TELETEX, b"\xfc")],
            ],
            vec![
                vec![text("CN", "\u{fc}")],
                vec![text("CN", "b")],
                vec![text("CN", "a")],
            ],
        ),
        (
            vec![
                vec![(O, UTF8, b"o")],
                vec![(CN, UTF8, b"a"), (OU, UTF8, b"b+c")],
            ],
            vec![
                vec![text("OU", "b+c"), text("CN", "a")],
                vec![text("O", "o")],
            ],
        ),
        (
            vec![
                vec![(CN, BITS, b"\0a")],
                vec![(CN, BMP, b"\0a\x20\x2e")],
                vec![(&[0x2a, 3], UTF8, b"x")],
            ],
            vec![
                vec![("1.2.3".to_owned(), Value::Der(vec![0x0c, 1, b'x']))],
                vec![text("CN", "a\u{202e}")],
                vec![("CN".to_owned(), Value::Der(vec![3, 2, 0, b'a']))],
            ],
        ),
        (vec![], vec![]),
    ])
    .collect();
    for (rdns, subject) in cases {
        let rdns: Vec<&[Attribute]> = rdns.iter().map(Vec::as_slice).collect();
        let who = crafted(&pki, &rdns);
        let seen = seen(&gate, &upstream, &who);
        assert_eq!(seen.headers("x-admin"), [""; 0]);
        assert_said(&fields(&seen), &who, &subject);
    }
    assert!(upstream.more().is_empty());
}

/// As nginx has it: OpenSSL's text.
#[test]
fn names_are_written_as_openssl_writes_them() {
    let pki = Pki::new();
    let (upstream, gate) = proxy(&pki);
    let gate = gate.argument(ALL).start();
    let file = gate.directory().join("client.pem");
    let crafted = crafted(
        &pki,
        &[
            &[(O, UTF8, "Gr\u{fc}\u{df}e, \"GmbH\"; <Co>".as_bytes())],
            &[(CN, UTF8, b"a=b\\"), (OU, UTF8, b"\nb+c ")],
            &[(&[0x2a, 3], UTF8, b"x")],
            &[(CN, UTF8, b" #1")],
        ],
    );
    for who in [&pki.client, &crafted] {
        std::fs::write(&file, who.certificate.to_pem().unwrap()).unwrap();
        let output = Command::new("openssl")
            .args([
                "x509",
                "-noout",
                "-nameopt",
                "RFC2253",
                "-subject",
                "-issuer",
                "-serial",
                "-fingerprint",
                "-sha1",
                "-in",
            ])
            .arg(&file)
            .output()
            .expect("openssl");
        let output = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = output
            .lines()
            .map(|l| l.split_once('=').unwrap().1)
            .collect();
        let seen = seen(&gate, &upstream, who);
        assert_eq!(seen.headers("x-ssl-client-s-dn"), [lines[0]]);
        assert_eq!(seen.headers("x-ssl-client-i-dn"), [lines[1]]);
        assert_eq!(seen.headers("x-ssl-client-serial"), [lines[2]]);
        let fingerprint = lines[3].replace(':', "").to_lowercase();
        assert_eq!(seen.headers("x-ssl-client-fingerprint"), [&fingerprint]);
        assert_eq!(seen.headers("x-amzn-mtls-clientcert-subject"), [lines[0]]);
    }
}

fn with_names(pki: &Pki, names: &[(u8, &[u8])]) -> Identity {
    let names: Vec<u8> = names
        .iter()
        .flat_map(|(tag, name)| tlv(*tag, name))
        .collect();
    let recipe = Recipe {
        alternative_names: Some(tlv(0x30, &names)),
        ..pki::client("alice")
    };
    recipe.signed_by(&pki.ca)
}

#[test]
fn alternative_names() {
    let pki = Pki::new();
    let (upstream, gate) = proxy(&pki);
    let toml = "[headers]\nX-Names = \"{san.dns}|{san.uri}|{san.email}|{san.ip}\"\n";
    let gate = gate.argument(ALL).config(toml).start();
    let who = with_names(
        &pki,
        &[
            (0x82, b"a.example"),
            (0x86, b"spiffe://example.org/a?b=c;d,e"),
            (0x86, b"spiffe://example.org/b|c"),
            (0x82, b"*.b.example"),
            (0x82, b"a;URI=spiffe://admin"),
            (0x81, b"alice@example.org"),
            (0x87, &[10, 1, 2, 3]),
            (
                0x87,
                &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            ),
        ],
    );
    let seen = seen(&gate, &upstream, &who);
    assert_said(&fields(&seen), &who, &usual("alice"));
    assert_eq!(
        seen.headers("x-names"),
        [
            "a.example,*.b.example,a\\3BURI=spiffe://admin|spiffe://example.org/a?b=c\\3Bd\\2Ce,spiffe://example.org/b\\7Cc|alice@example.org|10.1.2.3,2001:db8::1"
        ]
    );
}

#[test]
fn what_can_not_be_said_is_not_left_out() {
    let pki = Pki::new();
    let (upstream, gate) = proxy(&pki);
    let gate = gate.argument(ALL).start();
    for (count, odd) in [
        &b"spiffe://a\r\nX-Admin: yes"[..],
        b"a\"b",
        b"a\\",
        b"a\0",
        b"\xfc",
    ]
    .into_iter()
    .enumerate()
    {
        let who = with_names(&pki, &[(0x82, b"a.example"), (0x86, odd)]);
        let answer = client::with(&who).get(gate.address, "/").unwrap();
        assert_eq!(answer.status, 502);
        let metric = "certgate_identity_unwritable_total{reason=\"unsayable\"}";
        assert_eq!(gate.metric(metric), (count + 1) as f64);
    }
    let line = gate.event("identity_unwritable");
    assert_eq!(line["reason"], "unsayable");
    assert_eq!(line["subject"], "CN=alice,O=Tests");
    let detail = line["detail"].as_str().unwrap();
    assert!(detail.contains("x-forwarded-client-cert"), "{detail}");
    assert!(upstream.more().is_empty());
}

#[test]
fn what_is_too_large_is_not_sent() {
    let pki = Pki::new();
    let (upstream, gate) = proxy(&pki);
    let gate = gate.arguments(&["--identity-headers", "rfc9440"]).start();
    let of_size = |length| with_names(&pki, &[(0x82, "x".repeat(length).as_bytes())]);
    let good = of_size(11_000);
    let seen = seen(&gate, &upstream, &good);
    let der = good.certificate.to_der().unwrap();
    assert_eq!(
        read::byte_sequences(seen.headers("client-cert")[0]).unwrap(),
        [der]
    );
    let large = of_size(12_500);
    let mut client = client::with(&large).connect(gate.address).unwrap();
    for _ in 0..2 {
        assert_eq!(client.get("/").unwrap().status, 431);
    }
    assert_eq!(
        gate.metric("certgate_identity_unwritable_total{reason=\"too_large\"}"),
        2.0
    );
    let line = gate.event("identity_unwritable");
    assert_eq!(line["reason"], "too_large");
    let bytes = large.certificate.to_der().unwrap().len().div_ceil(3) * 4 + 2 + "client-cert".len();
    let expected =
        format!("client-cert has {bytes} bytes, all identity headers {bytes}, more than 16384");
    assert_eq!(line["detail"], expected);
    assert!(upstream.more().is_empty());
}

#[test]
fn templates_and_sites() {
    let pki = Pki::new();
    let upstream = upstream::http(|_| upstream::ok(""));
    let toml = format!(
        "upstream = \"{}\"\nidentity-headers = \"nginx\"\n[headers]\nX-User = \"{{subject.cn}}\"\nX-How = \"{{{{{{tls.version}}}}}} {{sni}} {{client.address}}\"\nX-Unit = \"{{subject.ou}}\"\n[[site]]\nnames = [\"b.example\"]\nidentity-headers = []\n[site.headers]\nX-Role = \"{{issuer}}/{{serial}}/{{fingerprint}}\"\n",
        upstream.url
    );
    let gate = certgate::serve(&pki).config(&toml).start();
    let ask = |sni: &str, version| {
        let client = client::with(&pki.client).sni(sni).version(version);
        let mut client = client.connect(gate.address).unwrap();
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {sni}\r\nX-User: forged\r\nX_Role: forged\r\nx-ROLE: forged\r\nX.How: forged\r\nX-Unit: forged\r\n\r\n"
        );
        assert_eq!(client.request(&request).unwrap().status, 200);
        let seen = upstream.request();
        assert!(!seen.head.contains("forged"), "{}", seen.head);
        seen
    };
    let (tls12, tls13) = (
        openssl::ssl::SslVersion::TLS1_2,
        openssl::ssl::SslVersion::TLS1_3,
    );
    for (version, word) in [(tls12, "TLSv1.2"), (tls13, "TLSv1.3")] {
        let seen = ask("a.example", version);
        assert_eq!(seen.headers("x-user"), ["alice"]);
        assert_eq!(
            seen.headers("x-how"),
            [format!("{{{word}}} a.example 127.0.0.1")]
        );
        assert_eq!(seen.headers("x-unit"), [""; 0]);
        assert_eq!(seen.headers("x-ssl-client-verify"), ["SUCCESS"]);
        assert_eq!(seen.headers("x-role"), [""; 0]);
        let seen = ask("b.example", version);
        for name in ["x-user", "x-how", "x-ssl-client-verify"] {
            assert_eq!(seen.headers(name), [""; 0], "{name}");
        }
        let sha256 = pki
            .client
            .certificate
            .digest(MessageDigest::sha256())
            .unwrap();
        let sha256: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = format!("CN=Test CA,O=Tests/{}/{sha256}", pki.client.serial());
        assert_eq!(seen.headers("x-role"), [expected]);
    }
}

/// Two clients, one after the other and at the same time, each with its own.
#[test]
fn nobody_gets_anothers_name() {
    let pki = Pki::new();
    let (upstream, gate) = proxy(&pki);
    let gate = gate.argument(ALL).start();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let mut clients = [("alice", &pki.client), ("bob", &bob)]
        .map(|(name, who)| (name, who, client::with(who).connect(gate.address).unwrap()));
    for _ in 0..3 {
        for (name, who, client) in &mut clients {
            client.get("/").unwrap();
            assert_said(&fields(&upstream.request()), who, &usual(name));
        }
    }
}
