//! When the listeners close, and who is served then.

use crate::support::certgate;
use crate::support::client::{self, dial};
use crate::support::eventually;
use crate::support::pki::Pki;

#[test]
fn the_delay_ends_once_nobody_comes_any_more() {
    let pki = Pki::new();
    let flags = ["--drain-delay=1h", "--drain-quiet=500ms"];
    let mut gate = certgate::serve(&pki)
        .arguments(&flags)
        .file("index.html", "x")
        .start();
    gate.signal("TERM");
    eventually("the drain to begin", || {
        (gate.admin("/readyz").status == 503).then_some(())
    });
    let answer = client::with(&pki.client).get(gate.address, "/").unwrap();
    assert_eq!(answer.status, 200, "connections are still accepted");
    assert_eq!(gate.exit_code(), Some(0));
    gate.event("quiet");
}

#[test]
fn who_waits_to_be_accepted_is_served() {
    let pki = Pki::new();
    let mut gate = certgate::serve(&pki)
        .argument("--workers=2")
        .file("index.html", "x")
        .start();
    gate.signal("STOP");
    // The kernel makes these while certgate does nothing.
    let waiting: Vec<_> = (0..40).map(|_| dial(gate.address)).collect();
    gate.signal("TERM");
    gate.signal("CONT");
    for tcp in waiting {
        let mut connection = client::with(&pki.client).connect_over(tcp).unwrap();
        let answer = connection.get("/").unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("connection"), Some("close"));
    }
    assert_eq!(gate.exit_code(), Some(0));
}
