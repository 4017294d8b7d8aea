//! A chain that was verified before is verified again unless it is the same one, byte for byte, still
//! valid, and shown by who has its key.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime};

use openssl::ssl::SslStream;
use serde_json::Value;

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::eventually;
use crate::support::pki::{self, Identity, Pki, Recipe};

/// A client below an intermediate CA.
struct Family {
    pki: Pki,
    intermediate: Identity,
    alice: Identity,
}

impl Family {
    fn new() -> Self {
        let pki = Pki::new();
        let intermediate = pki::authority("Intermediate").signed_by(&pki.ca);
        let alice = pki::client("alice").signed_by(&intermediate);
        Self {
            pki,
            intermediate,
            alice,
        }
    }
}

fn versions(client: Client) -> [Client; 2] {
    [client.clone().tls12(), client.tls13()]
}

/// Makes certgate remember a client's chain.
#[track_caller]
fn warm(gate: &Certgate, identity: &Identity) {
    for _ in 0..3 {
        for client in versions(client::with(identity)) {
            assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
        }
    }
}

#[track_caller]
fn refused(gate: &Certgate, from: SocketAddr) -> Value {
    let from = from.to_string();
    gate.log_line(|line| line["event"] == "refused" && line["client"] == from)
}

/// Places in a certificate: all of what holds its parts together, and many of what is in them.
fn places(der: &[u8]) -> Vec<usize> {
    let length = |at: usize| usize::from(u16::from_be_bytes([der[at + 2], der[at + 3]]));
    assert_eq!((der[1], der[5]), (0x82, 0x82), "two bytes of length");
    let signed_end = 8 + length(4);
    let signature = signed_end + 2 + usize::from(der[signed_end + 1]);
    assert_eq!(der[signature], 3, "a BIT STRING");
    let structure = (0..12)
        .chain(signed_end..signature + 9)
        .chain(der.len() - 3..der.len());
    let mut places: Vec<_> = structure.chain((12..der.len()).step_by(4)).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// The chains that differ in one byte of one certificate, and what was changed.
fn mutants(chain: &[Vec<u8>]) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut mutants = Vec::new();
    for (number, der) in chain.iter().enumerate() {
        let places = places(der);
        assert!(places.len() > 100);
        for at in places {
            let mut mutant = chain.to_vec();
            mutant[number][at] ^= 1 << (at % 8);
            mutants.push((format!("certificate {number}, byte {at}"), mutant));
        }
    }
    mutants
}

/// In TLS 1.2 a handshake without encryption up to there: replaces what the client sends.
struct Replacing {
    tcp: TcpStream,
    from: Vec<u8>,
    to: Vec<u8>,
    replaced: bool,
}

impl Read for Replacing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.tcp.read(buffer)
    }
}

