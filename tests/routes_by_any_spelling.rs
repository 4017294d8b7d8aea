//! No spelling of a path reaches what its route forbids: not an upstream that decodes, merges, resolves and leaves out
//! as it likes. What may be asked for reaches it as it was written.

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::http2::{Raw, Verdict};
use crate::support::pki::Pki;
use crate::support::places;
use crate::support::routes::of_unit;
use crate::support::upstream;

/// What some server takes for /admin or something below it, or, for all that anybody knows, might.
const ADMIN: &[&str] = &[
    "/admin",
    "/admin/",
    "/admin/x",
    "/%61dmin",
    "/%61%64%6d%69%6e",
    "/%61%64%6D%69%6E/x",
    "/admi%6e/",
    "/%2561dmin",
    "/%252561dmin/x",
    "//admin",
    "///admin/x",
    "/./admin",
    "/%2e/admin",
    "/x/../admin",
    "/x/..//admin",
    "/x//../admin",
    "/x/%2e%2e/admin",
    "/x/%2E./admin/y",
    "/x/.%2e/admin",
    "/x/%252e%252e/admin",
    "/x/%25252e%25252e/admin",
    "/x/..%2fadmin",
    "/x/..%2Fadmin/y",
    "/x%2f..%2fadmin",
    "/x%2f%2e%2e%2fadmin",
    "/x/%2e%2e%2fadmin",
    "/x/..%252fadmin",
    "/x/..%5cadmin",
    "/x%5c..%5cadmin",
    "/x/..%255cadmin",
    "/x\\..\\admin",
    "/x/..\\admin",
    "/\\admin",
    "\\admin",
    "/%5cadmin",
    "/%2fadmin",
    "/%2Fadmin/x",
    "//x/admin",
    "///x/admin",
    "////x//admin/y",
    "/\\/x/admin",
    "/%2fx/admin",
    "/\\x\\admin",
    "/../admin",
    "/x/../../../admin",
    "/admin;",
    "/admin;x=y/z",
    "/;/admin",
    "/;x/admin",
    "/x/..;/admin",
    "/x/..;a=b/admin/y",
    "/x/%2e%2e;/admin",
    "/x/..%3b/admin",
    "/admin%3bx",
    "/admin%3fx",
    "/admin%23x",
    "/admin%2fx",
    "/admin%5cx",
    "/admin%2f..%2fx",
    "/admin/..",
    "/admin/../x",
    "/admin/%2e%2e/x",
    "/x/../admin/.",
    "/admin%00",
    "/admin%00.html",
    "/admin%0a",
    "/admin%09/x",
    "/%u0061dmin",
    "/admin%",
    "/adm%zzin",
    "/%c0%afadmin",
    "/x/..%c0%afadmin",
    "/x/%c0%ae%c0%ae/admin",
    "/%e0%80%afadmin",
    "/x/..%c1%9cadmin",
    "/x%2f%252e%252e%252fadmin",
    "/x/%252e%252e%252fadmin",
    "/public/../admin",
    "/public/..%2fadmin",
    "/public/..;/admin/x",
    "/public/%2e%2e/%61dmin",
    "/public%2f..%2fadmin",
    "//public/../admin",
    "/public//../admin",
];

/// What isn't only below /public, where nobody needs a certificate.
const NOT_PUBLIC: &[&str] = &[
    "/",
    "/x",
    "/publicx",
    "/Public/x",
    "/public/../x",
    "/public/..",
    "/public/../",
    "/public/%2e%2e/x",
    "/public/%252e%252e/x",
    "/public/..%2fx",
    "/public/..%5cx",
    "/public/..\\x",
    "/public/..;/x",
    "/public/..;a/x",
    "/public/..%3bx/x",
    "/public/x/../../y",
    "/public%2f..%2fx",
    "/x/../public",
    "/x/..%2fpublic/y",
    "/%2e%2e/public",
    "//public/x",
    "//public",
    "/\\public/x",
    "/x;/../public",
    "/%70ublic/x",
    "/public%2fx",
    "/public%3f/../x",
    "/public;x/../y",
    "/public/%00",
    "/public/%c0%ae%c0%ae/x",
    "/public/..%c0%afx",
    "/healthz/",
    "/healthz/x",
    "/healthz;x",
    "/healthz%3fx",
    "/healthz/..",
    "/%68ealthz",
    "/x/../healthz",
    "//healthz",
    "/./healthz",
    "*",
    "",
    "public",
    "healthz",
    "?/public/x",
];

struct World {
    gate: Certgate,
    upstream: upstream::Http,
    alice: Client,
    admin: Client,
}

fn world() -> World {
    let pki = Pki::new();
    let upstream = upstream::http(|request| upstream::ok(request.path()));
    let toml = format!(
        r#"
        upstream = "{}"
        [[route]]
        prefix = "/"
        deny = ["cn:nobody"]
        [[route]]
        prefix = "/public"
        client-auth = "off"
        [[route]]
        path = "/healthz"
        client-auth = "off"
        [[route]]
        prefix = "/admin"
        allow = ["ou:Admins"]
        "#,
        upstream.url
    );
    World {
        gate: places::serve(&pki).config(&toml).start(),
        upstream,
        alice: client::with(&pki.client),
        admin: client::with(&of_unit("root", "Admins", &pki)),
    }
}

impl World {
    /// A request of HTTP/1.1 with this target, as it is; 0 if there is no answer.
    fn http1(&self, client: &Client, method: &str, target: &str) -> u16 {
        let mut connection = client.connect(self.gate.address).unwrap();
        let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        connection
            .request(&request)
            .map_or(0, |answer| answer.status)
    }

