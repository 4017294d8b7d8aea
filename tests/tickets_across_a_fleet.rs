//! With one secret, a ticket of one instance resumes on every other, through every rotation; without,
//! a full handshake takes its place.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use openssl::ssl::SslSession;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Client};
use crate::support::pki::{Identity, Pki};

const VARIABLE: &str = "CERTGATE_TICKET_SECRET";
const FULL: &str = "certgate_handshakes_total{result=\"full\"}";
const RESUMED: &str = "certgate_handshakes_total{result=\"resumed\"}";
const REFUSED: &str = "certgate_handshakes_total{result=\"refused\"}";

/// As `openssl rand -hex 32` makes them.
fn secret() -> String {
    let mut bytes = [0; 32];
    openssl::rand::rand_bytes(&mut bytes).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn by_variable(pki: &Pki, secrets: &[&str]) -> Builder {
    certgate::serve(pki).environment(VARIABLE, secrets.join(" "))
}

/// As somebody would write it who mounts it: one a line.
fn by_file(pki: &Pki, secrets: &[&str]) -> Builder {
    let builder = certgate::serve(pki);
    std::fs::create_dir(builder.certs_dir()).unwrap();
    let file = builder.certs_dir().join("ticket_secret");
    std::fs::write(file, secrets.join("\n")).unwrap();
    builder
}

fn versions(identity: &Identity) -> [Client; 2] {
    let client = client::with(identity);
    [client.clone().tls12(), client.tls13()]
}

/// A client that comes again and again, always with its newest ticket.
struct Returning {
    client: Client,
    ticket: Option<SslSession>,
    /// Just before its last full handshake.
    since: Instant,
}

impl Returning {
    fn new(client: Client) -> Self {
        Self {
            client,
            ticket: None,
            since: Instant::now(),
        }
    }

    /// One request, which never fails: whether the connection was resumed.
    #[track_caller]
    fn visit(&mut self, gate: &Certgate) -> bool {
        let before = Instant::now();
        let client = match self.ticket.clone() {
            Some(ticket) => self.client.clone().session(ticket),
            None => self.client.clone(),
        };
        let mut connection = client.connect(gate.address).unwrap();
        assert_eq!(connection.get("/").unwrap().status, 200);
        connection.close();
        // In TLS 1.2 a resumed connection brings no new ticket; the old one still holds.
        self.ticket = connection.ticket().or(self.ticket.take());
        if !connection.resumed() {
            self.since = before;
        }
        connection.resumed()
    }
}

/// What one gives out, the other takes, both ways and in both versions.
#[track_caller]
fn assert_together(pki: &Pki, one: &Certgate, other: &Certgate) {
    for client in versions(&pki.client) {
        for (from, to) in [(one, other), (other, one)] {
            let mut client = Returning::new(client.clone());
            assert!(!client.visit(from));
            for to in [to, from, to] {
                assert!(client.visit(to));
            }
        }
    }
}

#[track_caller]
fn assert_apart(pki: &Pki, one: &Certgate, other: &Certgate) {
    for client in versions(&pki.client) {
        for (from, to) in [(one, other), (other, one)] {
            let mut client = Returning::new(client.clone());
            client.visit(from);
            assert!(!client.visit(to));
            // The ticket that this handshake gave is good where it came from.
            assert!(client.visit(to));
        }
    }
    // Quietly: a ticket of somebody else is no fault.
    for gate in [one, other] {
        assert_eq!((gate.metric(FULL), gate.metric(RESUMED)), (4.0, 2.0));
        assert_eq!(gate.metric(REFUSED), 0.0);
        for line in gate.lines() {
            // The server's certificate has a day left, and so have the clients'.
            let ends_soon = ["finding", "client_certificate_expires_soon"];
            let fine = line["level"] == "INFO" || ends_soon.iter().any(|e| line["event"] == *e);
            assert!(fine, "{line}");
        }
    }
}

#[test]
fn one_secret_by_variable_and_by_file() {
    let pki = Pki::new();
    let secret = secret();
    let one = by_variable(&pki, &[&secret]).start();
    let other = by_file(&pki, &[&secret]).start();
    assert_together(&pki, &one, &other);
    // Each resumes clients whose certificates it has never been shown, as who they are.
    let alice =
        |line: &serde_json::Value| line["resumed"] == true && line["subject"] == "CN=alice,O=Tests";
    one.log_line(alice);
    other.log_line(alice);
}

#[test]
fn different_secrets_fall_back_to_full_handshakes() {
    let pki = Pki::new();
    let one = by_variable(&pki, &[&secret()]).start();
    let other = by_file(&pki, &[&secret()]).start();
    assert_apart(&pki, &one, &other);
}

#[test]
fn without_a_secret_each_is_alone() {
    let pki = Pki::new();
    let one = certgate::serve(&pki).start();
    let other = by_variable(&pki, &[&secret()]).start();
    assert_apart(&pki, &one, &other);
}

/// The length of the periods is that of the timeout: with another one, there are other keys.
#[test]
fn another_session_timeout_has_other_keys() {
    let pki = Pki::new();
    let secret = secret();
    let one = by_variable(&pki, &[&secret]).start();
    let other = by_variable(&pki, &[&secret])
        .argument("--tls-session-timeout=2h")
        .start();
    assert_apart(&pki, &one, &other);
}

/// Clients go to and fro between two instances while the keys rotate twice.
#[test]
fn clients_resume_across_instances_through_rotations() {
    const PERIOD: u64 = 5;
    let pki = Pki::new();
    let secret = secret();
    let short = |builder: Builder| builder.argument(format!("--tls-session-timeout={PERIOD}s"));
    let gates = [
        short(by_variable(&pki, &[&secret])).start(),
        short(by_file(&pki, &[&secret])).start(),
    ];
    let now = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_secs()
    };
    // Into the second period after this one, so that each lineage has ended once.
    let end = (now() / PERIOD + 2) * PERIOD + 3;
    let mut clients = versions(&pki.client).map(Returning::new);
    for client in &mut clients {
        assert!(!client.visit(&gates[0]));
    }
    let (mut resumed, mut reconnects, mut ended) = (0, 0, 0);
    let mut turn = 0;
    while now() < end {
        turn += 1;
        for client in &mut clients {
            let since = client.since;
            let early = since.elapsed();
            let hit = client.visit(&gates[turn % 2]);
            // Ages are counted in whole seconds, of which the first and the last may be short.
            if since.elapsed() < Duration::from_secs(PERIOD - 1) {
                reconnects += 1;
                resumed += u32::from(hit);
            }
            // However often it was renewed, and by whom.
            let late = early > Duration::from_secs(PERIOD + 1);
            assert!(!(late && hit), "resumed {early:?} after its full handshake");
            ended += u32::from(!hit && early > Duration::from_secs(PERIOD - 1));
        }
    }
    eprintln!("{resumed} of {reconnects} reconnects resumed, {ended} lineages ended in time");
    assert!(
        reconnects >= 20,
        "nothing is shown by {reconnects} reconnects"
    );
    // Over 95 % are asked for; with all clocks alike there is no reason for a single miss.
    assert_eq!(resumed, reconnects);
    assert!(ended >= 2, "no lineage has come to its end");
    for gate in &gates {
        assert!(gate.metric(RESUMED) > 0.0);
        assert_eq!(gate.metric(REFUSED), 0.0);
    }
}

