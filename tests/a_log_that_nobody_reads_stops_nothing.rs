//! A log driver that stops reading holds up neither clients nor the end of the process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::support::pki::Pki;
use crate::support::{client, eventually};

/// Ends with the test.
struct Gate(Child);

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn neither_clients_nor_the_end() {
    let pki = Pki::new();
    let certs = tempfile::tempdir().unwrap();
    let mut gate = Gate(
        Command::new(env!("CARGO_BIN_EXE_certgate"))
            .args(["--listen=127.0.0.1:0", "--admin=off", "--workers=1"])
            .env_clear()
            .env("CERTGATE_CERTS_DIR", certs.path())
            .env("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
            .env("SSL_SERVER_KEY", pki.server.key_pem())
            .env("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(gate.0.stdout.take().unwrap()).lines();
    let ready = lines.find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        (line["event"] == "ready").then(|| line["listen"].as_str().unwrap().to_owned())
    });
    let address: SocketAddr = ready.unwrap().parse().unwrap();
    // From here on nobody reads. A pipe takes 64 KiB; each refusal writes a line with this name.
    let stranger = client::anonymous().sni(&"a".repeat(200));
    for _ in 0..400 {
        let words = stranger.refusal(address);
        assert!(words.contains("alert"), "{words}");
    }
    let response = client::with(&pki.client).get(address, "/").unwrap();
    assert_eq!(response.status, 200);

    let pid = gate.0.id();
    let status = Command::new("sh")
        .args(["-c", &format!("kill -s TERM {pid}")])
        .status();
    assert!(status.unwrap().success());
    let status = eventually("the end", || gate.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    drop(lines);
}
