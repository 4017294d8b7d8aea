//! When the listeners close, and who is served then.

use crate::support::certgate;
use crate::support::client;
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
