//! defaults < TOML < environment < flags; what no setting is called is an error in each of them.

use std::path::PathBuf;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client;
use crate::support::pki::Pki;

/// Whether a client without a certificate gets content: the setting `client-auth`, as it acts.
fn lets_strangers_in(gate: &Certgate) -> bool {
    match client::anonymous().get(gate.address, "/") {
        Ok(response) => response.status == 200,
        Err(_) => false,
    }
}

fn toml(builder: &Builder, name: &str, text: &str) -> PathBuf {
    let path = builder.directory().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn each_wins_over_the_one_before() {
    let pki = Pki::new();
    // By default, in the file, in the environment, by flag; and who gets in.
    for (file, variable, flag, strangers) in [
        (None, None, None, false),
        (Some("off"), None, None, true),
        (None, Some("off"), None, true),
        (None, None, Some("off"), true),
        (Some("off"), Some("required"), None, false),
        (Some("required"), Some("off"), None, true),
        (Some("off"), None, Some("required"), false),
        (None, Some("required"), Some("off"), true),
        (Some("off"), Some("off"), Some("required"), false),
    ] {
        let mut builder = certgate::serve(&pki);
        if let Some(value) = file {
            let path = toml(&builder, "a.toml", &format!("client-auth = \"{value}\"\n"));
            builder = builder.argument(format!("--config={}", path.display()));
        }
        if let Some(value) = variable {
            builder = builder.environment("CERTGATE_CLIENT_AUTH", value);
        }
        if let Some(value) = flag {
            builder = builder.argument(format!("--client-auth={value}"));
        }
        let gate = builder.start();
        let case = format!("file {file:?}, environment {variable:?}, flag {flag:?}");
        assert_eq!(lets_strangers_in(&gate), strangers, "{case}");
    }
}

#[test]
fn the_file_is_named_by_flag_or_environment() {
    let pki = Pki::new();
    let builder = certgate::serve(&pki);
    let off = toml(&builder, "off.toml", "client-auth = \"off\"\n");
    let gate = builder.environment("CERTGATE_CONFIG", &off).start();
    assert!(lets_strangers_in(&gate));

    let builder = certgate::serve(&pki).environment("CERTGATE_CONFIG", &off);
    let on = toml(&builder, "on.toml", "client-auth = \"required\"\n");
    let gate = builder
        .argument(format!("--config={}", on.display()))
        .start();
    assert!(!lets_strangers_in(&gate), "the flag names another file");
}

#[test]
fn lists_and_numbers_can_be_written_as_toml_has_them() {
    let pki = Pki::new();
    let builder = certgate::bare(&["serve"])
        .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
        .environment("SSL_SERVER_KEY", pki.server.key_pem())
        .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem());
    let text = format!(
        "listen = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\nadmin = \"off\"\nworkers = 2\n\
         certs-dir = {:?}\naccess-log = false\n",
        builder.certs_dir()
    );
    let path = toml(&builder, "a.toml", &text);
    let gate = builder.environment("CERTGATE_CONFIG", path).start();
    let ready = gate.event("ready");
    assert_eq!(ready["workers"], 2);
    assert_eq!(ready["listen"].as_str().unwrap().split(',').count(), 2);
    assert!(ready["admin"].is_null());
}

#[test]
fn unknown_names_are_errors_with_the_nearest_name() {
    let pki = Pki::new();
    for (key, nearest) in [
        ("client-auht", "Did you mean client-auth?"),
        ("client_auth", "Did you mean client-auth?"),
        ("listn", "Did you mean listen?"),
        ("something-quite-different", "`certgate serve --help` lists"),
    ] {
        let builder = certgate::serve(&pki);
        let path = toml(&builder, "a.toml", &format!("{key} = \"off\"\n"));
        let finished = builder.environment("CERTGATE_CONFIG", &path).finish();
        assert_eq!(finished.code(), 78, "{key}");
        let says = format!(
            "error: {key} in {}: no setting has this name",
            path.display()
        );
        assert!(finished.stderr.contains(&says), "{}", finished.stderr);
        assert!(finished.stderr.contains(nearest), "{}", finished.stderr);
    }
    for (variable, nearest) in [
        ("CERTGATE_CLIENT_AUHT", "Did you mean CERTGATE_CLIENT_AUTH?"),
        ("CERTGATE_LISTN", "Did you mean CERTGATE_LISTEN?"),
        ("CERTGATE_CLIENT-AUTH", "Did you mean CERTGATE_CLIENT_AUTH?"),
        ("CERTGATE_", "lists the settings"),
    ] {
        let finished = certgate::serve(&pki).environment(variable, "off").finish();
        assert_eq!(finished.code(), 78, "{variable}");
        let says = format!("error: {variable}: no setting has this name");
        assert!(finished.stderr.contains(&says), "{}", finished.stderr);
        assert!(finished.stderr.contains(nearest), "{}", finished.stderr);
    }
    let finished = certgate::serve(&pki).argument("--client-auht=off").finish();
    assert_eq!(finished.code(), 2);
    let stderr = &finished.stderr;
    assert!(stderr.contains("'--client-auht'"), "{stderr}");
    assert!(stderr.contains("'--client-auth'"), "{stderr}");
    for finished in [
        certgate::serve(&pki).argument("unheard-of").finish(),
        certgate::bare(&["server"]).finish(),
    ] {
        assert_eq!(finished.code(), 2, "{}", finished.stderr);
    }
}

