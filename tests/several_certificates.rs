//! RSA, ECDSA and Ed25519 side by side: each client gets the one that it can use, and all that goes with it.

use std::process::{Command, Stdio};

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::pki::{self, Identity, Key, Pki, Recipe};
use crate::support::places;

struct World {
    pki: Pki,
    rsa: Identity,
    ec: Identity,
    ed: Identity,
    gate: Certgate,
}

/// Each below an intermediate CA of its own.
fn server(key: Key, name: &str, root: &Identity) -> Identity {
    let recipe = Recipe {
        key,
        common_name: name.to_owned(),
        ..pki::server()
    };
    recipe.signed_by(&pki::authority(&format!("Issuer of {name}")).signed_by(root))
}

/// What a client signs with is of the same list.
fn takes(pki: &Pki, algorithms: &str) -> Client {
    let key = match algorithms {
        "ed25519" => Key::Ed25519,
        "ECDSA+SHA384" => Key::P384,
        ec if ec.starts_with("ECDSA") => Key::P256,
        _ => Key::Rsa(2048),
    };
    let recipe = Recipe {
        key,
        ..pki::client("alice")
    };
    // With ciphers of all kinds: the algorithms alone must decide.
    client::with(&recipe.signed_by(&pki.ca)).signature_algorithms(algorithms)
}

