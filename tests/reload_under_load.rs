//! Reloading, again and again, while clients of all kinds are served: nobody notices, and nothing piles up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use openssl::ssl::SslSession;

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::pki::{self, Pki};
use crate::support::places::{self, CLIENT_CA};
use crate::support::{eventually, http2_client};

const RELOADS: usize = 50;
const LARGE: usize = 24 << 20;

/// What one client did: how often, and how often of that resumed.
#[derive(Default)]
struct Done {
    requests: usize,
    resumed: usize,
}

/// One request after the other, until told to end; the first failure ends the test.
fn again_and_again(end: &AtomicBool, mut request: impl FnMut(&mut Done)) -> Done {
    let mut done = Done::default();
    while !end.load(Ordering::Relaxed) {
        request(&mut done);
        done.requests += 1;
    }
    done
}

fn fresh(gate: &Certgate, client: &Client, end: &AtomicBool) -> Done {
    again_and_again(end, |_| {
        let response = client.get(gate.address, "/").expect("a full handshake");
        assert_eq!(response.text(), "content");
    })
}

fn returning(gate: &Certgate, client: &Client, end: &AtomicBool) -> Done {
    let mut ticket: Option<SslSession> = None;
    again_and_again(end, |done| {
        let client = match ticket.take() {
            Some(ticket) => client.clone().session(ticket),
            None => client.clone(),
        };
        let mut connection = client
            .connect(gate.address)
            .expect("a handshake with a ticket");
        assert_eq!(connection.get("/").expect("an answer").text(), "content");
        connection.close();
        done.resumed += usize::from(connection.resumed());
        ticket = connection.ticket();
    })
}

fn staying(gate: &Certgate, client: &Client, end: &AtomicBool) -> Done {
    let mut connection = client.connect(gate.address).unwrap();
    again_and_again(end, |_| {
        let response = connection.get("/").expect("the connection lives on");
        assert_eq!(response.text(), "content");
    })
}

fn by_http2(gate: &Certgate, client: &Client, end: &AtomicBool) -> Done {
    let mut connection = http2_client::connect(client, gate.address);
    again_and_again(end, |_| {
        assert_eq!(connection.request("GET", "/", "").body(), "content");
    })
}

fn downloading(gate: &Certgate, client: &Client, end: &AtomicBool) -> Done {
    again_and_again(end, |_| {
        let response = client.get(gate.address, "/large").expect("a download");
        assert_eq!(response.body.len(), LARGE);
    })
}

fn descriptors(gate: &Certgate) -> usize {
    let listing = std::fs::read_dir(format!("/proc/{}/fd", gate.pid()));
    listing.unwrap().count()
}

fn at_rest(gate: &Certgate) {
    gate.counts("certgate_connections_open", 0.0);
}

fn toml(root: &str) -> String {
    format!("root = \"DIR/{root}\"\n[[site]]\nnames = [\"a.example\"]\n")
}

#[test]
fn nobody_notices() {
    let pki = Pki::new();
    // Many, so that a snapshot that is never dropped shows in the memory.
    let others = (0..40).map(|n| pki::authority(&format!("CA {n}")).self_signed());
    let others: String = others.map(|ca| ca.certificate_pem()).collect();
    let many = others.clone() + &pki.ca.certificate_pem();
    let gate = places::serve(&pki)
        .argument("--access-log=off")
        .content("one", "content")
        .content("two", "content")
        .config(&toml("one"));
    for root in ["one", "two"] {
        std::fs::write(gate.directory().join(root).join("large"), vec![b'x'; LARGE]).unwrap();
    }
    let gate = gate.start();
    let client = client::with(&pki.client);
    // What is needed once: threads, and buffers that are kept.
    for path in ["/", "/large"] {
        client.get(gate.address, path).unwrap();
    }
    load(&gate, &client, || {
        // Both roots are known from now on.
        gate.replace(CLIENT_CA, &many);
        for root in ["two", "one", "two", "one"] {
            gate.configure(&toml(root));
            gate.reload();
        }
    });
    at_rest(&gate);
    let (files_before, memory_before) = (descriptors(&gate), gate.memory());
    let mut server = pki.server.clone();
    let done = load(&gate, &client, || {
        for round in 0..RELOADS {
            server = pki::server().signed_by(&pki.ca);
            gate.replace_server(&server);
            let ca = match round % 2 {
                0 => pki.ca.certificate_pem() + &others,
                _ => many.clone(),
            };
            gate.replace(CLIENT_CA, &ca);
            gate.configure(&toml(["two", "one"][round / 2 % 2]));
            gate.reload();
            assert_eq!(gate.admin("/readyz").status, 200);
        }
    });
    places::until_shown(&gate, &client, &server);
    assert_eq!(gate.reloads(), [RELOADS as f64 + 4.0, 0.0]);
    at_rest(&gate);
    let files = eventually("the descriptors to be closed", || {
        let files = descriptors(&gate);
        (files <= files_before + 4).then_some(files)
    });
    let memory = gate.memory();
    println!(
        "full {}, returning {} ({} resumed), keep-alive {}, HTTP/2 {}, downloads {}; descriptors {files_before} -> {files}, memory {memory_before} -> {memory} KiB",
        done[0].requests,
        done[1].requests,
        done[1].resumed,
        done[2].requests,
        done[3].requests,
        done[4].requests
    );
    assert!(
        memory < memory_before + (8 << 10),
        "{memory_before} -> {memory} KiB"
    );
    assert!(done.iter().all(|done| done.requests > 0));
    // The first has no ticket; all others resume, whatever was reloaded in between.
    assert_eq!(done[1].resumed, done[1].requests - 1);
    assert_eq!(
        gate.metric("certgate_handshakes_total{result=\"refused\"}"),
        0.0
    );
    assert_eq!(gate.count("refused"), 0, "{}", gate.log_text());
}

/// All kinds of clients, while `meanwhile` runs. A client's failure is the test's.
fn load(gate: &Certgate, client: &Client, meanwhile: impl FnOnce()) -> [Done; 5] {
    let end = AtomicBool::new(false);
    let end = &end;
    thread::scope(|scope| {
        let kinds = [fresh, returning, staying, by_http2, downloading];
        let clients = kinds.map(|kind| scope.spawn(move || kind(gate, client, end)));
        let ending = EndOnDrop(end);
        meanwhile();
        drop(ending);
        clients.map(|client| client.join().unwrap())
    })
}

/// Clients end when the reloads have failed, too.
struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