/// Kubernetes makes these for a Service that is called certgate.
#[test]
fn what_kubernetes_puts_beside_them_is_ignored() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .environment("CERTGATE_SERVICE_HOST", "10.0.0.1")
        .environment("CERTGATE_SERVICE_PORT", "443")
        .environment("CERTGATE_SERVICE_PORT_HTTPS", "443")
        .environment("CERTGATE_PORT", "tcp://10.0.0.1:443")
        .environment("CERTGATE_PORT_443_TCP", "tcp://10.0.0.1:443")
        .environment("CERTGATE_PORT_443_TCP_ADDR", "10.0.0.1")
        .start();
    assert!(!lets_strangers_in(&gate));
}

#[test]
fn a_file_that_is_not_toml_is_named_with_the_line() {
    let pki = Pki::new();
    for (text, line) in [
        ("client-auth = \"off\"\nworkers = = 2\n", "line 2"),
        ("\n\nlisten = [\"127.0.0.1:0\"\nworkers = 2\n", "line 4"),
        ("client-auth = off\n", "line 1"),
        ("workers = 1\nworkers = 2\n", "line 2"),
    ] {
        let builder = certgate::serve(&pki);
        let path = toml(&builder, "a.toml", text);
        let finished = builder
            .argument(format!("--config={}", path.display()))
            .finish();
        assert_eq!(finished.code(), 78, "{text}");
        let says = format!("error: {}: is not TOML: ", path.display());
        assert!(finished.stderr.contains(&says), "{}", finished.stderr);
        assert!(
            finished.stderr.contains(line),
            "{line}: {}",
            finished.stderr
        );
    }
    let finished = certgate::serve(&pki)
        .argument("--config=/nowhere/a.toml")
        .finish();
    assert_eq!(finished.code(), 78);
    let says = "error: /nowhere/a.toml: can't be read: No such file";
    assert!(finished.stderr.contains(says), "{}", finished.stderr);
}

#[test]
fn wrong_types_are_errors() {
    for (text, key, says) in [
        (
            "client-auth = 1",
            "client-auth",
            "required | optional | pinned | off",
        ),
        ("client-auth = [\"off\"]", "client-auth", "a single value"),
        ("workers = \"two\"", "workers", "a number from 1 to 1024"),
        ("workers = 2.5", "workers", "found \"2.5\""),
        (
            "verify-depth = -1",
            "verify-depth",
            "a number from 0 to 100",
        ),
        ("listen = [1.5]", "listen", "ADDRESS:PORT"),
        (
            "listen = [[\"127.0.0.1:0\"]]",
            "listen",
            "an array of texts",
        ),
        ("listen = []", "listen", "found nothing"),
        ("drain-timeout = 5", "drain-timeout", "with its unit"),
        ("access-log = \"yes\"", "access-log", "on | off"),
        ("[admin]\nport = 1", "admin", "a single value"),
        ("admin = 1979-05-27", "admin", "expected "),
    ] {
        // Without `ports`: a flag would hide what the file says.
        let builder = certgate::bare(&["check"]);
        let path = toml(&builder, "a.toml", text);
        let finished = builder.environment("CERTGATE_CONFIG", &path).finish();
        assert_eq!(finished.code(), 78, "{text}");
        let start = format!("error: {key} in {}: ", path.display());
        let line = finished
            .stdout
            .lines()
            .find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("{text}\n{}", finished.stdout));
        assert!(line.contains(says), "{says:?}: {line}");
    }
}

#[test]
fn flags_may_stand_before_the_command_and_win_after_it() {
    let pki = Pki::new();
    for (arguments, optional) in [
        (&["--client-auth=optional", "serve"][..], true),
        (
            &["--client-auth=optional", "serve", "--client-auth=required"],
            false,
        ),
    ] {
        let gate = certgate::bare(arguments)
            .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
            .environment("SSL_SERVER_KEY", pki.server.key_pem())
            .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
            .ports()
            .start();
        let admitted = client::anonymous().get(gate.address, "/").is_ok();
        assert_eq!(admitted, optional, "{arguments:?}");
    }
}