impl Write for Replacing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut bytes = bytes.to_vec();
        let at = (0..bytes.len()).find(|at| bytes[*at..].starts_with(&self.from));
        if let Some(at) = at {
            bytes[at..at + self.from.len()].copy_from_slice(&self.to);
            self.replaced = true;
        }
        self.tcp.write_all(&bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Sends `to` in the place of `from` on the way, so that the client's signature doesn't fit. Hands out
/// the line about its refusal.
#[track_caller]
fn replaced_on_the_way(gate: &Certgate, alice: &Identity, from: &[u8], to: &[u8]) -> Value {
    let tcp = client::dial(gate.address);
    let address = tcp.local_addr().unwrap();
    let replacing = Replacing {
        tcp,
        from: from.to_vec(),
        to: to.to_vec(),
        replaced: false,
    };
    let (ssl, _) = client::with(alice).tls12().ssl();
    let mut stream = SslStream::new(ssl, replacing).unwrap();
    assert!(stream.connect().is_err());
    assert!(stream.get_ref().replaced);
    refused(gate, address)
}

/// The signature of CertificateVerify is the last defence; it must not be the one that was needed.
#[track_caller]
fn was_the_chains_fault(line: &Value, what: &str) {
    let unreadable =
        line["reason"] == "invalid_certificate" || line["reason"] == "handshake_failure";
    assert!(line["depth"].is_u64() || unreadable, "{what}: {line}");
}

#[test]
fn a_byte_is_changed() {
    let Family { pki, alice, .. } = Family::new();
    let gate = certgate::serve(&pki).start();
    warm(&gate, &alice);
    let chain = alice.chain_der();
    let (mut sent, mut replaced) = (0, 0);
    for (what, mutant) in mutants(&chain) {
        let Ok(client) = client::with(&alice).sending(&mutant) else {
            // AWS-LC finds no key in it, or another one.
            let changed = (0..chain.len()).find(|number| chain[*number] != mutant[*number]);
            let changed = changed.unwrap();
            let line = replaced_on_the_way(&gate, &alice, &chain[changed], &mutant[changed]);
            was_the_chains_fault(&line, &what);
            replaced += 1;
            continue;
        };
        for client in versions(client) {
            let (from, result) = client.attempt(gate.address);
            result.expect_err(&what);
            was_the_chains_fault(&refused(&gate, from), &what);
            sent += 1;
        }
    }
    assert!(sent > 300 && replaced > 10, "{sent} {replaced}");
    warm(&gate, &alice);
}

/// How many bits of a signature's last byte don't count: none.
#[test]
fn unused_bits_are_declared() {
    let Family { pki, alice, .. } = Family::new();
    let gate = certgate::serve(&pki).start();
    warm(&gate, &alice);
    for number in 0..2 {
        let chain = alice.chain_der();
        let der = &chain[number];
        // The signature is the last element: an ECDSA signature has 70 bytes or so.
        let at = (der.len() - 80..der.len()).find(|at| {
            der[*at] == 3 && usize::from(der[at + 1]) == der.len() - at - 2 && der[at + 2] == 0
        });
        for bits in [1, 2, 7, 8, 0xff] {
            let mut mutant = chain.clone();
            mutant[number][at.unwrap() + 2] = bits;
            for client in versions(client::with(&alice).sending(&mutant).unwrap()) {
                let (from, result) = client.attempt(gate.address);
                result.expect_err("refused");
                was_the_chains_fault(&refused(&gate, from), "unused bits");
            }
        }
    }
}

/// The certificates that are sent, and the reason of the refusal; `None` if the client is let in.
#[rustfmt::skip] // A table.
#[test]
fn the_leaf_comes_in_other_company() {
    let Family { pki, intermediate, alice } = Family::new();
    let gate = certgate::serve(&pki).start();
    let below = |name| pki::authority("Intermediate").signed_by(name);
    let other_key = below(&pki.ca);
    let other_ca = pki::authority("Test CA").self_signed();
    let expired = Recipe { not_after: -60, ..pki::authority("Intermediate") };
    let not_yet = Recipe { not_before: 3600, ..pki::authority("Intermediate") };
    let no_ca = Recipe { ca: false, ..pki::authority("Intermediate") };
    let again = |recipe: Recipe, issuer| recipe.certifying(&intermediate.key, issuer);
    let expired = again(expired, &pki.ca);
    let not_yet = again(not_yet, &pki.ca);
    let no_ca = again(no_ca, &pki.ca);
    let of_other_ca = again(pki::authority("Intermediate"), &other_ca);
    let renewed = again(pki::authority("Intermediate"), &pki.ca);
    let stranger = pki::client("stranger").signed_by(&other_ca);
    let bob = pki::client("bob").signed_by(&intermediate);
    let der = |identity: &Identity| identity.certificate.to_der().unwrap();
    let (a, i, root) = (|| der(&alice), || der(&intermediate), || der(&pki.ca));
    let mut trailing = i();
    trailing.push(0);
    let table: Vec<(_, Vec<Vec<u8>>, Option<&str>)> = vec![
        ("none", vec![a()], Some("unknown_ca")),
        ("its name, another key", vec![a(), der(&other_key)], Some("bad_signature")),
        ("expired", vec![a(), der(&expired)], Some("expired")),
        ("not yet valid", vec![a(), der(&not_yet)], Some("not_yet_valid")),
        ("no authority", vec![a(), der(&no_ca)], Some("wrong_purpose")),
        ("another CA's", vec![a(), der(&of_other_ca)], Some("bad_signature")),
        ("another CA's, with that", vec![a(), der(&of_other_ca), der(&other_ca)], Some("bad_signature")),
        ("renewed", vec![a(), der(&renewed)], None),
        ("an extra one", vec![a(), i(), der(&stranger)], None),
        ("an extra one between", vec![a(), der(&bob), i()], None),
        ("the CA's", vec![a(), i(), root()], None),
        ("the CA's first", vec![a(), root(), i()], None),
        ("twice itself", vec![a(), a(), i()], None),
        ("twice the intermediate", vec![a(), i(), i()], None),
        ("no certificate", vec![a(), i(), b"no certificate".to_vec()], Some("invalid_certificate")),
        ("an empty one", vec![a(), i(), Vec::new()], Some("handshake_failure")),
        ("a byte after it", vec![a(), trailing], Some("invalid_certificate")),
    ];
    warm(&gate, &alice);
    // The second time, what was accepted is remembered, and nothing else.
    for round in 0..2 {
        for (name, chain, reason) in &table {
            for client in versions(client::with(&alice).sending(chain).unwrap()) {
                let (from, result) = client.attempt(gate.address);
                match reason {
                    None => {
                        assert_eq!(result.expect(name).status, 200, "{name}");
                        let from = from.to_string();
                        let line = gate.log_line(|l| l["event"] == "request" && l["client"] == from);
                        assert_eq!(line["fingerprint"], fingerprint(&alice), "{name}");
                    }
                    Some(reason) => {
                        let words = result.map(|response| response.status).expect_err(name);
                        let line = refused(&gate, from);
                        assert_eq!(line["reason"], *reason, "{name}, {round}: {words}: {line}");
                    }
                }
            }
        }
    }
}

fn fingerprint(identity: &Identity) -> String {
    let digest = identity
        .certificate
        .digest(openssl::hash::MessageDigest::sha256());
    digest
        .unwrap()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Another one's certificate ahead of one's own remembered chain, or in the place of its leaf.
#[test]
fn the_leaf_is_another_ones() {
    let Family { pki, alice, .. } = Family::new();
    let gate = certgate::serve(&pki).start();
    warm(&gate, &alice);
    let stranger = pki::authority("Intermediate").self_signed();
    let stranger = pki::client("alice").signed_by(&stranger);
    let chain = [
        stranger.chain_der()[0].clone(),
        alice.chain_der()[0].clone(),
        alice.chain_der()[1].clone(),
    ];
    for chain in [vec![chain[0].clone(), chain[2].clone()], chain.to_vec()] {
        for client in versions(client::with(&stranger).sending(&chain).unwrap()) {
            let (from, result) = client.attempt(gate.address);
            result.expect_err("refused");
            assert_eq!(refused(&gate, from)["reason"], "bad_signature");
        }
    }
}

#[test]
fn the_key_is_another_one() {
    let Family { pki, alice, .. } = Family::new();
    let gate = certgate::serve(&pki).start();
    warm(&gate, &alice);
    for client in versions(client::with(&alice.with_another_key())) {
        let (from, result) = client.attempt(gate.address);
        let words = result.map(|response| response.status).unwrap_err();
        assert!(words.contains("alert decrypt error"), "{words}");
        let line = refused(&gate, from);
        assert_eq!(line["reason"], "bad_signature", "{line}");
        assert_eq!(line["depth"], Value::Null, "not of the chain: {line}");
    }
}

/// Seconds since 1970, as a clock that is a few milliseconds behind has them: OpenSSL's.
fn now() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    (since - Duration::from_millis(20)).as_secs()
}

#[test]
fn it_has_expired_since() {
    let Family {
        pki, intermediate, ..
    } = Family::new();
    // The question is who gets in, not who stays.
    let gate = certgate::serve(&pki).argument("--close-on=none").start();
    let soon = |recipe: Recipe| Recipe {
        not_after: 4,
        ..recipe
    };
    let short = soon(pki::authority("Short")).signed_by(&pki.ca);
    let leaf = soon(pki::client("leaf")).signed_by(&intermediate);
    let below = pki::client("below").signed_by(&short);
    // The clock may have gone on since they were made.
    let end = now() + 5;
    let mut clients = Vec::new();
    for client in [leaf, below]
        .iter()
        .flat_map(|identity| versions(client::with(identity)))
    {
        let mut connection = client.connect(gate.address).unwrap();
        connection.get("/").unwrap();
        connection.close();
        clients.push(client.clone().session(connection.ticket().unwrap()));
        clients.push(client);
    }
    let mut accepted = 0;
    eventually("the end of all", || {
        clients.retain(|client| {
            let begun = now();
            let (from, result) = client.attempt(gate.address);
            match result {
                Ok(_) => {
                    assert!(begun < end, "accepted after its end");
                    accepted += 1;
                    true
                }
                Err(words) => {
                    assert!(words.contains("alert certificate expired"), "{words}");
                    assert_eq!(refused(&gate, from)["reason"], "expired");
                    false
                }
            }
        });
        clients.is_empty().then_some(())
    });
    assert!(accepted >= 8, "nothing is shown by {accepted} handshakes");
}

/// A refusal is not remembered: it ends with its reason.
#[test]
fn it_becomes_valid() {
    let Family {
        pki, intermediate, ..
    } = Family::new();
    let gate = certgate::serve(&pki).start();
    let later = Recipe {
        not_before: 4,
        ..pki::client("later")
    };
    let client = client::with(&later.signed_by(&intermediate));
    for client in versions(client.clone()) {
        let (from, result) = client.attempt(gate.address);
        result.expect_err("too early");
        assert_eq!(refused(&gate, from)["reason"], "not_yet_valid");
    }
    eventually("its time", || client.get(gate.address, "/").ok());
    for client in versions(client) {
        assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
    }
}

/// What one gate has found out says nothing to another one with another CA, were it of the same name.
#[test]
fn another_gate_trusts_another_ca() {
    let Family { pki, alice, .. } = Family::new();
    let other = Pki {
        ca: pki::authority("Test CA").self_signed(),
        server: pki.server.clone(),
        client: pki.client.clone(),
    };
    let gates = [&pki, &other].map(|pki| certgate::serve(pki).start());
    let bob = pki::client("bob").signed_by(&other.ca);
    for (identity, own, foreign) in [(&alice, 0, 1), (&bob, 1, 0)] {
        warm(&gates[own], identity);
        for client in versions(client::with(identity)) {
            let mut connection = client.connect(gates[own].address).unwrap();
            connection.get("/").unwrap();
            connection.close();
            let resuming = client.clone().session(connection.ticket().unwrap());
            for client in [client, resuming] {
                let (from, result) = client.attempt(gates[foreign].address);
                result.expect_err("refused");
                let line = refused(&gates[foreign], from);
                let reason = line["reason"].as_str().unwrap();
                assert!(["unknown_ca", "bad_signature"].contains(&reason), "{line}");
            }
        }
    }
}
