//! `/metrics` tells when the certificates in use end, and the revocation lists.

use crate::support::certgate::Certgate;
use crate::support::crl;
use crate::support::crl_server::CrlServer;
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

const CERTIFICATES: &str = "certgate_certificate_not_after_timestamp_seconds";
const LISTS: &str = "certgate_crl_next_update_timestamp_seconds";

/// Both labels, by their names, and days left of each that is told.
fn told(gate: &Certgate, name: &str) -> Vec<(String, String, i64)> {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let text = gate.admin("/metrics").text();
    let lines = text.lines().filter_map(|line| line.strip_prefix(name));
    let told = lines.map(|line| {
        let (labels, value) = line.rsplit_once(' ').unwrap();
        let [_, first, _, second, _] = labels.split('"').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let left: f64 = value.parse::<f64>().unwrap() - now;
        let days = (left / DAY as f64).round() as i64;
        (first.to_owned(), second.to_owned(), days)
    });
    told.collect()
}

#[track_caller]
fn are(gate: &Certgate, expected: &[(&str, &str, i64)]) {
    tells(gate, CERTIFICATES, expected);
}

#[track_caller]
fn tells(gate: &Certgate, name: &str, expected: &[(&str, &str, i64)]) {
    let expected = expected.iter();
    let expected = expected.map(|(one, two, days)| (one.to_string(), two.to_string(), *days));
    assert_eq!(told(gate, name), expected.collect::<Vec<_>>());
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

/// A list that ends in so many days.
fn list(issuer: &Identity, days: i64) -> String {
    crl::of(issuer).until(days * DAY).pem()
}

#[test]
fn of_each_site_and_issuer_the_list_that_nothing_follows() {
    let pki = Pki::new();
    let [one, two] = ["One", "Two"].map(|name| pki::authority(name).self_signed());
    let builder = places::serve(&pki)
        .identity("b", &server(&pki, 40))
        .identity("c", &server(&pki, 40))
        .authority("one", &one);
    let put = |name: &str, lists: &[String]| {
        std::fs::write(builder.directory().join(name), lists.concat()).unwrap();
    };
    // The old list is still in the file.
    put(
        "a.pem",
        &[list(&pki.ca, 2), list(&two, 9), list(&pki.ca, 5)],
    );
    put("b.pem", &[list(&one, 20)]);
    let site = |name: &str, more: &str| {
        format!(
            "[[site]]\nnames = [\"{name}.example\"]\n{more}\n\
             certificate = \"DIR/{name}.cer\"\ncertificate-key = \"DIR/{name}.key\"\n"
        )
    };
    let open = site("c", "client-auth = \"off\"");
    let own = site("b", "client-ca = \"DIR/one.pem\"\ncrl = \"DIR/b.pem\"");
    let both = format!("crl = \"DIR/a.pem\"\n{own}{open}");
    let gate = builder.config(&both).start();
    let [ca, first, second] = ["CN=Test CA,O=Tests", "CN=One,O=Tests", "CN=Two,O=Tests"];
    let (of_ca, of_two) = ((ca, "", 5), (second, "", 9));
    // None where nobody is asked for a certificate.
    tells(&gate, LISTS, &[(first, "b.example", 20), of_ca, of_two]);
    let path = |name: &str| gate.directory().join(name);
    std::fs::write(path("b.pem"), list(&one, 30)).unwrap();
    gate.reload();
    tells(&gate, LISTS, &[(first, "b.example", 30), of_ca, of_two]);
    // A list and a site are gone, and what can't be read takes nothing's place.
    std::fs::write(path("a.pem"), list(&pki.ca, 5)).unwrap();
    gate.configure(&format!("crl = \"DIR/a.pem\"\n{open}"));
    gate.reload();
    tells(&gate, LISTS, &[of_ca]);
    std::fs::write(path("a.pem"), "no list").unwrap();
    assert_eq!(gate.hang_up(), "failed");
    tells(&gate, LISTS, &[of_ca]);
    gate.configure("crl = []\n");
    gate.reload();
    tells(&gate, LISTS, &[]);
}

/// What is fetched has a metric of its own, and can follow what is in a file.
#[test]
fn of_lists_by_url_none() {
    let pki = Pki::new();
    let fetched = CrlServer::list(list(&pki.ca, 7));
    let builder = places::serve(&pki);
    std::fs::write(builder.directory().join("a.pem"), list(&pki.ca, 20)).unwrap();
    let url = fetched.url();
    let gate = builder
        .config(&format!("crl = [\"DIR/a.pem\", \"{url}\"]\n"))
        .start();
    tells(&gate, LISTS, &[("CN=Test CA,O=Tests", "", 20)]);
    std::fs::write(gate.directory().join("a.pem"), list(&pki.ca, 3)).unwrap();
    gate.reload();
    tells(&gate, LISTS, &[]);
    let newest = gate.metric(&format!(
        "certgate_fetch_next_update_seconds{{source=\"{url}\"}}"
    ));
    assert!(newest > 1.7e9, "{newest}");
}

#[test]
fn of_many_issuers_a_hundred() {
    let pki = Pki::new();
    let builder = places::serve(&pki);
    let lists: Vec<_> = (1..=102)
        .map(|days| list(&pki::authority(&days.to_string()).self_signed(), days))
        .collect();
    std::fs::write(builder.directory().join("a.pem"), lists.concat()).unwrap();
    let gate = builder.config("crl = \"DIR/a.pem\"\n").start();
    let told = told(&gate, LISTS);
    assert_eq!(told.len(), 100);
    assert!(told.iter().all(|(_, _, days)| *days <= 100), "{told:?}");
}
