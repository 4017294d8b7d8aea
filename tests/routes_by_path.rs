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