const ALL: &str = "certificate = [\"DIR/rsa.cer\", \"DIR/ec.cer\", \"DIR/ed.cer\"]
certificate-key = [\"DIR/rsa.key\", \"DIR/ec.key\", \"DIR/ed.key\"]
tls-protocols = [\"TLSv1\", \"TLSv1.1\", \"TLSv1.2\", \"TLSv1.3\"]
";

impl World {
    fn new(toml: &str) -> Self {
        let pki = Pki::new();
        let rsa = server(Key::Rsa(2048), "rsa", &pki.ca);
        let ec = server(Key::P256, "ec", &pki.ca);
        let ed = server(Key::Ed25519, "ed", &pki.ca);
        let gate = places::serve(&pki)
            .identity("rsa", &rsa)
            .identity("ec", &ec)
            .identity("ed", &ed)
            .config(toml)
            .start();
        Self {
            pki,
            rsa,
            ec,
            ed,
            gate,
        }
    }

    fn client(&self) -> Client {
        client::with(&self.pki.client)
    }

    /// One that signs and verifies in these ways only.
    fn client_that_takes(&self, algorithms: &str) -> Client {
        takes(&self.pki, algorithms)
    }

    /// This client is shown this certificate, with its chain and no other.
    #[track_caller]
    fn shows(&self, client: &Client, expected: &Identity, what: &str) {
        let connected = client.connect(self.gate.address);
        let mut connection = connected.unwrap_or_else(|words| panic!("{what}: {words}"));
        let chain = connection.stream.ssl().peer_cert_chain().unwrap();
        let chain: Vec<_> = chain.iter().map(|c| c.to_der().unwrap()).collect();
        assert_eq!(chain.len(), 2, "{what}");
        assert!(chain == expected.chain_der(), "{what}: another chain");
        assert_eq!(connection.get("/").unwrap().status, 200, "{what}");
    }
}

#[test]
fn each_client_gets_the_one_that_it_can_use() {
    let world = World::new(ALL);
    for (list, expected) in [
        ("RSA-PSS+SHA256", &world.rsa),
        ("ECDSA+SHA256", &world.ec),
        ("ed25519", &world.ed),
    ] {
        world.shows(&world.client_that_takes(list).tls13(), expected, list);
    }
    for (list, expected) in [
        ("RSA-PSS+SHA256", &world.rsa),
        ("RSA+SHA256", &world.rsa),
        ("ECDSA+SHA256", &world.ec),
        ("ed25519", &world.ed),
    ] {
        world.shows(&world.client_that_takes(list).tls12(), expected, list);
    }
    for (cipher, expected) in [
        ("ECDHE-RSA-AES128-GCM-SHA256", &world.rsa),
        ("ECDHE-ECDSA-AES128-GCM-SHA256", &world.ec),
    ] {
        world.shows(&world.client().tls12().ciphers(cipher), expected, cipher);
    }
    // Whoever takes both of them gets the cheap one.
    for client in [world.client().tls12(), world.client().tls13()] {
        let both = client.signature_algorithms("RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA256");
        world.shows(&both, &world.ec, "both");
    }
}

#[test]
fn so_do_old_clients() {
    use openssl::ssl::SslVersion;
    let world = World::new(ALL);
    for version in [SslVersion::TLS1, SslVersion::TLS1_1] {
        let client = world.client().version(version);
        let rsa = client.clone().ciphers("ECDHE-RSA-AES128-SHA");
        world.shows(&rsa, &world.rsa, "RSA");
        world.shows(
            &client.ciphers("ECDHE-ECDSA-AES128-SHA"),
            &world.ec,
            "ECDSA",
        );
    }
}

#[test]
fn who_takes_none_is_told() {
    let toml = "certificate = [\"DIR/rsa.cer\", \"DIR/ec.cer\"]\ncertificate-key = [\"DIR/rsa.key\", \"DIR/ec.key\"]\n";
    let world = World::new(toml);
    let clients = [
        world.client_that_takes("ed25519").tls13(),
        world.client_that_takes("ed25519").tls12(),
    ];
    for client in &clients {
        let words = client.refusal(world.gate.address);
        assert!(words.contains("handshake failure"), "{words}");
    }
    world
        .gate
        .counts("certgate_refusals_total{reason=\"no_shared_cipher\"}", 2.0);
    world.shows(&world.client(), &world.ec, "the next one");
}

#[test]
fn openssl_verifies_each_chain() {
    let world = World::new(&format!("{ALL}client-auth = \"off\"\n"));
    let root = world.gate.directory().join("root.pem");
    std::fs::write(&root, world.pki.ca.certificate_pem()).unwrap();
    let says = |arguments: &[&str]| {
        let output = Command::new("openssl")
            .args([
                "s_client",
                "-connect",
                &world.gate.address.to_string(),
                "-CAfile",
            ])
            .arg(&root)
            .args(["-brief"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (arguments, subject) in [
        (&["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256"][..], "rsa"),
        (&["-tls1_3", "-sigalgs", "ecdsa_secp256r1_sha256"], "ec"),
        (
            &["-tls1_3", "-sigalgs", "ed25519:ecdsa_secp384r1_sha384"],
            "ed",
        ),
        (
            &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"],
            "rsa",
        ),
        (
            &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
            "ec",
        ),
        (&["-tls1_2", "-sigalgs", "RSA+SHA256"], "rsa"),
        (&["-tls1_2", "-sigalgs", "ECDSA+SHA256"], "ec"),
        // It offers ECDSA ciphers, but can't check such signatures.
        (
            &[
                "-tls1_2",
                "-sigalgs",
                "RSA+SHA256",
                "-cipher",
                "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
            ],
            "rsa",
        ),
    ] {
        let text = says(arguments);
        let named = [format!("CN = {subject}\n"), format!("CN={subject}\n")];
        assert!(
            named.iter().any(|name| text.contains(name)),
            "{arguments:?}: {text}"
        );
        assert!(text.contains("Verification: OK"), "{arguments:?}: {text}");
    }
}

/// As a site's, too, and through a reload of one of them.
#[test]
fn of_a_site() {
    let pki = Pki::new();
    let rsa = server(Key::Rsa(2048), "rsa", &pki.ca);
    let ec = server(Key::P256, "ec", &pki.ca);
    let toml = "[[site]]\nnames = [\"two.example\"]\n\
        certificate = [\"DIR/rsa.cer\", \"DIR/ec.cer\"]\ncertificate-key = [\"DIR/rsa.key\", \"DIR/ec.key\"]\n";
    let gate = places::serve(&pki)
        .identity("rsa", &rsa)
        .identity("ec", &ec)
        .config(toml)
        .start();
    let client = client::with(&pki.client);
    let takes = |list: &str| takes(&pki, list).sni("two.example");
    let shows = |list: &str, server: &Identity| {
        for client in [takes(list).tls12(), takes(list).tls13()] {
            let connected = client.connect(gate.address);
            let connection = connected.unwrap_or_else(|words| panic!("{list}: {words}"));
            let shown = places::certificate_of(&connection).to_der().unwrap();
            assert!(shown == server.certificate.to_der().unwrap(), "{list}");
        }
    };
    shows("RSA-PSS+SHA256", &rsa);
    shows("ECDSA+SHA256", &ec);
    let new = server(Key::P384, "new", &pki.ca);
    places::write_identity(gate.directory(), "ec", &new);
    gate.reload();
    shows("RSA-PSS+SHA256", &rsa);
    shows("ECDSA+SHA384", &new);
    let default = places::shown(&gate, &client).to_der().unwrap();
    assert!(default == pki.server.certificate.to_der().unwrap());
}
