//! `unix:/PATH` in `--listen`: clients as on TCP, but for an address, which they don't have.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, dial};
use crate::support::pki::Pki;
use crate::support::proxy_header as header;
use crate::support::{PATIENCE, unix, upstream};

const SOURCE: &str = "203.0.113.7:4711";
const DESTINATION: &str = "192.0.2.200:443";

fn socket(directory: &Path) -> PathBuf {
    directory.join("tls.sock")
}

/// Listens on TCP, too.
fn serve(pki: &Pki) -> Builder {
    let builder = certgate::serve(pki);
    let path = socket(builder.directory()).display().to_string();
    builder.argument(format!("--listen=unix:{path}"))
}

fn path(gate: &Certgate) -> PathBuf {
    socket(gate.directory())
}

#[test]
fn who_has_a_certificate_is_served_and_nobody_else() {
    let pki = Pki::new();
    let gate = serve(&pki).file("index.html", "treasure").start();
    let path = path(&gate);
    let listen = gate.event("ready")["listen"].as_str().unwrap().to_owned();
    assert!(listen.ends_with(&format!(",unix:{}", path.display())));
    let [certificate, key] = ["client.pem", "client.key"].map(|name| gate.directory().join(name));
    std::fs::write(&certificate, pki.client.certificate_pem()).unwrap();
    std::fs::write(&key, pki.client.key_pem()).unwrap();
    let curl = |arguments: &[&Path]| {
        let mut command = Command::new("curl");
        command.args(["-sSk", "--max-time", "20", "https://localhost/"]);
        command.arg("--unix-socket").arg(&path).args(arguments);
        command.output().expect("curl")
    };
    let (cert, with_key) = (Path::new("--cert"), Path::new("--key"));
    let answer = curl(&[cert, &certificate, with_key, &key]);
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "treasure");
    assert_eq!(gate.event("request")["client"], "unix");
    let answer = curl(&[]);
    let error = String::from_utf8_lossy(&answer.stderr).into_owned();
    assert!(!answer.status.success() && answer.stdout.is_empty());
    assert!(error.contains("certificate required"), "{error}");
    let line = gate.event("refused");
    assert_eq!(
        [&line["client"], &line["reason"]],
        ["unix", "no_certificate"]
    );
    // As on TCP: a stranger's.
    let stranger = client::with(&Pki::new().client);
    let error = unix::get(&stranger, &path).unwrap_err();
    assert!(error.contains("alert"), "{error}");
}

#[test]
fn no_address_is_made_up_for_upstreams() {
    let pki = Pki::new();
    let (upstream, requests) = upstream::echo();
    let gate = serve(&pki)
        .argument(format!("--upstream=http://{upstream}"))
        .start();
    let mut stream = unix::connect(&client::with(&pki.client), &path(&gate)).unwrap();
    let claimed = "X-Forwarded-For: 10.0.0.1\r\nX-Real-IP: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n";
    assert_eq!(unix::ask(&mut stream, claimed).unwrap().status, 200);
    let head = requests.recv_timeout(PATIENCE).unwrap().to_lowercase();
    assert!(head.contains("x-forwarded-proto: https\r\n"), "{head}");
    for name in ["x-forwarded-for", "x-real-ip", "\nforwarded:", "10.0.0.1"] {
        assert!(!head.contains(name), "{head}");
    }
}

#[test]
fn a_proxy_says_who_the_client_is() {
    let pki = Pki::new();
    let (upstream, requests) = upstream::echo();
    // Whoever can open the socket is believed, unless there is a list.
    for trusted in [None, Some("--trusted-proxies=unix,192.0.2.1")] {
        let builder = serve(&pki)
            .argument("--proxy-protocol=required")
            .argument(format!("--upstream=http://{upstream}"));
        let gate = trusted.into_iter().fold(builder, Builder::argument).start();
        for said in [
            header::v1(SOURCE, DESTINATION),
            header::v2(SOURCE, DESTINATION, &[]),
        ] {
            let mut stream = unix::dial(&path(&gate));
            stream.write_all(&said).unwrap();
            let mut stream = unix::over(&client::with(&pki.client), stream).unwrap();
            assert_eq!(unix::ask(&mut stream, "").unwrap().status, 200);
            let head = requests.recv_timeout(PATIENCE).unwrap().to_lowercase();
            assert!(head.contains("x-forwarded-for: 203.0.113.7\r\n"), "{head}");
        }
        let line = gate.event("request");
        assert_eq!([&line["client"], &line["proxy"]], [SOURCE, "unix"]);
    }
}

