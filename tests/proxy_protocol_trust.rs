//! Nobody but trusted proxies says who a client is.

use std::io::{Read, Write};

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, dial};
use crate::support::pki::Pki;
use crate::support::places;
use crate::support::proxy_header as header;
use crate::support::refusals::{Seen, refusal};

const SOURCE: &str = "203.0.113.7:4711";
const DESTINATION: &str = "192.0.2.200:443";
/// Where the tests' clients aren't.
const ELSEWHERE: &str = "--trusted-proxies=192.0.2.0/24, 2001:db8::/32, 127.0.0.2";

fn serve(pki: &Pki, mode: &str, trusted: &str) -> Builder {
    certgate::serve(pki)
        .argument(format!("--proxy-protocol={mode}"))
        .argument(trusted)
}

fn headers() -> [Vec<u8>; 3] {
    [
        header::v1(SOURCE, DESTINATION),
        header::v2(SOURCE, DESTINATION, &[]),
        header::raw(header::LOCAL, 0, &[]),
    ]
}

/// The client that the request's line names.
#[track_caller]
fn client_of(gate: &Certgate, pki: &Pki, header: &[u8]) -> String {
    let mut tcp = dial(gate.address);
    tcp.write_all(header).unwrap();
    let before = gate.count("request");
    let mut connection = client::with(&pki.client).connect_over(tcp).unwrap();
    assert_eq!(connection.get("/").unwrap().status, 200);
    connection.close();
    let line = crate::support::eventually("the line", || {
        let lines = gate.lines().into_iter();
        lines.filter(|line| line["event"] == "request").nth(before)
    });
    let local = connection.local().to_string();
    let client = line["client"].as_str().unwrap();
    if client == local {
        "peer".to_owned()
    } else {
        client.to_owned()
    }
}

#[test]
fn auto_takes_both_of_trusted_proxies() {
    let pki = Pki::new();
    let gate = serve(&pki, "auto", "--trusted-proxies=192.0.2.0/24,127.0.0.1").start();
    let [v1, v2, local] = headers();
    assert_eq!(client_of(&gate, &pki, &v1), SOURCE);
    assert_eq!(client_of(&gate, &pki, &v2), SOURCE);
    assert_eq!(client_of(&gate, &pki, &local), "peer");
    assert_eq!(client_of(&gate, &pki, b""), "peer");
    assert_eq!(
        gate.metric("certgate_proxy_headers_total{kind=\"none\"}"),
        1.0
    );
    // What is neither is no TLS.
    let _ = dial(gate.address).write_all(b"GET / HTTP/1.1\r\n\r\n");
    gate.counts("certgate_refusals_total{reason=\"not_tls\"}", 1.0);
}

#[test]
fn auto_refuses_the_header_of_anybody_else() {
    let pki = Pki::new();
    let gate = serve(&pki, "auto", ELSEWHERE).start();
    let mut seen = Seen::default();
    for header in headers() {
        let expected = refusal(
            "header",
            "",
            "proxy_untrusted",
            "in none of the trusted-proxies",
        );
        seen.counted_once(&gate, expected, || {
            let mut tcp = dial(gate.address);
            // Whether all of it is there doesn't matter.
            tcp.write_all(&header[..header.len().min(14)]).unwrap();
            let from = tcp.local_addr().unwrap();
            let _ = tcp.read_to_end(&mut Vec::new());
            from
        });
    }
    assert_eq!(client_of(&gate, &pki, b""), "peer");
}

#[test]
fn required_refuses_anybody_else() {
    let pki = Pki::new();
    let gate = serve(&pki, "required", ELSEWHERE).start();
    let mut seen = Seen::default();
    let hello = client::with(&pki.client).hello();
    for bytes in headers().into_iter().chain([hello]) {
        let expected = refusal("stranger", "", "proxy_untrusted", "the peer is in none");
        seen.counted_once(&gate, expected, || {
            let mut tcp = dial(gate.address);
            tcp.write_all(&bytes).unwrap();
            let from = tcp.local_addr().unwrap();
            let mut answer = Vec::new();
            let _ = tcp.read_to_end(&mut answer);
            assert_eq!(answer, b"");
            from
        });
    }
    // Health checks from elsewhere.
    drop(dial(gate.address));
    gate.counts("certgate_tcp_pings_total", 1.0);
    seen.with_one_line_each(gate);
}

#[test]
fn a_reload_changes_whom_to_believe() {
    let pki = Pki::new();
    let settings = |mode: &str, trusted: &str| {
        format!("proxy-protocol = \"{mode}\"\ntrusted-proxies = [\"{trusted}\"]\n")
    };
    let gate = places::serve(&pki)
        .config(&settings("required", "127.0.0.1"))
        .start();
    let [v1, ..] = headers();
    assert_eq!(client_of(&gate, &pki, &v1), SOURCE);
    gate.configure(&settings("auto", "127.0.0.2"));
    gate.reload();
    assert_eq!(client_of(&gate, &pki, b""), "peer");
    let _ = dial(gate.address).write_all(&v1);
    gate.counts("certgate_refusals_total{reason=\"proxy_untrusted\"}", 1.0);
}

#[test]
fn settings_that_would_believe_anybody_are_named() {
    let pki = Pki::new();
    let check = |arguments: &[&str]| {
        let builder = certgate::serve(&pki).arguments(arguments);
        let gate = builder.argument("--upstream=tcp://127.0.0.1:1");
        gate.argument("--drain-timeout=0s")
    };
    let finished = check(&["--proxy-protocol=auto"]).finish();
    assert_eq!(finished.code(), 78);
    assert!(
        finished.stderr.contains("auto, without trusted-proxies"),
        "{}",
        finished.stderr
    );
    let finished = check(&["--proxy-protocol=auto", "--trusted-proxies=10.1.2.3/8"]).finish();
    assert_eq!(finished.code(), 78);
    assert!(
        finished.stderr.contains("10.0.0.0/8 and not 10.1.2.3/8"),
        "{}",
        finished.stderr
    );
    assert!(
        !finished.stderr.contains("without trusted-proxies"),
        "{}",
        finished.stderr
    );
    let gate = check(&["--proxy-protocol=required"]).start();
    let line = gate.log_line(|line| line["event"] == "finding");
    assert!(
        line.to_string().contains("whoever connects is believed"),
        "{line}"
    );
    for rest in [
        "--proxy-protocol=required",
        "--proxy-protocol=off",
        "--listen=http://127.0.0.1:0",
    ] {
        let gate = check(&[rest, "--trusted-proxies=127.0.0.0/8,0.0.0.0/0"]).start();
        let line = gate.log_line(|line| line["event"] == "finding");
        let said = "0.0.0.0/0: whoever connects is believed";
        assert!(line.to_string().contains(said), "{line}");
    }
    let gate = check(&["--proxy-protocol=required", "--trusted-proxies=127.0.0.1"]).start();
    assert!(
        !gate.log_text().contains("is believed"),
        "{}",
        gate.log_text()
    );
}
