//! No field that only certgate may write reaches an upstream from a client, however it is written
//! and wherever it stands; nor does what is between neighbours only, in either direction.

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::http2;
use crate::support::pki::Pki;
use crate::support::upstream::{self, Http};

/// Everything that an upstream could take for certgate's word.
const RESERVED: &[&str] = &[
    "Forwarded",
    "X-Real-IP",
    "X-Original-URL",
    "X-Original-URI",
    "X-Rewrite-URL",
    "X-WAWS-Unencoded-URL",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Server",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Whatever-Comes",
    "Client-Cert",
    "Client-Cert-Chain",
    "X-Amzn-Mtls-Clientcert",
    "X-Amzn-Mtls-Clientcert-Serial-Number",
    "X-Amzn-Mtls-Clientcert-Issuer",
    "X-Amzn-Mtls-Clientcert-Subject",
    "X-Amzn-Mtls-Clientcert-Validity",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "X-SSL-Client-Verify",
    "X-SSL-Client-S-DN",
    "X-SSL-Client-I-DN",
    "X-SSL-Client-Serial",
    "X-SSL-Client-Fingerprint",
    "X-SSL-Client-Cert",
    "SSL-Client-Verify",
    "SSL-Client-S-DN",
    "SSL-Client-Cert",
    // Of other gateways, and of people's habits.
    "Proxy",
    "X-SSL",
    "X-SSL-Cert",
    "X-SSL-Client-CN",
    "X-SSL-Issuer",
    "SSL-Client-Subject-DN",
    "X-Client-Cert",
    "X-Client-Cert-Hash",
    "X-Client-Verify",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-ARR-ClientCert",
    "CF-Client-Cert-Sha256",
    "WL-Proxy-Client-Cert",
    "$WSCC",
    "X-Client-IP",
    "Client-IP",
    "Forwarded-For",
    "X-Remote-IP",
    "X-Remote-Addr",
    "X-Cluster-Client-IP",
    "X-Forwarded",
    "X-Envoy-External-Address",
    "X-Envoy-Internal",
    "X-Envoy-Original-Path",
    "X-Envoy-Peer-Metadata",
    "X-Envoy-Peer-Metadata-Id",
    "X-Original-Forwarded-For",
    "X-Original-Host",
    "L5d-Client-Id",
    "X-SPIFFE-ID",
    "X-Amzn-Oidc-Identity",
    "X-Amzn-Oidc-Data",
    "X-Amzn-Oidc-Accesstoken",
];

/// What upstreams are told: nothing, or everything, and a header of the operator's own on another site.
const SETTINGS: [&str; 2] = [
    "",
    "identity-headers = [\"rfc9440\", \"xfcc\", \"alb\", \"nginx\"]\n[headers]\nX-User = \"{subject.cn}\"\n[[site]]\nnames = [\"b.example\"]\n[site.headers]\nX-Role-Of = \"{subject.ou}\"\n",
];

/// Everything that is reserved by these settings.
fn reserved(settings: &str) -> Vec<&'static str> {
    let own = match settings {
        "" => &[][..],
        _ => &["X-User", "X-Role-Of"],
    };
    [RESERVED, own].concat()
}

/// The value that must not be seen.
const FORGED: &str = "forged";

/// A name in every spelling that some upstream takes for the same.
fn spellings(name: &str) -> [String; 6] {
    let odd = name.chars().enumerate().map(|(index, c)| match index % 2 {
        0 => c.to_ascii_lowercase(),
        _ => c.to_ascii_uppercase(),
    });
    [
        name.to_owned(),
        name.to_uppercase(),
        odd.collect(),
        name.replace('-', "_"),
        name.replace('-', "."),
        name.replacen('-', "_", 1),
    ]
}

fn proxy(settings: &str) -> (Pki, Http, Certgate) {
    let pki = Pki::new();
    let upstream = upstream::http(|_| upstream::ok(""));
    let gate = certgate::serve(&pki).arguments(&["--upstream", &upstream.url]);
    (pki, upstream, gate.config(settings).start())
}