#[test]
fn a_list_of_proxies_needs_the_word() {
    let pki = Pki::new();
    let said = header::v2(SOURCE, DESTINATION, &[]);
    let everybody = "--trusted-proxies=0.0.0.0/0,::/0";
    for mode in ["required", "auto"] {
        let gate = serve(&pki)
            .argument(format!("--proxy-protocol={mode}"))
            .argument(everybody)
            .file("index.html", "x")
            .start();
        let mut stream = unix::dial(&path(&gate));
        stream.write_all(&said).unwrap();
        assert!(unix::over(&client::with(&pki.client), stream).is_err());
        let line = gate.event("refused");
        assert_eq!(
            [&line["client"], &line["reason"]],
            ["unix", "proxy_untrusted"]
        );
        // With `auto`, TLS is welcome.
        let without = unix::get(&client::with(&pki.client), &path(&gate));
        assert_eq!(without.is_ok(), mode == "auto");
    }
    // And the word is for nobody else.
    let gate = serve(&pki)
        .argument("--proxy-protocol=required")
        .argument("--trusted-proxies=unix")
        .start();
    let mut stream = dial(gate.address);
    stream.write_all(&said).unwrap();
    assert!(
        client::with(&pki.client)
            .connect_over(stream.try_clone().unwrap())
            .is_err()
    );
    assert_eq!(gate.event("refused")["reason"], "proxy_untrusted");
}

#[test]
fn its_clients_are_not_one_address() {
    let pki = Pki::new();
    let gate = serve(&pki)
        .arguments(&["--max-connections-per-address=1"])
        .arguments(&["--limit-connections=address:1/h:1"])
        .arguments(&["--limit-requests=address:1/h:1"])
        .arguments(&["--limit-failed-handshakes=address:1/h:1"])
        .file("index.html", "x")
        .start();
    for _ in 0..3 {
        assert!(unix::get(&client::anonymous(), &path(&gate)).is_err());
    }
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = unix::connect(&client::with(&pki.client), &path(&gate)).unwrap();
        for _ in 0..2 {
            assert_eq!(unix::ask(&mut stream, "").unwrap().status, 200);
        }
        open.push(stream);
    }
    // On TCP they are.
    let mut first = client::with(&pki.client).connect(gate.address).unwrap();
    assert_eq!(first.get("/").unwrap().status, 200);
    assert_eq!(first.get("/").unwrap().status, 429);
    assert!(client::with(&pki.client).get(gate.address, "/").is_err());
}

#[test]
fn a_tunnels_upstream_is_told_that_there_is_no_address() {
    let pki = Pki::new();
    for version in ["v1", "v2", "v2-tls"] {
        let (heads, received) = std::sync::mpsc::channel();
        let upstream = upstream::tcp(move |mut stream| {
            let head = match version {
                "v1" => {
                    let mut line = [0; 15];
                    std::io::Read::read_exact(&mut stream, &mut line).unwrap();
                    Err(line.to_vec())
                }
                "v2" => {
                    let mut line = [0; 16];
                    std::io::Read::read_exact(&mut stream, &mut line).unwrap();
                    Err(line.to_vec())
                }
                _ => Ok(header::read(&mut stream)),
            };
            heads.send(head).unwrap();
        });
        let gate = serve(&pki)
            .argument(format!("--upstream=tcp://{upstream}"))
            .argument(format!("--upstream-proxy-protocol={version}"))
            .start();
        let _stream = unix::connect(&client::with(&pki.client), &path(&gate)).unwrap();
        match received.recv_timeout(PATIENCE).unwrap() {
            Err(line) if version == "v1" => assert_eq!(line, b"PROXY UNKNOWN\r\n"),
            Err(line) => assert_eq!(line, header::raw(header::LOCAL, 0, &[])),
            Ok(head) => {
                // AF_UNIX, and no paths; the TLVs come behind.
                assert_eq!((head.command, head.family), (header::PROXY, 0x31));
                assert_eq!(head.addresses, [0; 216]);
                assert!(!head.one(0x20).is_empty());
            }
        }
    }
}

#[test]
fn plain_http_of_a_trusted_proxy() {
    let pki = Pki::new();
    let (upstream, requests) = upstream::echo();
    let https = "X-Forwarded-Proto: https\r\n";
    for (trusted, expected) in [("unix", 200), ("127.0.0.1", 308)] {
        let builder = certgate::serve(&pki).argument("--client-auth=off");
        let plain = socket(builder.directory());
        let _gate = builder
            .argument(format!("--listen=http://unix:{}", plain.display()))
            .argument(format!("--trusted-proxies={trusted}"))
            .argument(format!("--upstream=http://{upstream}"))
            .start();
        let said = format!("{https}X-Forwarded-For: 203.0.113.7\r\n");
        let answer = unix::ask(&mut unix::dial(&plain), &said).unwrap();
        assert_eq!(answer.status, expected, "{trusted}");
        if expected == 200 {
            let head = requests.recv_timeout(PATIENCE).unwrap().to_lowercase();
            // Nothing comes after what the proxy says.
            assert!(head.contains("x-forwarded-for: 203.0.113.7\r\n"), "{head}");
            assert!(head.contains("x-real-ip: 203.0.113.7\r\n"), "{head}");
        }
    }
}