/// Appended everywhere, then swapped, then the old one dropped, one instance after the other.
#[test]
fn a_secret_changes_in_three_steps_without_a_break() {
    let pki = Pki::new();
    let [old, new] = [secret(), secret()];
    let steps: [&[&str]; 4] = [&[&old], &[&old, &new], &[&new, &old], &[&new]];
    let mut gates = [0, 1].map(|_| by_variable(&pki, steps[0]).start());
    let [old_ticket, renewed] = versions(&pki.client);
    let mut renewed = Returning::new(renewed);
    assert!(!renewed.visit(&gates[0]));
    // Without renewal, as TLS 1.2 has it, a ticket stays what it was.
    let mut old_ticket = Returning::new(old_ticket);
    assert!(!old_ticket.visit(&gates[0]));
    for (step, secrets) in steps.iter().enumerate().skip(1) {
        for restarted in [0, 1] {
            gates[restarted] = by_variable(&pki, secrets).start();
            assert_together(&pki, &gates[0], &gates[1]);
            for gate in &gates {
                assert!(renewed.visit(gate), "step {step}");
            }
            // What only the old one opens ends when that is dropped: `tls-session-timeout` is to wait for.
            let opens = old_ticket
                .client
                .clone()
                .session(old_ticket.ticket.clone().unwrap());
            let mut connection = opens.connect(gates[restarted].address).unwrap();
            assert_eq!(connection.get("/").unwrap().status, 200);
            connection.close();
            assert_eq!(connection.resumed(), step < 3, "step {step}");
        }
    }
}

/// OpenSSL's own client, as everybody has it.
#[test]
fn openssl_s_client_resumes_on_the_other() {
    let pki = Pki::new();
    let secret = secret();
    let one = by_variable(&pki, &[&secret]).start();
    let other = by_file(&pki, &[&secret]).start();
    let directory = tempfile::TempDir::new().unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(file("client.pem"), pki.client.certificate_pem()).unwrap();
    std::fs::write(file("client.key"), pki.client.key_pem()).unwrap();
    let s_client = |gate: &Certgate, version: &str, session: &[&str]| {
        let address = gate.address.to_string();
        let mut child = Command::new("openssl")
            .args(["s_client", "-connect", &address, version, "-ign_eof"])
            .args(["-cert", &file("client.pem"), "-key", &file("client.key")])
            .args(session)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), request).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("HTTP/1.1 200 OK"), "{text}");
        Some(text)
    };
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let ticket = file(version);
        let Some(text) = s_client(&one, version, &["-sess_out", &ticket]) else {
            eprintln!("not run: there is no openssl here");
            return;
        };
        assert!(text.contains(&format!("New, {name}")), "{text}");
        for gate in [&other, &one] {
            let session = ["-sess_in", &*ticket, "-sess_out", &*ticket];
            let text = s_client(gate, version, &session).unwrap();
            assert!(text.contains(&format!("Reused, {name}")), "{text}");
        }
    }
}
