//! Whether a request needs a certificate is its route's affair; a bad one is refused in the handshake, wherever it wants to go.

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::http2_client;
use crate::support::pki::{self, Identity, Pki, Recipe};
use crate::support::places;
use crate::support::routes::of_unit;

fn serve(pki: &Pki, toml: &str) -> Certgate {
    places::serve(pki)
        .content("html", "content")
        .content("html/r", "content")
        .config(&format!("root = \"DIR/html\"\n{toml}"))
        .start()
}

/// Statuses of `/` and `/r/` on one connection, also on one that resumes, in each version and in HTTP/2; `None` if the
/// handshake says no.
#[track_caller]
fn statuses(gate: &Certgate, client: &Client) -> Option<[u16; 2]> {
    let mut seen = Vec::new();
    for client in [client.clone().tls12(), client.clone().tls13()] {
        let visit = |client: &Client| {
            let mut connection = client.connect(gate.address).ok()?;
            let found = [
                connection.get("/").ok()?.status,
                connection.get("/r/").ok()?.status,
            ];
            connection.close();
            Some((found, connection.resumed(), connection.ticket()))
        };
        let first = visit(&client);
        seen.push(first.as_ref().map(|(found, ..)| *found));
        if let Some((_, _, ticket)) = first {
            let (found, resumed, _) = visit(&client.clone().session(ticket.unwrap())).unwrap();
            assert!(resumed);
            seen.push(Some(found));
        }
        if let Some(found) = seen[0] {
            let mut connection = http2_client::connect(&client, gate.address);
            let status = |path| connection.request("GET", path, "").status().as_u16();
            assert_eq!(["/", "/r/"].map(status), found);
        }
    }
    assert!(seen.iter().all(|found| *found == seen[0]), "{seen:?}");
    seen[0]
}

#[test]
fn required_optional_and_off() {
    let pki = Pki::new();
    for (site, route, anonymous) in [
        ("required", "required", None),
        ("required", "optional", Some([403, 200])),
        ("required", "off", Some([403, 200])),
        ("optional", "required", Some([200, 403])),
        ("optional", "off", Some([200, 200])),
        ("off", "required", Some([200, 403])),
        ("off", "optional", Some([200, 200])),
    ] {
        let toml = format!(
            "client-auth = \"{site}\"\n[[route]]\nprefix = \"/r\"\nclient-auth = \"{route}\"\n"
        );
        let gate = serve(&pki, &toml);
        let found = statuses(&gate, &client::anonymous());
        assert_eq!(found, anonymous, "{site}, {route}");
        let found = statuses(&gate, &client::with(&pki.client));
        assert_eq!(found, Some([200, 200]), "{site}, {route}");
        for bad in bad(&pki) {
            assert_eq!(
                statuses(&gate, &client::with(&bad)),
                None,
                "{site}, {route}"
            );
        }
    }
}

fn bad(pki: &Pki) -> [Identity; 2] {
    let expired = Recipe {
        not_after: -60,
        ..pki::client("alice")
    };
    [
        pki::client("alice").signed_by(&pki::authority("Other CA").self_signed()),
        expired.signed_by(&pki.ca),
    ]
}

/// Nobody is asked where neither the site nor a route wants to know.
#[test]
fn off_everywhere_asks_nobody() {
    let pki = Pki::new();
    let toml = "client-auth = \"off\"\n[[route]]\nprefix = \"/r\"\n[[route]]\nprefix = \"/s\"\nclient-auth = \"off\"\n";
    let gate = serve(&pki, toml);
    for identity in bad(&pki) {
        assert_eq!(statuses(&gate, &client::with(&identity)), Some([200, 200]));
    }
}

/// The site's rules hold in the handshake for whoever shows a certificate; a route's narrow them.
#[test]
fn rules_of_the_site_and_of_the_route() {
    let pki = Pki::new();
    let toml = r#"
        allow = ["o:Tests"]
        deny = ["cn:mallory"]
        [[route]]
        prefix = "/r"
        allow = ["ou:Admins", "cn:mallory", "cn:stranger"]
        deny = ["cn:eve"]
    "#;
    let gate = serve(&pki, toml);
    let of_other = {
        let mut name = openssl::x509::X509Name::builder().unwrap();
        name.append_entry_by_text("CN", "stranger").unwrap();
        let recipe = Recipe {
            subject: Some(name.build().to_der().unwrap()),
            ..pki::client("stranger")
        };
        recipe.signed_by(&pki.ca)
    };
    for (who, expected) in [
        (of_unit("root", "Admins", &pki), Some([200, 200])),
        (of_unit("alice", "Users", &pki), Some([200, 403])),
        (of_unit("eve", "Admins", &pki), Some([200, 403])),
        (of_unit("mallory", "Admins", &pki), None),
        (of_other, None),
    ] {
        assert_eq!(statuses(&gate, &client::with(&who)), expected);
    }
    assert_eq!(statuses(&gate, &client::anonymous()), None);
}

/// With allow rules nobody comes in whom nobody knows: only `off` says that it doesn't matter.
#[test]
fn allow_rules_and_no_certificate() {
    let pki = Pki::new();
    for (toml, expected) in [
        (
            "allow = [\"o:Tests\"]\n[[route]]\nprefix = \"/r\"\nclient-auth = \"optional\"\n",
            None,
        ),
        (
            "allow = [\"o:Tests\"]\n[[route]]\nprefix = \"/r\"\nclient-auth = \"off\"\n",
            Some([403, 200]),
        ),
        (
            "[[route]]\nprefix = \"/r\"\nclient-auth = \"optional\"\nallow = [\"o:Tests\"]\n",
            None,
        ),
        (
            "client-auth = \"optional\"\n[[route]]\nprefix = \"/r\"\nallow = [\"o:Tests\"]\n",
            Some([200, 403]),
        ),
        (
            "deny = [\"cn:mallory\"]\n[[route]]\nprefix = \"/r\"\nclient-auth = \"optional\"\n",
            Some([403, 200]),
        ),
        (
            "[[route]]\nprefix = \"/r\"\nclient-auth = \"optional\"\ndeny = [\"cn:mallory\"]\n",
            Some([403, 200]),
        ),
    ] {
        let gate = serve(&pki, toml);
        assert_eq!(statuses(&gate, &client::anonymous()), expected, "{toml}");
        assert_eq!(
            statuses(&gate, &client::with(&pki.client)),
            Some([200, 200]),
            "{toml}"
        );
    }
}

/// With `refusal = "page"` a request that isn't served gets that page; a bad certificate reaches nothing open.
#[test]
fn with_the_page() {
    let pki = Pki::new();
    let toml = "refusal = \"page\"\n[[route]]\nprefix = \"/r\"\nclient-auth = \"off\"\n";
    let gate = serve(&pki, toml);
    let [stranger, _] = bad(&pki);
    for (client, path, status) in [
        (client::anonymous(), "/r/", 200),
        (client::anonymous(), "/", 403),
        (client::with(&stranger), "/", 403),
        (client::with(&stranger), "/r/", 403),
    ] {
        let answer = client.get(gate.address, path).unwrap();
        assert_eq!(answer.status, status, "{path}");
        let is_page = answer.text().contains("A client certificate is needed");
        assert_eq!(is_page, status == 403, "{path}");
    }
}
