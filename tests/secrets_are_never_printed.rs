//! A key that was put into the wrong variable is not shown in the error about it.

use ::certgate::config::definitions;

use crate::support::certgate;
use crate::support::pki::Pki;

#[test]
fn in_no_setting() {
    let pki = Pki::new();
    let key = pki.server.key_pem();
    let secrets: Vec<&str> = key.lines().filter(|line| !line.starts_with('-')).collect();
    for definition in definitions::all() {
        let variable = definition.variable();
        for value in [key.clone(), key.replace('\n', " "), key.replace('\n', ",")] {
            let finished = certgate::serve(&pki)
                .without_flag(definition.name)
                .environment(&variable, value)
                .finish();
            assert_eq!(finished.code(), 78, "{variable}: {}", finished.stderr);
            assert!(
                finished.stderr.contains(&variable),
                "{variable}: {}",
                finished.stderr
            );
            for secret in &secrets {
                let shown = finished.stderr.contains(&secret[..20.min(secret.len())]);
                assert!(!shown, "{variable} shows the key");
            }
        }
    }
}
