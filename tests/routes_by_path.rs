//! A route is for a path, or for one and all below it: its content, its rules, and whether a certificate is needed.

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::http::Response;
use crate::support::pki::Pki;
use crate::support::places;
use crate::support::routes::of_unit;
use crate::support::{http2_client, upstream};

#[track_caller]
fn get(gate: &Certgate, client: &Client, path: &str) -> Response {
    client.get(gate.address, path).unwrap()
}

/// Who comes without a certificate gets what is open, and nothing else.
#[test]
fn open_and_for_one_unit_only() {
    let pki = Pki::new();
    let upstream = upstream::http(|request| upstream::ok(request.path()));
    let toml = format!(
        r#"
        upstream = "{}"
        [[route]]
        path = "/healthz"
        client-auth = "off"
        [[route]]
        prefix = "/admin"
        allow = ["ou:Admins"]
        "#,
        upstream.url
    );
    let gate = places::serve(&pki).config(&toml).start();
    let admin = client::with(&of_unit("root", "Admins", &pki));
    let alice = client::with(&pki.client);
    let nobody = client::anonymous();
    for (path, expected) in [
        ("/healthz", [200, 200, 200]),
        ("/healthz?x=/admin", [200, 200, 200]),
        ("/admin", [403, 403, 200]),
        ("/admin/", [403, 403, 200]),
        ("/admin/x?y", [403, 403, 200]),
        ("/administrator", [403, 200, 200]),
        ("/Admin", [403, 200, 200]),
        ("/healthz/x", [403, 200, 200]),
        ("/", [403, 200, 200]),
    ] {
        for (client, status) in [&nobody, &alice, &admin].into_iter().zip(expected) {
            for client in [client.clone().tls12(), client.clone().tls13()] {
                let answer = get(&gate, &client, path);
                assert_eq!(answer.status, status, "{path}");
                assert_eq!(upstream.more().len(), usize::from(status == 200), "{path}");
            }
            let answer = http2_client::connect(client, gate.address).request("GET", path, "");
            assert_eq!(answer.status().as_u16(), status, "{path}");
            assert_eq!(upstream.more().len(), usize::from(status == 200), "{path}");
        }
    }
}

/// The longest prefix wins, the exact path before it, in whatever order they are written; a route has its own
/// content, or its site's, or that of an equal upstream.
#[test]
fn each_path_has_its_content() {
    let pki = Pki::new();
    let api = upstream::http(|_| upstream::ok("api"));
    let routes = [
        "[[route]]\nprefix = \"/a\"\nroot = \"DIR/a\"\n".to_owned(),
        format!(
            "[[route]]\nprefix = \"/a/b/\"\nupstream = \"{}\"\n",
            api.url
        ),
        format!(
            "[[route]]\nprefix = \"/other\"\nupstream = \"{}\"\n",
            api.url
        ),
        "[[route]]\npath = \"/a/b/index.html\"\nroot = \"DIR/exact\"\n".to_owned(),
        "[[route]]\nprefix = \"/a b/ü\"\nroot = \"DIR/odd\"\n".to_owned(),
        "[[route]]\nprefix = \"/a/site\"\n".to_owned(),
    ];
    let backwards: Vec<_> = routes.iter().rev().cloned().collect();
    for routes in [routes.to_vec(), backwards] {
        let toml = format!("root = \"DIR/site\"\n{}", routes.concat());
        let gate = places::serve(&pki)
            .content("site", "site")
            .content("site/a/site", "below the site's root")
            .content("a/a", "a")
            .content("exact/a/b", "exact")
            .content("odd/a b/ü", "odd")
            .config(&toml)
            .start();
        let client = client::with(&pki.client);
        let before = api.accepted();
        for (path, status, text) in [
            ("/", 200, "site"),
            ("/a/", 200, "a"),
            ("/a", 301, ""),
            ("/a/none", 404, ""),
            ("/ab", 404, ""),
            ("/a/b", 200, "api"),
            ("/a/b/", 200, "api"),
            ("/a/b/c?d", 200, "api"),
            ("/other", 200, "api"),
            ("/a/b/index.html", 200, "exact"),
            ("/a/site/", 200, "below the site's root"),
            ("/a%20b/%C3%BC/", 200, "odd"),
            ("/a//../a/./", 200, "a"),
        ] {
            let answer = get(&gate, &client, path);
            assert_eq!(answer.status, status, "{path}");
            assert!(
                status != 200 || answer.text() == text,
                "{path}: {}",
                answer.text()
            );
        }
        assert_eq!(
            api.accepted(),
            before + 1,
            "equal upstreams share connections"
        );
    }
}

