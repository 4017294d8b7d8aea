//! Each site has its own certificate, CA, mode and content, by the server name that the client asks for.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::pki::{self, Identity, Pki, Recipe};
use crate::support::places;
use crate::support::sites::{self, visit};
use crate::support::upstream;

struct World {
    pki: Pki,
    /// Of a.example's clients.
    ca: Identity,
    a: Identity,
    b: Identity,
    /// Of a.example.
    alice: Client,
    gate: Certgate,
}

fn server_of(name: &str) -> Recipe {
    Recipe {
        dns_names: vec![name.to_owned()],
        common_name: name.to_owned(),
        ..pki::server()
    }
}

impl World {
    fn new() -> Self {
        let pki = Pki::new();
        let ca = pki::authority("CA of a").self_signed();
        let [a, b] = ["a.example", "b.example"].map(|name| server_of(name).signed_by(&pki.ca));
        let alice = pki::client("alice of a").signed_by(&ca);
        let http = upstream::http(|_| upstream::ok("b from upstream"));
        let tcp = upstream::tcp(|mut stream| drop(stream.write_all(b"raw bytes of t")));
        let toml = format!(
            r#"
            root = "DIR/default"
            [[site]]
            names = ["a.example", "*.wild.example"]
            certificate = "DIR/a.cer"
            certificate-key = "DIR/a.key"
            client-ca = "DIR/ca.pem"
            root = "DIR/a"
            [[site]]
            names = ["b.example", "exact.wild.example"]
            certificate = "DIR/b.cer"
            certificate-key = "DIR/b.key"
            client-auth = "optional"
            upstream = "{}"
            [[site]]
            names = ["t.example"]
            upstream = "tcp://{tcp}"
            [[site]]
            names = ["off.example"]
            client-auth = "off"
            root = "DIR/off"
            "#,
            http.url
        );
        let gate = places::serve(&pki)
            .content("default", "default")
            .content("a", "a")
            .content("off", "off")
            .identity("a", &a)
            .identity("b", &b)
            .authority("ca", &ca)
            .config(&toml)
            .start();
        Self {
            alice: client::with(&alice),
            pki,
            ca,
            a,
            b,
            gate,
        }
    }

    /// The text that is behind a name, or the words of the refusal.
    fn get(&self, client: &Client, name: &str) -> Result<String, String> {
        visit(&self.gate, client, name).map(|visit| visit.response.text())
    }

    #[track_caller]
    fn shows(&self, client: &Client, name: &str, server: &Identity) {
        let shown = places::shown(&self.gate, &client.clone().sni(name));
        assert_eq!(
            shown.to_der().unwrap(),
            server.certificate.to_der().unwrap(),
            "{name}"
        );
    }
}

#[test]
fn each_site_has_its_own() {
    let world = World::new();
    let default = client::with(&world.pki.client);
    let nobody = client::anonymous();
    for (default, alice, nobody) in [
        (
            default.clone().tls12(),
            world.alice.clone().tls12(),
            nobody.clone().tls12(),
        ),
        (default.tls13(), world.alice.clone().tls13(), nobody.tls13()),
    ] {
        assert_eq!(world.get(&default, "localhost").unwrap(), "default");
        assert_eq!(world.get(&alice, "a.example").unwrap(), "a");
        assert_eq!(world.get(&default, "b.example").unwrap(), "b from upstream");
        assert_eq!(world.get(&nobody, "b.example").unwrap(), "b from upstream");
        assert_eq!(world.get(&nobody, "off.example").unwrap(), "off");
        assert_eq!(world.get(&alice, "off.example").unwrap(), "off");
        for (client, name) in [
            (&default, "a.example"),
            (&alice, "localhost"),
            (&alice, "b.example"),
        ] {
            let words = world.get(client, name).unwrap_err();
            assert!(words.contains("unknown ca"), "{name}: {words}");
        }
        for name in ["localhost", "a.example"] {
            let words = world.get(&nobody, name).unwrap_err();
            let alerts = ["handshake failure", "certificate required"];
            assert!(alerts.iter().any(|alert| words.contains(alert)), "{words}");
        }
        world.shows(&default, "localhost", &world.pki.server);
        world.shows(&alice, "a.example", &world.a);
        world.shows(&nobody, "b.example", &world.b);
        // What a site doesn't have itself is the first one's.
        world.shows(&nobody, "off.example", &world.pki.server);
        let mut tunnel = default
            .clone()
            .sni("t.example")
            .connect(world.gate.address)
            .unwrap();
        let mut text = String::new();
        tunnel.read_to_string(&mut text).unwrap();
        assert_eq!(text, "raw bytes of t");
    }
}

