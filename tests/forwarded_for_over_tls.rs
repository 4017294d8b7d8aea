//! Over TLS, `--trusted-proxies` say where a request comes from if connections don't begin with a PROXY header; nobody
//! else does.

use std::io::Write;
use std::process::Command;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, dial};
use crate::support::pki::Pki;
use crate::support::proxy_header as header;
use crate::support::upstream::{self, Http, Request};

const OFF: &str = "--client-auth=off";
const TRUSTED: &str = "--trusted-proxies=127.0.0.1";
const LOGIN: &str = "--alb-login=on";
/// As an ALB has it of a client that has made up the first.
const SAID: &str = "198.51.100.1, 203.0.113.7";
const PROTOCOLS: [&str; 2] = ["--http1.1", "--http2"];

fn gate(pki: &Pki, upstream: &Http, arguments: &[&str]) -> Builder {
    certgate::serve(pki)
        .argument(format!("--upstream={}", upstream.url))
        .arguments(arguments)
}

/// What the upstream gets of a request that says all that an ALB does.
#[track_caller]
fn passed_on(gate: &Certgate, upstream: &Http, protocol: &str, arguments: &[&str]) -> Request {
    let mut command = Command::new("curl");
    command.args(["-sSk", "--max-time", "20", protocol]);
    for field in [
        &format!("X-Forwarded-For: {SAID}"),
        "X-Forwarded-Proto: http",
        "X-Forwarded-Port: 80",
        "X-Real-IP: 198.51.100.1",
        "X_Forwarded_For: 198.51.100.1",
        "X-Amzn-Oidc-Identity: alice",
        "X-Amzn-Oidc-Whatever: alice",
        "X_Amzn_Oidc_Identity: alice",
    ] {
        command.args(["-H", field]);
    }
    command.arg(format!("https://{}/", gate.address));
    let output = command.args(arguments).output().expect("curl");
    assert_eq!(output.stdout, b"ok", "{output:?}");
    let request = upstream.request();
    assert_eq!(request.headers("x-forwarded-proto"), ["https"]);
    let head = request.head.to_lowercase();
    for made_up in ["port:", "x_", "oidc-whatever"] {
        assert!(!head.contains(made_up), "{head}");
    }
    request
}

#[track_caller]
fn is_believed(request: &Request, neighbour: &str) {
    is_believed_but_for_login(request, neighbour);
    assert_eq!(request.headers("x-amzn-oidc-identity"), ["alice"]);
}

#[track_caller]
fn is_believed_but_for_login(request: &Request, neighbour: &str) {
    let way = format!("{SAID}{neighbour}");
    assert_eq!(request.headers("x-forwarded-for"), [way]);
    assert_eq!(request.headers("x-real-ip"), ["203.0.113.7"]);
}

/// Not a word of it.
#[track_caller]
fn is_a_client(request: &Request, address: &[&str]) {
    for name in ["x-forwarded-for", "x-real-ip"] {
        assert_eq!(request.headers(name), address, "{name}");
    }
    assert_eq!(request.headers("x-amzn-oidc-identity"), [""; 0]);
}

fn upstream() -> Http {
    upstream::http(|_| upstream::ok("ok"))
}

#[test]
fn a_trusted_peers_word_is_kept() {
    let (pki, upstream) = (Pki::new(), upstream());
    let gate = gate(&pki, &upstream, &[OFF, TRUSTED, LOGIN]).start();
    for protocol in PROTOCOLS {
        let request = passed_on(&gate, &upstream, protocol, &[]);
        is_believed(&request, ", 127.0.0.1");
    }
    // It passes a client's Connection on.
    let naming = ["-H", "Connection: X-Forwarded-For"];
    let request = passed_on(&gate, &upstream, "--http1.1", &naming);
    is_believed(&request, ", 127.0.0.1");
    let mut connection = client::anonymous().connect(gate.address).unwrap();
    assert_eq!(connection.get("/").unwrap().status, 200);
    is_a_client(&upstream.request(), &["127.0.0.1"]);
    // In the log, the proxy is the client.
    let line = gate.event("request");
    let client = line["client"].as_str().unwrap();
    assert!(client.starts_with("127.0.0.1:"), "{line}");
}

/// A proxy that shows a certificate is one, too; being trusted lets nobody in.
#[test]
fn it_needs_a_certificate_as_anybody() {
    let (pki, upstream) = (Pki::new(), upstream());
    let gate = gate(&pki, &upstream, &[TRUSTED, LOGIN]).start();
    assert!(client::anonymous().get(gate.address, "/").is_err());
    assert_eq!(gate.event("refused")["reason"], "no_certificate");
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let fields = format!("X-Forwarded-For: {SAID}\r\nX-Amzn-Oidc-Identity: alice\r\n");
    let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    assert_eq!(connection.request(&request).unwrap().status, 200);
    is_believed(&upstream.request(), ", 127.0.0.1");
}