/// All that is forged, as fields of HTTP/2.
fn forged(settings: &str) -> HeaderMap {
    let names = reserved(settings).into_iter().flat_map(spellings);
    let fields = names.map(|name| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_static(FORGED))
    });
    fields
        .chain([("x-honest".parse().unwrap(), HeaderValue::from_static("yes"))])
        .collect()
}

#[test]
fn in_the_header() {
    for settings in SETTINGS {
        let (pki, upstream, gate) = proxy(settings);
        let mut client = client::with(&pki.client).connect(gate.address).unwrap();
        for name in reserved(settings) {
            let fields =
                spellings(name).map(|name| format!("{name}: {FORGED}\r\n{name}:{FORGED}, 2\r\n"));
            let fields = fields.concat();
            let request =
                format!("GET / HTTP/1.1\r\n{fields}Host: app\r\nX-Honest: yes\r\n{fields}\r\n");
            assert_eq!(client.request(&request).unwrap().status, 200, "{name}");
            let seen = upstream.request();
            assert!(!seen.head.contains(FORGED), "{}", seen.head);
            assert_eq!(seen.headers("x-honest"), ["yes"]);
            assert_eq!(seen.headers("x-forwarded-for"), ["127.0.0.1"]);
            assert_eq!(seen.headers("x-forwarded-proto"), ["https"]);
            assert_eq!(seen.headers("x-real-ip"), ["127.0.0.1"]);
        }
    }
}

/// CDNs that come with a certificate have no other way to say whom they speak for, and who tunes a mesh none to say how.
#[test]
fn what_a_cdn_says_goes_on_unless_it_is_written_here() {
    for (settings, seen) in [
        ("", FORGED),
        (
            "[headers]\nTrue-Client-IP = \"{client.address}\"\n",
            "127.0.0.1",
        ),
    ] {
        let (pki, upstream, gate) = proxy(settings);
        let fields = format!(
            "True-Client-IP: {FORGED}\r\nCF-Connecting-IP: yes\r\nX-Envoy-Max-Retries: 1\r\n"
        );
        let request = format!("GET / HTTP/1.1\r\nHost: app\r\n{fields}\r\n");
        let mut client = client::with(&pki.client).connect(gate.address).unwrap();
        assert_eq!(client.request(&request).unwrap().status, 200);
        let request = upstream.request();
        assert_eq!(request.headers("true-client-ip"), [seen]);
        assert_eq!(request.headers("cf-connecting-ip"), ["yes"]);
        assert_eq!(request.headers("x-envoy-max-retries"), ["1"]);
    }
}

#[test]
fn in_trailers() {
    for settings in SETTINGS {
        let (pki, upstream, gate) = proxy(settings);
        let mut client = client::with(&pki.client).connect(gate.address).unwrap();
        for name in reserved(settings) {
            let names = spellings(name);
            let fields = names
                .clone()
                .map(|name| format!("{name}: {FORGED}\r\n"))
                .concat();
            let request = format!(
                "POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\nTrailer: X-Honest, {}\r\n\r\n1\r\na\r\n0\r\n{fields}X-Honest: yes\r\n\r\n",
                names.join(", ")
            );
            assert_eq!(client.request(&request).unwrap().status, 200, "{name}");
            let seen = upstream.request();
            assert_eq!(seen.trailers.to_lowercase(), "x-honest: yes\r\n");
            assert!(!seen.head.contains(FORGED), "{}", seen.head);
        }
    }
}

#[test]
fn in_trailers_of_http_2() {
    for settings in SETTINGS {
        let (pki, upstream, gate) = proxy(settings);
        let mut client = http2::connect(&pki.client, gate.address);
        let mut request = Request::post("https://localhost/");
        for name in forged(settings).keys() {
            request = request.header("trailer", name.as_str());
        }
        let body = http2::with_trailers("body", forged(settings));
        assert_eq!(
            client.send(request.body(body).unwrap()).unwrap().status,
            200
        );
        let seen = upstream.request();
        assert_eq!(seen.trailers.to_lowercase(), "x-honest: yes\r\n");
        assert_eq!(seen.body, b"body");
    }
}

