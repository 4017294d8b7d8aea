//! `/metrics` tells when the certificates in use end.

use crate::support::certgate::Certgate;
use crate::support::pki::{self, Identity, Pki, Recipe};
use crate::support::places;

const DAY: i64 = 86_400;

/// A server's certificate that ends in so many days.
fn server(pki: &Pki, days: i64) -> Identity {
    let recipe = Recipe {
        not_after: days * DAY,
        ..pki::server()
    };
    recipe.signed_by(&pki.ca)
}

/// Kind, site and days left of each that is told.
fn told(gate: &Certgate) -> Vec<(String, String, i64)> {
    const NAME: &str = "certgate_certificate_not_after_timestamp_seconds";
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let text = gate.admin("/metrics").text();
    let lines = text.lines().filter_map(|line| line.strip_prefix(NAME));
    let told = lines.map(|line| {
        let (labels, value) = line.split_once(' ').unwrap();
        let [_, kind, _, site, _] = labels.split('"').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let left: f64 = value.parse::<f64>().unwrap() - now;
        let days = (left / DAY as f64).round() as i64;
        (kind.to_owned(), site.to_owned(), days)
    });
    told.collect()
}

#[track_caller]
fn are(gate: &Certgate, expected: &[(&str, &str, i64)]) {
    let expected = expected.iter();
    let expected = expected.map(|(kind, site, days)| (kind.to_string(), site.to_string(), *days));
    assert_eq!(told(gate), expected.collect::<Vec<_>>());
}

#[test]
fn of_each_site_those_in_use_and_no_others() {
    let pki = Pki::new();
    let authority = |name: &str, days: i64| {
        let recipe = Recipe {
            not_after: days * DAY,
            ..pki::authority(name)
        };
        recipe.self_signed().certificate_pem()
    };
    let builder = places::serve(&pki)
        .identity("b", &server(&pki, 40))
        .identity("c", &server(&pki, 8));
    let authorities =
        [("One", 90), ("Two", 20), ("Three", 60)].map(|(name, days)| authority(name, days));
    std::fs::write(builder.directory().join("ca.pem"), authorities.concat()).unwrap();
    let site = |name: &str, file: &str| {
        format!(
            "[[site]]\nnames = [\"{name}.example\"]\nclient-auth = \"off\"\n\
             certificate = \"DIR/{file}.cer\"\ncertificate-key = \"DIR/{file}.key\"\n"
        )
    };
    let gate = builder
        .config(&format!("client-ca = \"DIR/ca.pem\"\n{}", site("b", "b")))
        .start();
    gate.replace_server(&server(&pki, 10));
    gate.reload();
    // The first of a client CA's; none of a site that asks for no certificate.
    let ca = ("client_ca", "", 20);
    are(
        &gate,
        &[ca, ("server", "", 10), ("server", "b.example", 40)],
    );
    gate.replace_server(&server(&pki, 300));
    gate.reload();
    are(
        &gate,
        &[ca, ("server", "", 300), ("server", "b.example", 40)],
    );
    // Another certificate, and a site that is gone.
    gate.configure(&format!("client-ca = \"DIR/ca.pem\"\n{}", site("c", "c")));
    gate.reload();
    are(
        &gate,
        &[ca, ("server", "", 300), ("server", "c.example", 8)],
    );
    // What isn't in use isn't told: a certificate whose key isn't there.
    gate.replace(places::CERTIFICATE, &server(&pki, 5).certificate_pem());
    assert_eq!(gate.hang_up(), "failed");
    are(
        &gate,
        &[ca, ("server", "", 300), ("server", "c.example", 8)],
    );
}