/// A `[[site]]` has the routes from outside of the blocks, or its own in their place.
#[test]
fn sites_have_their_own() {
    let pki = Pki::new();
    let toml = r#"
        root = "DIR/html"
        [[route]]
        path = "/open"
        client-auth = "off"
        [[site]]
        names = ["same.example"]
        [[site]]
        names = ["own.example"]
        [[site.route]]
        prefix = "/admin"
        allow = ["ou:Admins"]
        [[site]]
        names = ["none.example"]
        route = []
    "#;
    let gate = places::serve(&pki)
        .content("html", "content")
        .config(toml)
        .start();
    let ask = |client: Client, host: &str, path: &str| {
        let mut connection = client.sni(host).connect(gate.address).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Some(connection.request(&request).ok()?.status)
    };
    for (host, anonymous, known) in [
        ("localhost", [Some(404), Some(403)], [404, 404]),
        ("same.example", [Some(404), Some(403)], [404, 404]),
        ("own.example", [None, None], [404, 403]),
        ("none.example", [None, None], [404, 404]),
    ] {
        for (index, path) in ["/open", "/admin"].into_iter().enumerate() {
            let found = ask(client::anonymous(), host, path);
            assert_eq!(found, anonymous[index], "{host}{path}");
            let found = ask(client::with(&pki.client), host, path);
            assert_eq!(found, Some(known[index]), "{host}{path}");
        }
    }
}

/// The log says which rule of which route; the client gets the same answer whatever it was.
#[test]
fn the_reason_is_in_the_log_only() {
    let pki = Pki::new();
    let toml = r#"
        root = "DIR/html"
        [[route]]
        prefix = "/open"
        client-auth = "off"
        [[route]]
        prefix = "/admin"
        allow = ["ou:Admins"]
        [[route]]
        path = "/private"
        deny = ["cn:alice"]
    "#;
    let gate = places::serve(&pki)
        .content("html", "content")
        .config(toml)
        .start();
    let alice = client::with(&pki.client);
    let mut bodies = Vec::new();
    for (client, path, reason, route, detail) in [
        (
            &alice,
            "/admin/x",
            "not_allowed",
            Some("/admin"),
            "let in by none of 1 allow rules",
        ),
        (
            &alice,
            "/private",
            "denied",
            Some("= /private"),
            "kept out by deny cn:alice",
        ),
        (
            &client::anonymous(),
            "/admin/y?secret",
            "no_certificate",
            Some("/admin"),
            "no certificate, and one is required",
        ),
        (&client::anonymous(), "/z%22%0a", "", None, ""),
        (
            &client::anonymous(),
            "/z",
            "no_certificate",
            None,
            "no certificate, and one is required",
        ),
    ] {
        let mut connection = client.connect(gate.address).unwrap();
        let from = connection.local().to_string();
        let answer = connection.get(path).unwrap();
        let served = gate.log_line(|line| line["event"] == "request" && line["client"] == from);
        assert_eq!(served["status"], answer.status);
        if reason.is_empty() {
            assert_eq!(answer.status, 400);
            continue;
        }
        assert_eq!(answer.status, 403);
        let line =
            gate.log_line(|line| line["event"] == "request_refused" && line["client"] == from);
        assert_eq!(line["reason"], reason, "{line}");
        assert_eq!(line["route"].as_str(), route, "{line}");
        assert_eq!(line["detail"], detail, "{line}");
        assert_eq!(line["method"], "GET");
        assert_eq!(line["path"], path.split('?').next().unwrap());
        let subject = (reason != "no_certificate").then_some("CN=alice,O=Tests");
        assert_eq!(line["subject"].as_str(), subject);
        // The connection is as good as it was.
        assert_eq!(connection.get("/open").unwrap().status, 404);
        bodies.push((answer.headers.len(), answer.text()));
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    for (reason, count) in [
        ("not_allowed", 1.0),
        ("denied", 1.0),
        ("no_certificate", 2.0),
    ] {
        gate.counts(
            &format!("certgate_request_refusals_total{{reason=\"{reason}\"}}"),
            count,
        );
        assert_eq!(
            gate.metric(&format!("certgate_refusals_total{{reason=\"{reason}\"}}")),
            0.0
        );
    }
}
