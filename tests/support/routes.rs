//! Clients of one unit, for the tests of routes.

use openssl::x509::X509Name;

use super::pki::{self, Identity, Pki};

/// A client of this organisational unit.
pub fn of_unit(name: &str, unit: &str, pki: &Pki) -> Identity {
    let mut subject = X509Name::builder().unwrap();
    for (kind, text) in [("CN", name), ("OU", unit), ("O", "Tests")] {
        subject.append_entry_by_text(kind, text).unwrap();
    }
    let recipe = pki::Recipe {
        subject: Some(subject.build().to_der().unwrap()),
        ..pki::client(name)
    };
    recipe.signed_by(&pki.ca)
}
