//! Whatever a client writes into `X-Forwarded-For` before a trusted proxy adds to it: the client is whom the proxy
//! names last, and never the proxy itself.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::support::certgate::{self, Certgate};
use crate::support::pki::Pki;
use crate::support::upstream::{self, Http, Request};

/// Over TLS, and as it comes from a proxy that ends TLS itself.
struct Gate {
    gate: Certgate,
    upstream: Http,
    plain: String,
}

fn gate() -> Gate {
    let pki = Pki::new();
    let upstream = upstream::http(|_| upstream::ok("ok"));
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream={}", upstream.url))
        .arguments(&["--client-auth=off", "--trusted-proxies=127.0.0.1"])
        .argument("--listen=http://127.0.0.1:0")
        .start();
    let ready = gate.event("ready");
    let mut all = ready["listen"].as_str().unwrap().split(',');
    let plain = all.find(|a| a.starts_with("http://")).unwrap().to_owned();
    Gate {
        gate,
        upstream,
        plain,
    }
}

impl Gate {
    /// What the upstream gets of requests with these lines, by each way in.
    fn passed_on(&self, lines: &[&[u8]]) -> [Request; 3] {
        let tls = format!("https://{}", self.gate.address);
        [
            ("--http1.1", &tls),
            ("--http2", &tls),
            ("--http1.1", &self.plain),
        ]
        .map(|(protocol, url)| {
            let mut command = Command::new("curl");
            command.args(["-sSk", "--max-time", "20", protocol, url]);
            command.args(["-H", "X-Forwarded-Proto: https"]);
            for line in lines {
                // An empty one is written so.
                let field = match *line {
                    b"" => b"X-Forwarded-For;".to_vec(),
                    line => [&b"X-Forwarded-For: "[..], line].concat(),
                };
                command.arg("-H").arg(OsStr::from_bytes(&field));
            }
            let output = command.output().expect("curl");
            assert_eq!(output.stdout, b"ok", "{output:?}");
            self.upstream.request()
        })
    }

    /// `way` is what is known of it before the proxy.
    #[track_caller]
    fn is(&self, lines: &[&[u8]], client: &str, way: &str) {
        for request in self.passed_on(lines) {
            let head = &request.head;
            assert_eq!(request.headers("x-real-ip"), [client], "{lines:?}: {head}");
            let way = format!("{way}, 127.0.0.1");
            assert_eq!(request.headers("x-forwarded-for"), [way], "{lines:?}");
        }
    }
}

/// A proxy adds to the line that it got (nginx, an ALB), or one line more (HAProxy).
#[test]
fn nothing_hides_the_client() {
    let gate = gate();
    let client = "203.0.113.7";
    let long = b"10.0.0.1, \xff, ".repeat(400);
    for spoilt in [
        &b""[..],
        b"\xff",
        b",",
        b"10.0.0.1, unknown",
        b"10.0.0.1,",
        &long,
    ] {
        gate.is(&[spoilt, client.as_bytes()], client, client);
        let joined = [spoilt, b", ", client.as_bytes()].concat();
        gate.is(&[&joined], client, client);
        // On this side of it, all is kept.
        let lines = [spoilt, b"192.0.2.1:80,\t192.0.2.2", client.as_bytes()];
        gate.is(&lines, client, "192.0.2.1:80, 192.0.2.2, 203.0.113.7");
    }
    // In the log and for limits the client is who connects, as ever.
    let line = gate.gate.event("request");
    let address = line["client"].as_str().unwrap();
    assert!(address.starts_with("127.0.0.1:"), "{line}");
    for request in gate.passed_on(&[&[&b"192.0.2.1"[..]; 500].join(&b", "[..]), b"203.0.113.7"]) {
        assert_eq!(request.headers("x-real-ip"), [client]);
        let [way] = &request.headers("x-forwarded-for")[..] else {
            panic!("{}", request.head);
        };
        let known = "192.0.2.1, 203.0.113.7, 127.0.0.1";
        assert!(way.ends_with(known) && way.len() < 4200, "{way}");
    }
}

#[test]
fn addresses_are_read_in_all_their_forms() {
    let gate = gate();
    for (written, client) in [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:DB8::1]:4711", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ] {
        gate.is(&[written.as_bytes()], client, written);
    }
}

/// Neither does it fall back to anybody when the proxy's own word can't be read.
#[test]
fn the_proxy_is_not_its_client() {
    let gate = gate();
    for last in [
        &b""[..],
        b"\xff",
        b"unknown",
        b"203.0.113.7,",
        b"203.0.113.7 10.0.0.1",
    ] {
        for lines in [&[last][..], &[b"10.0.0.1", last]] {
            for request in gate.passed_on(lines) {
                assert_eq!(request.headers("x-real-ip"), [""; 0], "{lines:?}");
                assert_eq!(request.headers("x-forwarded-for"), ["unknown"]);
            }
        }
    }
}
