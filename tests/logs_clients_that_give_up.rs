//! A client that hangs up before its answer is in the access log, too.

use std::io::Write;
use std::sync::mpsc;

use crate::support::pki::Pki;
use crate::support::{certgate, client, upstream};

#[test]
fn with_status_499() {
    let pki = Pki::new();
    let (sender, asked) = mpsc::channel();
    let slow = upstream::tcp(move |mut stream| {
        upstream::read_head(&mut stream);
        sender.send(()).unwrap();
        // Holds the connection until certgate gives it up.
        upstream::read_head(&mut stream);
    });
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=http://{slow}"))
        .start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    connection
        .write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    asked.recv().unwrap();
    drop(connection);
    let line = gate.event("request");
    assert_eq!(
        (&line["status"], &line["path"]),
        (&499.into(), &"/slow".into())
    );
    assert_eq!(line["complete"], false);
}
