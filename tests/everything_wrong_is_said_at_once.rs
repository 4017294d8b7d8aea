//! One start tells every fault, each with its place, and leaves nothing behind.

use std::fs;
use std::net::TcpListener;

use crate::support::certgate;
use crate::support::pki::Pki;

#[test]
fn of_all_layers_certificates_ports_and_files() {
    let pki = Pki::new();
    let other = Pki::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_address = taken.local_addr().unwrap();
    // An address of its own, so that no other test is given the port meanwhile.
    let free = TcpListener::bind("127.77.0.1:0").unwrap();
    let free_address = free.local_addr().unwrap();
    drop(free);

    let builder = certgate::serve(&pki).environment("SSL_SERVER_KEY", other.server.key_pem());
    let config = builder.directory().join("certgate.toml");
    let root = builder.directory().join("nowhere");
    fs::write(
        &config,
        "client-auths = \"off\"\nverify-depth = \"many\"\nheader-timeout = 5\n",
    )
    .unwrap();
    let finished = builder
        .argument(format!("--config={}", config.display()))
        .environment("CERTGATE_TLS_PROTOCOLS", "SSLv3")
        .environment("CERTGATE_DRAIN_TIMOUT", "5s")
        .argument("--drain-timeout=30")
        .argument("--workers=0")
        .argument(format!("--root={}", root.display()))
        .argument(format!("--listen={taken_address}"))
        .argument(format!("--listen={free_address}"))
        .finish();

    assert_eq!(finished.code(), 78, "{}", finished.stderr);
    let in_file = |key: &str| format!("{key} in {}", config.display());
    let faults = [
        (in_file("client-auths"), "Did you mean client-auth?"),
        (in_file("verify-depth"), "found \"many\""),
        (in_file("header-timeout"), "a duration with its unit"),
        (
            "CERTGATE_DRAIN_TIMOUT".to_owned(),
            "Did you mean CERTGATE_DRAIN_TIMEOUT?",
        ),
        ("CERTGATE_TLS_PROTOCOLS".to_owned(), "RFC 7568"),
        ("--drain-timeout".to_owned(), "found \"30\""),
        ("--workers".to_owned(), "found \"0\""),
        (
            "SSL_SERVER_KEY".to_owned(),
            "doesn't belong to the certificate",
        ),
        (format!("--root {}", root.display()), "does not exist"),
        (format!("--listen {taken_address}"), "can't be bound"),
    ];
    for (place, says) in &faults {
        let start = format!("error: {place}: ");
        let lines = finished.stderr.lines();
        let found: Vec<_> = lines.filter(|line| line.starts_with(&start)).collect();
        assert_eq!(found.len(), 1, "{start:?} in\n{}", finished.stderr);
        assert!(found[0].contains(says), "{says:?} is not in {}", found[0]);
    }
    let errors = finished.stderr.lines().filter(|l| l.starts_with("error: "));
    assert_eq!(errors.count(), faults.len(), "{}", finished.stderr);

    assert_eq!(finished.stdout, "", "nothing was started");
    assert!(!finished.certs_dir().exists(), "nothing was written");
    TcpListener::bind(free_address).expect("the free port is free again");
}

#[test]
fn a_port_in_use_stops_everything() {
    let pki = Pki::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    let (free, any) = ("127.77.0.2:0".to_owned(), "127.0.0.1:0".to_owned());
    for (setting, listen, admin) in [
        ("CERTGATE_LISTEN", taken.to_string(), any.clone()),
        ("CERTGATE_LISTEN", format!("{free},{taken}"), any.clone()),
        ("CERTGATE_ADMIN", free, taken.to_string()),
    ] {
        let builder = certgate::bare(&["serve"])
            .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
            .environment("SSL_SERVER_KEY", pki.server.key_pem())
            .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
            .environment("CERTGATE_CERTS_DIR", "certs")
            .environment("CERTGATE_LISTEN", listen)
            .environment("CERTGATE_ADMIN", admin);
        let finished = builder.finish();
        assert_eq!(finished.code(), 78, "{}", finished.stderr);
        let says = format!("error: {setting} {taken}: can't be bound");
        assert!(finished.stderr.contains(&says), "{}", finished.stderr);
        assert_eq!(finished.stdout, "");
        assert!(!finished.certs_dir().exists());
    }
}

#[test]
fn a_port_that_two_settings_want_is_said_of_the_second() {
    let pki = Pki::new();
    // One that nobody else has, on a machine where several such tests run.
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let ours = format!("127.{}.{b}.{c}:8443", 128 | a);
    for command in ["serve", "check"] {
        for setting in ["--listen", "--admin", "--redirect"] {
            let builder = certgate::bare(&[command])
                .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
                .environment("SSL_SERVER_KEY", pki.server.key_pem())
                .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
                .environment("CERTGATE_CERTS_DIR", "certs")
                .argument(format!("--listen={ours}"));
            let builder = match setting {
                "--admin" => builder,
                _ => builder.environment("CERTGATE_ADMIN", "127.0.0.1:0"),
            };
            let finished = builder.argument(format!("{setting}={ours}")).finish();
            assert_eq!(finished.code(), 78, "{command} {setting}");
            let said = format!("{}{}", finished.stdout, finished.stderr);
            let says = format!("error: {setting} {ours}: can't be bound");
            let line = said.lines().find(|line| line.starts_with(&says)).unwrap();
            let advice = "Another one of --listen, --admin and --redirect has it";
            assert!(line.contains(advice), "{line}");
        }
    }
}
