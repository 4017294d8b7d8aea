//! What the serving process has given up: root, capabilities, new privileges, and what the kernel then refuses.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use rustix::process::geteuid;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::pki::Pki;

/// A line of /proc/PID/status.
fn status(gate: &Certgate, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{}/status", gate.pid())).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap().trim().to_owned()
}

/// Only root can become somebody else: the others' test run has nothing to look at here.
fn is_root() -> bool {
    geteuid().is_root()
}

#[test]
fn root_becomes_the_user() {
    if !is_root() {
        return;
    }
    let pki = Pki::new();
    let builder = certgate::serve(&pki)
        .argument("--user=65532:65533")
        .file("index.html", "x");
    // The kernel lets root alone bind it.
    let builder = builder
        .without_flag("listen")
        .argument("--listen=127.0.0.1:0");
    fs::set_permissions(builder.directory(), fs::Permissions::from_mode(0o755)).unwrap();
    let certs = builder.certs_dir();
    let gate = builder.start();
    assert_eq!(status(&gate, "Uid"), "65532\t65532\t65532\t65532");
    assert_eq!(status(&gate, "Gid"), "65533\t65533\t65533\t65533");
    assert_eq!(status(&gate, "Groups"), "");
    for set in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
        assert_eq!(status(&gate, set), "0000000000000000", "{set}");
    }
    // Each thread has a user for itself.
    for task in fs::read_dir(format!("/proc/{}/task", gate.pid())).unwrap() {
        let text = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        assert!(
            text.contains("Uid:\t65532\t65532\t65532\t65532\n"),
            "{text}"
        );
        assert!(text.contains("CapPrm:\t0000000000000000\n"), "{text}");
    }
    for file in ["", "server_key.key", "server_cert.cer", "client_cert.pem"] {
        let metadata = fs::metadata(certs.join(file)).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (65532, 65533), "{file}");
    }
    let client = client::with(&pki.client);
    assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
    // It can still read what it serves with.
    gate.signal("HUP");
    gate.event("reloaded");
}

#[test]
fn no_new_privileges_and_no_core_dumps() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    assert_eq!(status(&gate, "NoNewPrivs"), "1");
    // Whoever isn't dumpable has its files in /proc owned by root, and no core by a pipe either.
    let limits = fs::read_to_string(format!("/proc/{}/limits", gate.pid())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    assert_eq!(core.unwrap().split_whitespace().nth(4), Some("0"));
    if is_root() {
        const DAC_READ_SEARCH: &str = "0000000000000004";
        assert_eq!(
            status(&gate, "CapEff"),
            DAC_READ_SEARCH,
            "to read keys again"
        );
        assert_eq!(status(&gate, "CapPrm"), DAC_READ_SEARCH);
    }
    let confined = gate.event("ready");
    assert_eq!(confined["uid"], geteuid().as_raw());
}

#[test]
fn landlock_is_in_force_where_the_kernel_has_it() {
    let pki = Pki::new();
    let on = certgate::serve(&pki).start().event("ready");
    let has_it = fs::read_to_string("/proc/kallsyms")
        .is_ok_and(|text| text.contains("landlock_restrict_self"));
    if has_it {
        assert_ne!(on["landlock"], "none");
    }
    let off = certgate::serve(&pki).argument("--landlock=off").start();
    assert_eq!(off.event("ready")["landlock"], "off");
}

#[test]
fn what_the_user_cannot_read_is_said_at_the_start() {
    if !is_root() {
        return;
    }
    let pki = Pki::new();
    for command in ["serve", "check"] {
        let builder = certgate::bare(&[command]).ports().argument("--user=65532");
        fs::set_permissions(builder.directory(), fs::Permissions::from_mode(0o755)).unwrap();
        let certs = builder.certs_dir();
        fs::create_dir(&certs).unwrap();
        fs::set_permissions(&certs, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(certs.join("server_cert.cer"), pki.server.certificate_pem()).unwrap();
        fs::write(certs.join("client_cert.pem"), pki.ca.certificate_pem()).unwrap();
        let key = certs.join("server_key.key");
        fs::write(&key, pki.server.key_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&key, Some(0), Some(0)).unwrap();
        let finished = builder.finish();
        assert_eq!(finished.code(), 78);
        let complaint = finished.stderr + &finished.stdout;
        assert!(
            complaint.contains("server_key.key: can't be read"),
            "{complaint}"
        );
        assert!(complaint.contains("ermission denied"), "{complaint}");
    }
}

#[test]
fn a_user_who_is_not_there_is_named() {
    let pki = Pki::new();
    for command in ["serve", "check"] {
        let builder = certgate::serve(&pki).argument("--user=nobody-of-that-name");
        let finished = match command {
            "serve" => builder.finish(),
            _ => certgate::bare(&["check"])
                .ports()
                .argument("--user=nobody-of-that-name")
                .finish(),
        };
        assert_eq!(finished.code(), 78);
        let said = format!("{}{}", finished.stderr, finished.stdout);
        assert!(
            said.contains("--user") && said.contains("nobody-of-that-name"),
            "{said}"
        );
        assert!(said.contains("/etc/passwd"), "{said}");
    }
}

#[test]
fn the_group_counts_also_where_the_user_is_the_same() {
    if !is_root() {
        return;
    }
    let pki = Pki::new();
    let gate = certgate::serve(&pki).argument("--user=0:65532").start();
    assert_eq!(status(&gate, "Uid"), "0\t0\t0\t0");
    assert_eq!(status(&gate, "Gid"), "65532\t65532\t65532\t65532");
}
