//! The cases with revocation lists of C2SP's x509-limbo (<https://x509-limbo.com>, Apache-2.0); `limbo.json` has
//! their certificates and lists, unchanged.

use openssl::x509::{X509, X509Crl};
use serde_json::Value;

use super::*;

fn texts(value: &Value) -> impl Iterator<Item = &[u8]> {
    let texts = value.as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap().as_bytes())
}

#[test]
fn agrees_with_x509_limbo() {
    let cases: Value = serde_json::from_str(include_str!("limbo.json")).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let id = case["id"].as_str().unwrap();
        let roots: Vec<_> = texts(&case["roots"])
            .map(|pem| X509::from_pem(pem).unwrap())
            .collect();
        let lists = texts(&case["crls"])
            .map(|pem| Crl::from_der(&X509Crl::from_pem(pem).unwrap().to_der().unwrap()));
        let leaf = X509::from_pem(case["leaf"].as_str().unwrap().as_bytes()).unwrap();
        let chain = [leaf.to_der().unwrap()];
        let verdict = lists
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| fault.to_string())
            .and_then(|lists| {
                let lists = lists.into_iter().map(Arc::new).collect();
                let trust = Trust {
                    revocation: Some(Revocation::new(lists, CrlCheck::Chain, CrlPolicy::Strict)),
                    ..Trust::of(&roots)
                };
                let verdict = Verifier::new(trust)
                    .unwrap()
                    .verify(ChainDigest::of(&chain), &chain);
                verdict
                    .map(drop)
                    .map_err(|rejection| rejection.reason.label().to_owned())
            });
        let expected = match id {
            "crl::revoked-certificate-with-crl" => Err("revoked"),
            "crl::issuer-missing-crlsign" => Err("crl_missing"),
            "crl::crlnumber-critical" => {
                Err("a CRL with the critical extension 2.5.29.20, which certgate doesn't know")
            }
            // It wants this one refused. RFC 5280 section 5.2.3 binds issuers; section 6.3 asks nobody to look, and
            // lists made by `openssl ca` often have no number.
            "crl::crlnumber-missing" => Ok(()),
            _ => Ok(()),
        };
        assert_eq!(verdict, expected.map_err(str::to_owned), "{id}");
        let differs = id == "crl::crlnumber-missing";
        assert_eq!(
            expected.is_ok(),
            (case["expected"] == "accept") != differs,
            "{id}"
        );
    }
}
