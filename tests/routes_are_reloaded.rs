//! Routes change with a reload: for connections that come then, also for those that resume; an open one keeps what it
//! began with.

use crate::support::client;
use crate::support::eventually;
use crate::support::pki::Pki;
use crate::support::places;

const OPEN: &str = "root = \"DIR/html\"\n[[route]]\npath = \"/\"\nclient-auth = \"off\"\n";
const CLOSED: &str = "root = \"DIR/html\"\n[[route]]\npath = \"/\"\ndeny = [\"cn:alice\"]\n";

#[test]
fn for_those_who_come_then() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .content("html", "content")
        .config(OPEN)
        .start();
    let clients = [client::with(&pki.client), client::anonymous()];
    let versions = clients
        .each_ref()
        .map(|client| [client.clone().tls12(), client.clone().tls13()]);
    let mut open = Vec::new();
    let mut tickets = Vec::new();
    for client in versions.iter().flatten() {
        let mut first = client.connect(gate.address).unwrap();
        assert_eq!(first.get("/").unwrap().status, 200);
        first.close();
        tickets.push(first.ticket().unwrap());
        let mut connection = client.connect(gate.address).unwrap();
        assert_eq!(connection.get("/").unwrap().status, 200);
        open.push(connection);
    }
    gate.configure(CLOSED);
    gate.reload();
    // What they go on with are the old routes.
    for connection in &mut open {
        eventually("its end", || connection.get("/").is_err().then_some(()));
    }
    let mut tickets = tickets.into_iter();
    for client in &versions[0] {
        assert_eq!(client.get(gate.address, "/").unwrap().status, 403);
        let mut again = client
            .clone()
            .session(tickets.next().unwrap())
            .connect(gate.address)
            .unwrap();
        assert_eq!(again.get("/").unwrap().status, 403);
        assert!(again.resumed());
        assert_eq!(again.get("/x").unwrap().status, 404);
    }
    // Nothing is open any more: that is said in the handshake again.
    for client in &versions[1] {
        client.refusal(gate.address);
        client
            .clone()
            .session(tickets.next().unwrap())
            .refusal(gate.address);
    }
    gate.configure(&CLOSED.replace("deny", "denied"));
    assert_eq!(gate.hang_up(), "failed");
    assert_eq!(versions[0][1].get(gate.address, "/").unwrap().status, 403);
    gate.configure(OPEN);
    gate.reload();
    for client in versions.iter().flatten() {
        assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
    }
}

/// What a route has behind it stays across a reload that changes its rules only.
#[test]
fn connections_to_its_upstream_are_kept() {
    use crate::support::upstream;
    let pki = Pki::new();
    let upstream = upstream::http(|_| upstream::ok("answer"));
    let toml = |rules: &str| {
        format!(
            "root = \"DIR/html\"\n[[route]]\nprefix = \"/a\"\nupstream = \"{}\"\n{rules}",
            upstream.url
        )
    };
    let gate = places::serve(&pki)
        .content("html", "content")
        .config(&toml(""))
        .start();
    let client = client::with(&pki.client);
    assert_eq!(client.get(gate.address, "/a").unwrap().text(), "answer");
    gate.configure(&toml("deny = [\"cn:mallory\"]\n"));
    gate.reload();
    assert_eq!(client.get(gate.address, "/a").unwrap().text(), "answer");
    assert_eq!(upstream.accepted(), 1);
}
