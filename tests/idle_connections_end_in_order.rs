//! An idle connection is closed with close_notify, so that its client can still resume.

use std::io::Read;

use crate::support::certgate;
use crate::support::client;
use crate::support::pki::Pki;

#[test]
fn with_close_notify_after_the_header_timeout() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--header-timeout=200ms")
        .start();
    for client in [
        client::with(&pki.client).tls12(),
        client::with(&pki.client).tls13(),
    ] {
        let mut connection = client.connect(gate.address).unwrap();
        assert_eq!(connection.get("/").unwrap().status, 200);
        // Without close_notify OpenSSL reports "unexpected eof" instead of an end.
        assert_eq!(connection.read(&mut [0]).unwrap(), 0);
        let again = client.session(connection.ticket().unwrap());
        let mut again = again.connect(gate.address).unwrap();
        assert_eq!(again.get("/").unwrap().status, 200);
        assert!(again.resumed());
    }
}