#[test]
fn from_http_2_to_http_2() {
    for settings in SETTINGS {
        let pki = Pki::new();
        let (sender, seen) = std::sync::mpsc::channel();
        let address = http2::upstream(move |request| {
            sender.send(request).unwrap();
            Response::new(http2::empty())
        });
        let gate = certgate::serve(&pki)
            .argument(format!("--upstream=h2c://{address}"))
            .config(settings)
            .start();
        let mut client = http2::connect(&pki.client, gate.address);
        let mut request = Request::post("https://localhost/");
        *request.headers_mut().unwrap() = forged(settings);
        let body = http2::with_trailers("body", forged(settings));
        assert_eq!(
            client.send(request.body(body).unwrap()).unwrap().status,
            200
        );
        let seen = seen.recv().unwrap();
        for fields in [&seen.parts.headers, &seen.trailers] {
            assert_eq!(fields["x-honest"], "yes");
            assert!(fields.values().all(|value| value != FORGED), "{fields:?}");
        }
        assert_eq!(seen.parts.headers["x-real-ip"], "127.0.0.1");
    }
}

#[test]
fn certgates_own_stay_when_connection_names_them() {
    let (pki, upstream, gate) = proxy(SETTINGS[1]);
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    let request = "GET / HTTP/1.1\r\nHost: app\r\nX-Mine: 1\r\nConnection: X-Mine, Host, X-Real-IP, Client-Cert, x-ssl-client-verify\r\nConnection: X-User, X-Forwarded-Client-Cert, Client_Cert\r\nClient_Cert: forged\r\nConnection: x-forwarded-for,X-Forwarded-Proto,, content-length\r\n\r\n";
    assert_eq!(client.request(request).unwrap().status, 200);
    let seen = upstream.request();
    assert_eq!(seen.headers("host"), ["app"]);
    assert_eq!(seen.headers("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen.headers("x-forwarded-proto"), ["https"]);
    assert_eq!(seen.headers("x-real-ip"), ["127.0.0.1"]);
    assert_eq!(seen.headers("x-ssl-client-verify"), ["SUCCESS"]);
    assert_eq!(seen.headers("x-user"), ["alice"]);
    for name in ["client-cert", "x-forwarded-client-cert"] {
        assert_eq!(seen.headers(name).len(), 1, "{name}");
    }
    assert!(!seen.head.contains(FORGED), "{}", seen.head);
    assert_eq!(seen.headers("x-mine"), [""; 0]);
}

#[test]
fn neighbours_fields_of_a_request() {
    let (pki, upstream, gate) = proxy("");
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    let request = "GET / HTTP/1.1\r\nHost: app\r\nConnection: keep-alive, X-Hop\r\nConnection: close, X_Hop.2\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic a\r\nProxy-Authenticate: Basic\r\nTE: gzip\r\nUpgrade: h2c\r\nX-Hop: 1\r\nX_Hop.2: 1\r\nX-Stays: 1\r\n\r\n";
    assert_eq!(client.request(request).unwrap().status, 200);
    let seen = upstream.request();
    let names = seen
        .head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'));
    let mut names: Vec<_> = names.map(|(name, _)| name.to_lowercase()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "host",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-real-ip",
            "x-stays"
        ]
    );
}

#[test]
fn neighbours_fields_of_a_response() {
    let pki = Pki::new();
    let upstream = upstream::http(|_| {
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-Hop: 1\r\nX-Stays: 1\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let gate = certgate::serve(&pki)
        .arguments(&["--upstream", &upstream.url])
        .start();
    let answer = client::with(&pki.client).get(gate.address, "/").unwrap();
    let names = answer.headers.iter().map(|(name, _)| name.to_lowercase());
    let mut names: Vec<_> = names.filter(|name| name != "date").collect();
    names.sort();
    // Connection is certgate's own: keep-alive.
    assert_eq!(names, ["connection", "content-length", "server", "x-stays"]);
    assert_eq!(answer.header("connection"), Some("keep-alive"));
    let mut client = http2::connect(&pki.client, gate.address);
    let answer = client.send(http2::get("/")).unwrap();
    let names = answer.headers.keys().map(HeaderName::as_str);
    let mut names: Vec<_> = names.filter(|name| *name != "date").collect();
    names.sort();
    assert_eq!(names, ["content-length", "server", "x-stays"]);
}