#[test]
fn anybody_elses_is_not() {
    let (pki, upstream) = (Pki::new(), upstream());
    let trusting = gate(&pki, &upstream, &[OFF, TRUSTED, LOGIN]).start();
    let nobody = gate(&pki, &upstream, &[OFF]).start();
    let unix = gate(&pki, &upstream, &[OFF, LOGIN, "--trusted-proxies=unix"]).start();
    for protocol in PROTOCOLS {
        let elsewhere = ["--interface", "127.0.0.2"];
        let request = passed_on(&trusting, &upstream, protocol, &elsewhere);
        is_a_client(&request, &["127.0.0.2"]);
        for gate in [&nobody, &unix] {
            let request = passed_on(gate, &upstream, protocol, &[]);
            is_a_client(&request, &["127.0.0.1"]);
        }
    }
}

/// Who is trusted there says it by a PROXY header. What is in the bytes behind it is a client's, wherever it comes from.
#[test]
fn behind_a_proxy_header_it_is_not() {
    let (pki, upstream) = (Pki::new(), upstream());
    for mode in ["required", "auto"] {
        let mode = format!("--proxy-protocol={mode}");
        let trusted = "--trusted-proxies=127.0.0.1,203.0.113.9";
        let gate = gate(&pki, &upstream, &[OFF, LOGIN, trusted, &mode]).start();
        for protocol in PROTOCOLS {
            let request = passed_on(&gate, &upstream, protocol, &["--haproxy-protocol"]);
            is_a_client(&request, &["127.0.0.1"]);
            if mode.ends_with("auto") {
                let request = passed_on(&gate, &upstream, protocol, &[]);
                is_a_client(&request, &["127.0.0.1"]);
            }
        }
        // A client that isn't in the list, one that is, and the proxy's own connection.
        let destination = "192.0.2.200:443";
        for (bytes, is) in [
            (header::v1("203.0.113.8:4711", destination), "203.0.113.8"),
            (
                header::v2("203.0.113.9:4711", destination, &[]),
                "203.0.113.9",
            ),
            (header::raw(header::LOCAL, 0, &[]), "127.0.0.1"),
        ] {
            let mut tcp = dial(gate.address);
            tcp.write_all(&bytes).unwrap();
            let mut connection = client::anonymous().connect_over(tcp).unwrap();
            let fields = format!("X-Forwarded-For: {SAID}\r\nX-Amzn-Oidc-Identity: alice\r\n");
            let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
            assert_eq!(connection.request(&request).unwrap().status, 200);
            is_a_client(&upstream.request(), &[is]);
        }
    }
}

#[test]
fn by_a_unix_socket_the_word_is_unix() {
    let (pki, upstream) = (Pki::new(), upstream());
    for trusted in ["unix", "0.0.0.0/0"] {
        let trusted_proxies = format!("--trusted-proxies={trusted}");
        let builder = gate(&pki, &upstream, &[OFF, LOGIN, &trusted_proxies]);
        let path = builder.directory().join("tls.sock").display().to_string();
        let gate = builder.argument(format!("--listen=unix:{path}")).start();
        for protocol in PROTOCOLS {
            let request = passed_on(&gate, &upstream, protocol, &["--unix-socket", &path]);
            match trusted {
                // No address comes after what it says.
                "unix" => is_believed(&request, ""),
                _ => is_a_client(&request, &[]),
            }
        }
    }
}

/// New connections are decided by the new list, open ones go on.
#[test]
fn a_reload_changes_who_is_believed() {
    let (pki, upstream) = (Pki::new(), upstream());
    let toml = |list: &str| {
        format!(
            "client-auth = \"off\"\nupstream = \"{}\"\ntrusted-proxies = [{list}]\n",
            upstream.url
        )
    };
    let gate = certgate::serve(&pki).config(&toml("")).start();
    is_a_client(&passed_on(&gate, &upstream, "--http2", &[]), &["127.0.0.1"]);
    let trusted = toml("\"127.0.0.1\"");
    gate.configure(&trusted);
    gate.reload();
    let request = passed_on(&gate, &upstream, "--http2", &[]);
    is_believed_but_for_login(&request, ", 127.0.0.1");
    assert_eq!(request.headers("x-amzn-oidc-identity"), [""; 0]);
    gate.configure(&format!("{trusted}alb-login = \"on\"\n"));
    gate.reload();
    let request = passed_on(&gate, &upstream, "--http2", &[]);
    is_believed(&request, ", 127.0.0.1");
}

/// nginx, HAProxy, and rules of an ALB without a login pass on what a client wrote.
#[test]
fn nobody_has_logged_in_by_default() {
    let (pki, upstream) = (Pki::new(), upstream());
    let gate = gate(&pki, &upstream, &[OFF, TRUSTED]).start();
    for protocol in PROTOCOLS {
        let request = passed_on(&gate, &upstream, protocol, &[]);
        is_believed_but_for_login(&request, ", 127.0.0.1");
        let head = request.head.to_lowercase();
        assert!(!head.contains("oidc"), "{head}");
    }
}

#[test]
fn a_login_needs_trusted_proxies() {
    let pki = Pki::new();
    let finished = certgate::serve(&pki).argument(LOGIN).finish();
    assert_eq!(finished.code(), 78);
    let words = "on, and trusted-proxies is not set";
    assert!(finished.stderr.contains(words), "{}", finished.stderr);
    let gate = certgate::serve(&pki)
        .arguments(&[OFF, LOGIN, "--trusted-proxies=0.0.0.0/0"])
        .start();
    gate.log_line(|line| line["advice"].to_string().contains("logged in as"));
}
