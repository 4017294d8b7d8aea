//! Layers, flags and what is said of them together.

use std::ffi::OsString;

use super::super::layers::Flags;
use super::*;

fn read(flags: &Flags, environment: &[(&str, &str)]) -> (Settings, Vec<String>) {
    let environment: Vec<(OsString, OsString)> = environment
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let (layers, mut findings) = Layers::read(&[], flags, None, &environment);
    let (settings, wrong) = Settings::read(&layers);
    findings.extend(wrong);
    (settings, findings.iter().map(ToString::to_string).collect())
}

#[test]
fn every_setting_is_read() {
    let (settings, findings) = read(&vec![], &[]);
    assert_eq!(findings, [""; 0]);
    assert_eq!(settings.listen[0].to_string(), "0.0.0.0:443");
    assert_eq!(settings.default_site().client_auth, ClientAuth::Required);
    for definition in definitions::all() {
        let wrong = vec![(definition.name, vec!["\u{0}".to_owned()])];
        read(&wrong, &[]);
    }
}

#[test]
fn flags_win_over_the_environment() {
    let flags = vec![("client-auth", vec!["off".to_owned()])];
    let (settings, findings) = read(&flags, &[("CERTGATE_CLIENT_AUTH", "optional")]);
    assert_eq!(findings, [""; 0]);
    assert_eq!(settings.default_site().client_auth, ClientAuth::Off);
}

#[test]
fn all_faults_are_reported_with_their_places() {
    let flags = vec![("verify-depth", vec!["many".to_owned()])];
    let (_, findings) = read(
        &flags,
        &[
            ("CERTGATE_CLIENT_AUTHS", "off"),
            ("CERTGATE_TLS_PROTOCOLS", "TLSv1.1,TLSv1.3"),
            ("CERTGATE_PORT", "tcp://10.0.0.1:443"),
            ("CERTGATE_SERVICE_HOST", "10.0.0.1"),
        ],
    );
    assert_eq!(findings.len(), 3, "{findings:?}");
    assert!(findings[0].contains("Did you mean CERTGATE_CLIENT_AUTH?"));
    assert!(findings[1].contains("CERTGATE_TLS_PROTOCOLS") && findings[1].contains("gap"));
    assert!(findings[2].contains("--verify-depth") && findings[2].contains("\"many\""));
}