    /// The same in HTTP/2.
    fn http2(&self, client: &Client, path: &str) -> Verdict {
        let client = client.clone().alpn(b"\x02h2");
        let mut raw = Raw::new(client.connect(self.gate.address).unwrap());
        let fields = [
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", "localhost"),
            (":path", path),
        ];
        raw.headers(1, &fields, true);
        raw.verdict(1)
    }

    #[track_caller]
    fn reaches_nothing(&self, client: &Client, path: &str) {
        let absolute = format!("https://localhost{path}");
        for (method, target) in [("GET", path), ("POST", path), ("GET", &absolute)] {
            let status = self.http1(client, method, target);
            assert!(
                matches!(status, 400 | 403 | 0),
                "{method} {target}: {status}"
            );
        }
        let verdict = self.http2(client, path);
        assert!(
            verdict != Verdict::Status(200),
            "{path} in HTTP/2: {verdict:?}"
        );
        let seen = self.upstream.more();
        assert!(seen.is_empty(), "{path}: {seen:?}");
    }
}

#[test]
fn of_what_is_forbidden_nothing_arrives() {
    assert!(ADMIN.len() >= 40);
    let world = world();
    for path in ADMIN {
        world.reaches_nothing(&world.alice, path);
    }
}

#[test]
fn without_a_certificate_only_what_is_open_arrives() {
    let world = world();
    let nobody = client::anonymous();
    for path in NOT_PUBLIC.iter().chain(ADMIN) {
        world.reaches_nothing(&nobody, path);
    }
    for target in ["localhost:443", "/public/x"] {
        assert!(matches!(world.http1(&nobody, "CONNECT", target), 400 | 405));
    }
    assert_eq!(world.http1(&nobody, "OPTIONS", "*"), 400);
    assert_eq!(world.upstream.more().len(), 0);
}

/// Many servers don't tell a path with a closing slash from one without.
#[test]
fn a_closing_slash_leads_around_no_exact_path() {
    let pki = Pki::new();
    let upstream = upstream::http(|request| upstream::ok(request.path()));
    let toml = format!(
        r#"
        upstream = "{}"
        [[route]]
        path = "/secret"
        deny = ["cn:alice"]
        [[route]]
        path = "/vault/"
        deny = ["cn:alice"]
        [[route]]
        path = "/both"
        deny = ["cn:alice"]
        [[route]]
        path = "/both/"
        "#,
        upstream.url
    );
    let world = World {
        gate: places::serve(&pki).config(&toml).start(),
        upstream,
        alice: client::with(&pki.client),
        admin: client::anonymous(),
    };
    for path in [
        "/secret",
        "/secret/",
        "/secret//",
        "/secret/.",
        "/secret/x/..",
        "/secret;/",
        "/%73ecret/",
        "/vault",
        "/vault/",
        "/vault;x",
        "/x/..%2fvault",
        "/both",
    ] {
        world.reaches_nothing(&world.alice, path);
    }
    for path in ["/secret/x", "/secrets", "/vault/x", "/both/"] {
        assert_eq!(world.http1(&world.alice, "GET", path), 200, "{path}");
        assert_eq!(world.upstream.request().path(), path);
    }
}

/// Whoever may ask for each reading gets it, and the upstream reads what the client wrote.
#[test]
fn what_is_permitted_arrives_as_it_was_written() {
    let world = world();
    let mut arrived = 0;
    for path in ADMIN {
        match world.http1(&world.admin, "GET", path) {
            200 => assert_eq!(world.upstream.request().path(), *path),
            status => assert_eq!(status, 400, "{path}"),
        }
        if world.http2(&world.admin, path) == Verdict::Status(200) {
            assert_eq!(world.upstream.request().path(), *path);
            arrived += 1;
        }
    }
    assert!(arrived > 40, "{arrived}");
    let nobody = client::anonymous();
    for path in [
        "/public",
        "/public/",
        "/public/x%20y",
        "/public//x",
        "/public/a%2Fb;c=d",
        "/public/x/../y?z=/../admin",
        "/public/gr%C3%BC%C3%9Fe",
        "/public/caf%e9",
        "/public/100%25",
        "/healthz",
        "/healthz?x",
    ] {
        assert_eq!(world.http1(&nobody, "GET", path), 200, "{path}");
        assert_eq!(world.upstream.request().path(), path);
        assert_eq!(world.http2(&nobody, path), Verdict::Status(200), "{path}");
        assert_eq!(world.upstream.request().path(), path);
    }
}

/// A field with another path in it doesn't arrive: frameworks and IIS take it for the one that is asked for.
#[test]
fn no_field_names_another_path() {
    let world = world();
    let mut connection = client::anonymous().connect(world.gate.address).unwrap();
    for name in ["X-Original-URL", "X_Rewrite_Url", "x-original-uri"] {
        let request = format!("GET /public HTTP/1.1\r\nHost: localhost\r\n{name}: /admin\r\n\r\n");
        assert_eq!(connection.request(&request).unwrap().status, 200);
        let arrived = world.upstream.request();
        assert!(!arrived.head.contains("/admin"), "{}", arrived.head);
    }
}

/// A path with more readings than anybody needs is no work for the gateway.
#[test]
fn confusing_paths_are_refused_at_once() {
    let world = world();
    let deep = format!("/public/%{}41", "25".repeat(100));
    let long = format!("/public/{}", "..;/%2e%2e%2f\\".repeat(1000));
    for path in [&deep, &long] {
        assert_eq!(world.http1(&world.admin, "GET", path), 400);
    }
    assert_eq!(world.upstream.more().len(), 0);
}
