//! The environment's PEMs become files that others can't read, all of them or none.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::TempDir;

use crate::support::certgate::{self, Builder, Finished};
use crate::support::client;
use crate::support::pki::{self, Pki};

const FILES: [(&str, u32); 3] = [
    ("client_cert.pem", 0o644),
    ("server_cert.cer", 0o644),
    ("server_key.key", 0o600),
];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Without any certificate in the environment.
fn with_files_of(directory: &Path) -> Builder {
    certgate::bare(&["serve", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"])
        .argument(format!("--certs-dir={}", directory.display()))
}

fn in_environment(builder: Builder, pki: &Pki) -> Builder {
    builder
        .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
        .environment("SSL_SERVER_KEY", pki.server.key_pem())
        .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
}

/// A directory as an earlier start left it.
fn written(pki: &Pki) -> TempDir {
    let directory = TempDir::new().unwrap();
    drop(in_environment(with_files_of(directory.path()), pki).start());
    assert_eq!(names(directory.path()), FILES.map(|(name, _)| name));
    directory
}

#[track_caller]
fn assert_safe(directory: &Path, pki: &Pki) {
    assert_eq!(names(directory), FILES.map(|(name, _)| name));
    assert_eq!(mode(directory), 0o700);
    for (name, expected) in FILES {
        assert_eq!(mode(&directory.join(name)), expected, "{name}");
    }
    let read = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    assert_eq!(read("server_cert.cer"), pki.server.certificate_pem());
    assert_eq!(read("server_key.key"), pki.server.key_pem());
    assert_eq!(read("client_cert.pem"), pki.ca.certificate_pem());
}

#[test]
fn names_and_modes_whatever_the_umask() {
    let pki = Pki::new();
    for umask in ["umask 000", "umask 022", "umask 077"] {
        let gate = certgate::serve(&pki).after(umask).start();
        assert_safe(&gate.certs_dir(), &pki);
    }
}

#[test]
fn an_open_directory_is_closed_and_leftovers_go() {
    let pki = Pki::new();
    let directory = TempDir::new().unwrap();
    fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(directory.path().join(".certgate-x1.tmp"), "half a key").unwrap();
    fs::write(directory.path().join("server_key.key"), "an old one").unwrap();
    let gate = in_environment(with_files_of(directory.path()), &pki).start();
    assert_safe(directory.path(), &pki);
    drop(gate);
}

#[track_caller]
fn assert_failed(finished: &Finished, place: &Path, says: &str) {
    assert_eq!(finished.code(), 78, "{}", finished.stderr);
    let start = format!("error: {}", place.display());
    let mut lines = finished.stderr.lines();
    assert!(
        lines.any(|line| line.starts_with(&start) && line.contains(says)),
        "no line with {start:?} and {says:?} in\n{}",
        finished.stderr
    );
    assert!(!finished.stderr.contains("PRIVATE KEY"));
    assert_eq!(finished.stdout, "");
}

#[test]
fn a_file_in_the_directorys_place() {
    let pki = Pki::new();
    let builder = certgate::serve(&pki);
    let place = builder.certs_dir();
    fs::write(&place, "a file").unwrap();
    let finished = builder.finish();
    assert_failed(&finished, &place, "A file is where a directory should be");
    assert_eq!(fs::read_to_string(place).unwrap(), "a file");
}

#[test]
fn a_directory_in_a_files_place() {
    let pki = Pki::new();
    let directory = TempDir::new().unwrap();
    let place = directory.path().join("client_cert.pem");
    fs::create_dir(&place).unwrap();
    let finished = in_environment(with_files_of(directory.path()), &pki).finish();
    assert_failed(&finished, &place, "is a directory");
    assert_eq!(names(directory.path()), ["client_cert.pem"]);
}

#[test]
fn a_directory_that_nobody_can_make() {
    let pki = Pki::new();
    let place = Path::new("/proc/certgate-certs");
    let finished = in_environment(with_files_of(place), &pki).finish();
    assert_failed(&finished, place, "can't be prepared");
}

#[test]
fn a_directory_without_write_permission() {
    let pki = Pki::new();
    let directory = TempDir::new().unwrap();
    fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o500)).unwrap();
    if fs::write(directory.path().join("probe"), "").is_ok() {
        // Root may write anywhere; `a_full_disk` is the same for all users.
        return;
    }
    let finished = in_environment(with_files_of(directory.path()), &pki).finish();
    assert_failed(&finished, directory.path(), "Permission denied");
    assert_eq!(names(directory.path()), [""; 0]);
}