#[test]
fn names_are_found_as_dns_has_them() {
    let world = World::new();
    let default = client::with(&world.pki.client);
    for name in [
        "A.Example",
        "a.example.",
        "x.wild.example",
        "Y.x.WILD.example",
        "x.exact.wild.example",
    ] {
        assert_eq!(world.get(&world.alice, name).unwrap(), "a", "{name}");
    }
    assert_eq!(
        world.get(&default, "exact.wild.example").unwrap(),
        "b from upstream"
    );
    for name in [
        "",
        "wild.example",
        "xwild.example",
        "sub.a.example",
        "unknown.example",
        "127.0.0.1",
        "a.example.localhost",
    ] {
        assert_eq!(world.get(&default, name).unwrap(), "default", "{name}");
    }
}

/// The first key share is of a group that the server hasn't: a second ClientHello follows.
#[test]
fn also_after_a_hello_retry_request() {
    let world = World::new();
    let client = world.alice.clone().tls13().groups("P-521:X25519");
    let first = visit(&world.gate, &client, "a.example").unwrap();
    assert_eq!(first.response.text(), "a");
    world.shows(&client, "a.example", &world.a);
    let again = client.clone().session(first.ticket());
    assert!(visit(&world.gate, &again, "a.example").unwrap().resumed);
    assert!(
        world
            .get(&again, "localhost")
            .unwrap_err()
            .contains("unknown ca")
    );
    let default = client::with(&world.pki.client)
        .tls13()
        .groups("P-521:X25519");
    assert!(
        world
            .get(&default, "a.example")
            .unwrap_err()
            .contains("unknown ca")
    );
}

/// The authorities in the CertificateRequest are the site's, by which clients choose a certificate.
#[test]
fn openssl_sees_the_authorities_of_the_site() {
    let world = World::new();
    let asked = |version: &str, name: &str| {
        let output = Command::new("openssl")
            .args([
                "s_client",
                "-connect",
                &world.gate.address.to_string(),
                "-servername",
                name,
                version,
            ])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let text = asked(version, "a.example");
        assert!(
            text.contains("CN = CA of a") || text.contains("CN=CA of a"),
            "{text}"
        );
        assert!(!text.contains("Test CA\n---\nNo client"), "{text}");
        let names = text
            .split("Acceptable client certificate CA names")
            .nth(1)
            .unwrap();
        let names = names.split("---").next().unwrap();
        assert!(
            names.contains("CA of a") && !names.contains("Test CA"),
            "{names}"
        );
        assert!(text.contains("a.example"), "{text}");
        let names = asked(version, "b.example");
        let names = names
            .split("Acceptable client certificate CA names")
            .nth(1)
            .unwrap();
        assert!(
            names.contains("Test CA") && !names.contains("CA of a"),
            "{names}"
        );
        let off = asked(version, "off.example");
        assert!(off.contains("No client certificate CA names sent"), "{off}");
        assert!(
            !off.contains("Requested Signature Algorithms"),
            "nobody is asked: {off}"
        );
    }
    let _ = &world.ca;
}

#[test]
fn curl_gets_each_site() {
    let world = World::new();
    let dir = world.gate.directory();
    places::write_identity(
        dir,
        "alice",
        &pki::client("alice of a").signed_by(&world.ca),
    );
    places::write_identity(dir, "default", &world.pki.client);
    std::fs::write(dir.join("servers.pem"), world.pki.ca.certificate_pem()).unwrap();
    let port = world.gate.address.port();
    let curl = |name: &str, identity: &str, http: &str| {
        let output = Command::new("curl")
            .current_dir(dir)
            .args(["-sS", http, "--cacert", "servers.pem"])
            .args([
                "--cert",
                &format!("{identity}.cer"),
                "--key",
                &format!("{identity}.key"),
            ])
            .args(["--resolve", &format!("{name}:{port}:127.0.0.1")])
            .arg(format!("https://{name}:{port}/"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (text, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for http in ["--http1.1", "--http2"] {
        for (name, identity, text) in [
            ("a.example", "alice", "a"),
            ("b.example", "default", "b from upstream"),
            ("localhost", "default", "default"),
        ] {
            let (said, complaint) = curl(name, identity, http);
            assert_eq!(said, text, "{http} {name}: {complaint}");
        }
        let (said, complaint) = curl("a.example", "default", http);
        assert!(
            said.is_empty() && complaint.contains("unknown ca"),
            "{complaint}"
        );
    }
}

#[test]
fn the_log_says_for_what_name() {
    let world = World::new();
    let client = world.alice.clone().sni("A.example");
    let mut connection = client.connect(world.gate.address).unwrap();
    sites::ask(&mut connection, "/", "a.example").unwrap();
    let line = sites::request_line(&world.gate, connection.local());
    assert_eq!(line["sni"], "A.example");
    assert_eq!(line["subject"], "CN=alice of a,O=Tests");
    assert_eq!(world.gate.event("ready")["sites"], 5);
}
