//! `/status.json` tells the state of things.

use serde_json::{Value, json};

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::pki::{self, Pki};
use crate::support::returning::admitted;
use crate::support::{crl, places};

fn told(gate: &Certgate, path: &str) -> Value {
    serde_json::from_slice(&gate.admin(path).body).unwrap()
}

fn status(gate: &Certgate) -> Value {
    told(gate, "/status.json")
}

#[test]
fn tells_each_site_and_whom_it_trusts() {
    let pki = Pki::new();
    let next = pki::authority("Next CA").self_signed();
    let builder = places::serve(&pki)
        .authority("next", &next)
        .identity("b", &pki::server().signed_by(&pki.ca));
    let list = crl::of(&pki.ca).of_nobody(3).pem();
    std::fs::write(builder.directory().join("list.pem"), list).unwrap();
    let gate = builder
        .config(
            "crl = \"DIR/list.pem\"\ndeny = [\"cn:a\", \"cn:b\"]\n[shadow]\nclient-ca = \"DIR/next.pem\"\ncrl = []\n\
             [[site]]\nnames = [\"b.example\", \"*.b.example\"]\nclient-auth = \"off\"\nupstream = \"tcp://127.0.0.1:1\"\n\
             certificate = \"DIR/b.cer\"\ncertificate-key = \"DIR/b.key\"\ndeny = []\n",
        )
        .start();
    let response = gate.admin("/status.json");
    assert_eq!(response.header("content-type"), Some("application/json"));
    let told = status(&gate);
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["phase"], "ready");
    assert!(told["uptime_seconds"].is_u64());
    assert_eq!(told["last_reload"], Value::Null);
    let [first, second] = told["sites"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    assert_eq!(first["names"], json!([]));
    assert_eq!(
        (&first["client_auth"], &first["content"]),
        (&json!("required"), &json!("static"))
    );
    assert_eq!(first["certificates"][0]["subject"], "CN=localhost,O=Tests");
    let days = first["certificates"][0]["days_left"].as_i64().unwrap();
    assert!(
        [0, 1].contains(&days),
        "a day, less what this takes: {days}"
    );
    assert_eq!(first["client_ca_count"], 1);
    assert_eq!(first["client_ca"][0]["subject"], "CN=Test CA,O=Tests");
    assert_eq!(first["crls"][0]["entries"], 3);
    assert_eq!(first["crls"][0]["issuer"], "CN=Test CA,O=Tests");
    let next_update = first["crls"][0]["next_update"].as_str().unwrap();
    assert!(humantime::parse_rfc3339(next_update).unwrap() > std::time::SystemTime::now());
    assert_eq!(first["rules"], json!({"allow": 0, "deny": 2}));
    let shadow = &first["shadow"];
    assert_eq!(shadow["client_ca"][0]["subject"], "CN=Next CA,O=Tests");
    assert_eq!(
        (&shadow["crls"], &shadow["rules"]["deny"]),
        (&Value::Null, &json!(2))
    );
    assert_eq!(second["names"], json!(["b.example", "*.b.example"]));
    assert_eq!(
        (&second["client_auth"], &second["content"]),
        (&json!("off"), &json!("tunnel"))
    );
    assert_eq!(
        (&second["client_ca_count"], &second["shadow"]),
        (&json!(0), &Value::Null)
    );
}

#[test]
fn tells_what_happened() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .config("[shadow]\ndeny = [\"cn:alice\"]\n")
        .start();
    admitted(&gate, &pki.client);
    client::anonymous().refusal(gate.address);
    gate.counts("certgate_handshakes_total{result=\"refused\"}", 1.0);
    gate.counts(
        "certgate_shadow_total{outcome=\"same_refused\",reason=\"\"}",
        1.0,
    );
    gate.counts(
        "certgate_shadow_total{outcome=\"would_refuse\",reason=\"denied\"}",
        2.0,
    );
    gate.reload();
    let told = status(&gate);
    assert_eq!(told["connections"]["accepted"], 3);
    assert_eq!(
        told["handshakes"],
        json!({"full": 2, "resumed": 0, "refused": 1})
    );
    assert_eq!(told["refusals"], json!({"no_certificate": 1}));
    assert_eq!(told["reloads"], json!({"ok": 1, "failed": 0}));
    assert_eq!(told["shadow"]["would_refuse"], json!({"denied": 2}));
    assert_eq!(told["shadow"]["same_refused"], 1);
    assert_eq!(
        (
            &told["last_reload"]["result"],
            &told["last_reload"]["cause"]
        ),
        (&json!("ok"), &json!("SIGHUP"))
    );
    gate.configure("nonsense = 1\n");
    assert_eq!(gate.hang_up(), "failed");
    let told = status(&gate)["last_reload"].clone();
    assert_eq!(told["result"], "failed");
    let place = told["findings"][0]["place"].as_str().unwrap();
    assert!(place.starts_with("nonsense in "), "{place}");
}

#[test]
fn the_inventory_comes_in_pages() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    for number in 0..5 {
        let client = pki::Recipe {
            not_after: 86_400 * (10 - number) + 600,
            ..pki::client(&format!("client {number}"))
        };
        client::with(&client.signed_by(&pki.ca))
            .get(gate.address, "/")
            .unwrap();
    }
    let days = |query: &str| {
        let told = told(&gate, &format!("/status.json?{query}"));
        let told = &told["client_certificates"];
        assert_eq!(told["known"], 5);
        let entries = told["entries"].as_array().unwrap().iter();
        entries
            .map(|entry| entry["days_left"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(days(""), [6, 7, 8, 9, 10]);
    assert_eq!(days("limit=2"), [6, 7]);
    assert_eq!(days("limit=2&offset=4"), [10]);
    assert_eq!(days("offset=5"), [0; 0]);
    for wrong in ["limit=many", "limit=10001", "offset=-1"] {
        let response = gate.admin(&format!("/status.json?{wrong}"));
        assert_eq!(response.status, 400, "{wrong}");
    }
}

/// Names are the clients' own: they are data, wherever they are told.
#[test]
fn names_stay_names() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let name = "<script>\"'&\\\n\u{1}</b>";
    let client = pki::client(name).signed_by(&pki.ca);
    client::with(&client).get(gate.address, "/").unwrap();
    let told = status(&gate);
    let subject = told["client_certificates"]["entries"][0]["subject"]
        .as_str()
        .unwrap();
    assert!(
        subject.contains("script") && !subject.contains('\n'),
        "{subject}"
    );
    let page = gate.admin("/");
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let html = page.text();
    assert!(
        html.contains("&lt;script") && !html.contains("<script"),
        "{html}"
    );
    for unwanted in ["src=", "href=\"http", "url(", "@import"] {
        assert!(!html.contains(unwanted), "{unwanted}");
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
}
