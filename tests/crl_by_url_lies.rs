//! Whatever a server, or who stands before it, sends in the place of a good revocation list: the good one stays,
//! and it is said.

use crate::support::certgate::Certgate;
use crate::support::crl;
use crate::support::crl_server::{CrlServer, Says, text};
use crate::support::eventually;
use crate::support::pki::{self, Identity, Pki};
use crate::support::places;
use crate::support::returning::{admitted, refused};

const REVOKED: &str = "alert certificate revoked";

struct World {
    pki: Pki,
    bob: Identity,
    truth: String,
    server: CrlServer,
    gate: Certgate,
}

impl World {
    fn new() -> Self {
        let pki = Pki::new();
        let bob = pki::client("bob").signed_by(&pki.ca);
        let truth = crl::of(&pki.ca).revoking(&bob).pem();
        let server = CrlServer::list(truth.clone());
        let gate = places::serve(&pki)
            .argument(format!("--crl={}", server.url()))
            .argument("--crl-refresh=1s")
            .start();
        Self {
            pki,
            bob,
            truth,
            server,
            gate,
        }
    }

    /// The server lies until that is counted; then all is as it was.
    #[track_caller]
    fn lie(&self, what: &str, says: Says, kind: &str, words: &str) {
        let metric = self.server.metric(kind);
        let before = self.gate.metric(&metric);
        self.server.says(says);
        eventually(&format!("{what}: {kind}"), || {
            (self.gate.metric(&metric) > before).then_some(())
        });
        let line = self.gate.log_line(|line| {
            let said = |name: &str| line[name].as_str().unwrap_or_default();
            line["event"] == "fetch_failed" && said("kind") == kind && said("error").contains(words)
        });
        assert_eq!(line["url"], self.server.url(), "{what}");
        refused(&self.gate, &self.bob, REVOKED);
        admitted(&self.gate, &self.pki.client);
        // The truth in between, so that pauses stay short.
        let metric = self.server.metric("unchanged");
        let before = self.gate.metric(&metric);
        self.server.publishes(self.truth.clone());
        eventually("the truth", || {
            (self.gate.metric(&metric) > before).then_some(())
        });
    }
}

#[test]
fn nothing_but_a_newer_list_of_the_ca_takes_its_place() {
    let world = World::new();
    let (ca, other) = (&world.pki.ca, Pki::new().ca);
    let stranger = pki::authority("Stranger CA").self_signed();
    let location = world.server.path("ca.crl");
    let redirect =
        format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let list = |list: String| Says::List(list.into_bytes());
    for (what, says, kind, words) in [
        ("garbage", text("garbage"), "invalid", "no PEM block"),
        ("nothing", text(""), "invalid", ""),
        (
            "HTML",
            text("<html><body>Please log in</body></html>"),
            "invalid",
            "no PEM block",
        ),
        (
            "a certificate",
            text(&ca.certificate_pem()),
            "invalid",
            "CERTIFICATE",
        ),
        (
            "another CA's",
            list(crl::of(&stranger).from(-60).pem()),
            "invalid",
            "it has no list of CN=Test CA",
        ),
        (
            "another key's",
            list(crl::of(ca).from(-60).signed_by(&other)),
            "invalid",
            "isn't signed by that client CA",
        ),
        (
            "an older one",
            list(crl::of(ca).from(-7200).pem()),
            "older",
            "older",
        ),
        (
            "an expired one",
            list(crl::of(ca).from(-60).until(-5).pem()),
            "over",
            "over",
        ),
        (
            "one of tomorrow",
            list(crl::of(ca).from(80_000).pem()),
            "invalid",
            "from the future",
        ),
        (
            "500",
            Says::Raw("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_owned()),
            "status",
            "500",
        ),
        ("a loop", Says::Raw(redirect), "bad_http", "redirect"),
        (
            "no HTTP",
            Says::Raw("SSH-2.0\r\n".to_owned()),
            "bad_http",
            "",
        ),
    ] {
        world.lie(what, says, kind, words);
    }
    // In the middle of all that nothing was rebuilt.
    assert_eq!(world.gate.count("crls_taken"), 0);
    assert_eq!(world.gate.reloads(), [0.0, 0.0]);
}

#[test]
fn a_body_without_end() {
    let world = World::new();
    world.lie("endless", Says::Endless, "bad_http", "more than");
    assert!(
        world.gate.peak_memory() < 400 * 1024,
        "{}",
        world.gate.peak_memory()
    );
}