/// Writing fails in the middle of a file: the limit on file sizes stands for the end of the disk.
#[test]
fn a_full_disk_leaves_no_fragment() {
    let pki = Pki::new();
    let chain: String = (0..4).map(|_| pki.server.certificate_pem()).collect();
    let full = "trap '' XFSZ; ulimit -f 1";
    let builder = certgate::serve(&pki)
        .environment("SSL_SERVER_CERTIFICATE", chain)
        .after(full);
    let place = builder.certs_dir().join("server_cert.cer");
    let finished = builder.finish();
    assert_failed(&finished, &place, "can't be written");
    assert_eq!(names(&finished.certs_dir()), [""; 0]);
}

#[test]
fn a_full_disk_leaves_the_good_files() {
    let pki = Pki::new();
    let directory = written(&pki);
    let full = "trap '' XFSZ; ulimit -f 0";
    let finished = in_environment(with_files_of(directory.path()), &pki)
        .after(full)
        .finish();
    assert_eq!(finished.code(), 78, "{}", finished.stderr);
    assert_safe(directory.path(), &pki);
}

#[test]
fn files_are_used_where_the_variable_is_absent() {
    let pki = Pki::new();
    let directory = written(&pki);
    let gate = with_files_of(directory.path()).start();
    let client = client::with(&pki.client);
    assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
    drop(gate);
    // One variable is set, the other two are files.
    let other_ca = pki::authority("Other CA").self_signed();
    let other_client = pki::client("bob").signed_by(&other_ca);
    let gate = with_files_of(directory.path())
        .environment("SSL_CLIENT_CERTIFICATE", other_ca.certificate_pem())
        .start();
    let bob = client::with(&other_client);
    assert_eq!(bob.get(gate.address, "/").unwrap().status, 200);
    client.refusal(gate.address);
}

#[test]
fn a_broken_environment_never_replaces_good_files() {
    let pki = Pki::new();
    let directory = written(&pki);
    let state = || {
        FILES.map(|(name, _)| {
            let path = directory.path().join(name);
            let metadata = fs::metadata(&path).unwrap();
            (fs::read(&path).unwrap(), metadata.ino(), metadata.mtime())
        })
    };
    let before = state();
    let (other, expired) = (Pki::new(), -60);
    let old_ca = pki::Recipe {
        not_after: expired,
        ..pki::authority("Old CA")
    };
    for (variable, value) in [
        ("SSL_SERVER_KEY", other.server.key_pem()),
        ("SSL_SERVER_KEY", pki.server.key_pem()[..90].to_owned()),
        ("SSL_SERVER_CERTIFICATE", other.server.certificate_pem()),
        ("SSL_SERVER_CERTIFICATE", String::new()),
        (
            "SSL_CLIENT_CERTIFICATE",
            old_ca.self_signed().certificate_pem(),
        ),
        ("SSL_CLIENT_CRL", "anything".to_owned()),
    ] {
        let finished = in_environment(with_files_of(directory.path()), &pki)
            .environment(variable, value)
            .finish();
        assert_eq!(finished.code(), 78, "{variable}\n{}", finished.stderr);
        assert!(state() == before, "{variable} changed a file");
        assert_safe(directory.path(), &pki);
    }
    // A wrong setting is as bad as a wrong certificate.
    let finished = in_environment(with_files_of(directory.path()), &other)
        .argument("--workers=none")
        .finish();
    assert_eq!(finished.code(), 78);
    assert!(state() == before);
}

#[test]
fn a_directory_of_others_is_not_closed_to_them() {
    let pki = Pki::new();
    let builder = certgate::serve(&pki);
    let directory = builder.certs_dir();
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("theirs"), "").unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    let gate = builder.start();
    assert_eq!(mode(&directory), 0o755);
    assert_eq!(mode(&gate.certs_dir().join("server_key.key")), 0o600);
}

#[test]
fn a_directory_that_others_write_to_is_refused() {
    let pki = Pki::new();
    let builder = certgate::serve(&pki);
    let directory = builder.certs_dir();
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("theirs"), "").unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).unwrap();
    let finished = builder.finish();
    assert_eq!(finished.code(), 78, "{}", finished.stderr);
    assert!(
        finished.stderr.contains("others can write to"),
        "{}",
        finished.stderr
    );
    assert_eq!(names(&directory), ["theirs"]);
}
