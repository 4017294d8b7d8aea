//! The file of a unix socket: who may open it, what it may replace, and when it goes.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::geteuid;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client;
use crate::support::eventually;
use crate::support::pki::Pki;
use crate::support::unix;

/// A directory for sockets alone.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn serve(pki: &Pki, path: &Path) -> Builder {
    certgate::serve(pki)
        .file("index.html", "x")
        .argument(format!("--listen=unix:{}", path.display()))
}

fn names(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

#[track_caller]
fn is_served(pki: &Pki, path: &Path) {
    let answer = unix::get(&client::with(&pki.client), path).unwrap();
    assert_eq!(answer.status, 200);
}

/// What a start says that comes to nothing.
#[track_caller]
fn refusal(pki: &Pki, path: &str) -> String {
    let finished = certgate::serve(pki)
        .argument(format!("--listen=unix:{path}"))
        .finish();
    assert_eq!(finished.code(), 78, "{}", finished.stderr);
    finished.stderr
}

#[test]
fn it_has_the_mode_that_is_set_and_goes_with_the_process() {
    let pki = Pki::new();
    for (argument, mode) in [
        ("--log-level=info", 0o660),
        ("--listen-unix-mode=0600", 0o600),
        ("--listen-unix-mode=0666", 0o666),
    ] {
        let sockets = directory();
        let path = sockets.path().join("s");
        // Whatever the umask.
        let builder = serve(&pki, &path).after("umask 0117").argument(argument);
        let mut gate = builder.start();
        let metadata = fs::symlink_metadata(&path).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.mode() & 0o7777, mode, "{argument}");
        is_served(&pki, &path);
        gate.signal("TERM");
        assert_eq!(gate.exit_code(), Some(0));
        assert_eq!(names(sockets.path()), [""; 0].map(PathBuf::from));
    }
}

#[test]
fn it_goes_when_a_second_signal_cuts_the_drain_delay_short() {
    let pki = Pki::new();
    let sockets = directory();
    let path = sockets.path().join("s");
    let mut gate = serve(&pki, &path).argument("--drain-delay=10m").start();
    gate.signal("TERM");
    gate.event("draining");
    is_served(&pki, &path);
    gate.signal("TERM");
    gate.exit_code();
    assert!(!path.exists());
}

#[test]
fn what_a_killed_process_left_is_replaced() {
    let pki = Pki::new();
    let sockets = directory();
    let path = sockets.path().join("s");
    let mut killed = serve(&pki, &path).start();
    killed.signal("KILL");
    killed.exit_code();
    assert!(path.exists());
    let _gate = serve(&pki, &path).start();
    is_served(&pki, &path);
    assert_eq!(names(sockets.path()), [path]);
}

#[test]
fn a_process_that_listens_there_is_left_alone() {
    let pki = Pki::new();
    let sockets = directory();
    let path = sockets.path().join("s");
    let gate = serve(&pki, &path).start();
    let before = inode(&path);
    let said = refusal(&pki, &path.display().to_string());
    assert!(said.contains("another process has this socket"), "{said}");
    assert!(said.contains(&format!("unix:{}", path.display())), "{said}");
    let check = check(&pki, &path);
    assert!(check.contains("another process has this socket"), "{check}");
    assert_eq!(inode(&path), before);
    is_served(&pki, &path);
    assert_eq!(gate.metric("certgate_connections_accepted_total"), 1.0);
    assert_eq!(names(sockets.path()), [path]);
}

/// Everything that `check` says.
fn check(pki: &Pki, path: &Path) -> String {
    let finished = certgate::bare(&["check"])
        .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
        .environment("SSL_SERVER_KEY", pki.server.key_pem())
        .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
        .ports()
        .argument(format!("--listen=unix:{}", path.display()))
        .finish();
    format!("{}{}", finished.stdout, finished.stderr)
}

#[test]
fn a_check_leaves_nothing_behind_and_takes_nothing_away() {
    let pki = Pki::new();
    let sockets = directory();
    let path = sockets.path().join("s");
    let said = check(&pki, &path);
    assert!(!said.contains("unix:"), "{said}");
    assert_eq!(names(sockets.path()), [""; 0].map(PathBuf::from));
    drop(UnixListener::bind(&path).unwrap());
    let before = inode(&path);
    let said = check(&pki, &path);
    assert!(!said.contains("unix:"), "{said}");
    assert_eq!(inode(&path), before);
    assert_eq!(names(sockets.path()), [path]);
}

#[test]
fn what_is_no_socket_stays_and_is_named() {
    let pki = Pki::new();
    let sockets = directory();
    let file = sockets.path().join("file");
    fs::write(&file, "mine").unwrap();
    let link = sockets.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for (path, what) in [
        (file.as_path(), "a file"),
        (&link, "a symbolic link"),
        (sockets.path(), "a directory"),
    ] {
        let said = refusal(&pki, &path.display().to_string());
        assert!(
            said.contains(&format!("there is {what} that is no socket")),
            "{said}"
        );
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    assert!(link.is_symlink());
    assert_eq!(names(sockets.path()).len(), 2);
}

#[test]
fn what_can_not_be_bound_is_said() {
    let pki = Pki::new();
    let sockets = directory();
    let missing = sockets.path().join("missing/s");
    let directory = missing.parent().unwrap().display();
    let said = refusal(&pki, &missing.display().to_string());
    assert!(
        said.contains(&format!("There is no directory {directory}")),
        "{said}"
    );
    // Not even root may.
    let said = refusal(&pki, "/proc/certgate.sock");
    assert!(said.contains("/proc"), "{said}");
    let said = refusal(&pki, &format!("/{}", "x".repeat(98)));
    assert!(
        said.contains("at most 98 bytes (this one has 99)"),
        "{said}"
    );
    let said = refusal(&pki, "@certgate");
    assert!(said.contains("abstract"), "{said}");
    let said = refusal(&pki, "certgate.sock");
    assert!(said.contains("an absolute path"), "{said}");
}

#[test]
fn a_successor_keeps_the_path() {
    let pki = Pki::new();
    let sockets = directory();
    let path = sockets.path().join("s");
    let mut first = serve(&pki, &path).start();
    fs::remove_file(&path).unwrap();
    let _second = serve(&pki, &path).start();
    first.signal("TERM");
    assert_eq!(first.exit_code(), Some(0));
    is_served(&pki, &path);
}

/// The path is free as soon as the old process takes nobody more, however long its connections last.
#[test]
fn a_successor_starts_while_the_last_connections_end() {
    let pki = Pki::new();
    let sockets = directory();
    let path = sockets.path().join("s");
    let mut first = serve(&pki, &path).argument("--drain-timeout=10m").start();
    let mut begun = unix::connect(&client::with(&pki.client), &path).unwrap();
    // A request that doesn't end yet.
    std::io::Write::write_all(&mut begun, b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap();
    first.signal("TERM");
    eventually("the path to be free", || (!path.exists()).then_some(()));
    let _second = serve(&pki, &path).start();
    is_served(&pki, &path);
    drop(begun);
    assert_eq!(first.exit_code(), Some(0));
    is_served(&pki, &path);
}

#[test]
fn who_has_connected_when_it_goes_is_served() {
    let pki = Pki::new();
    let sockets = directory();
    let path = sockets.path().join("s");
    let mut gate = serve(&pki, &path).start();
    gate.signal("STOP");
    let waiting: Vec<_> = (0..20).map(|_| unix::dial(&path)).collect();
    gate.signal("TERM");
    gate.signal("CONT");
    let clients = waiting.into_iter().map(|stream| {
        let client = client::with(&pki.client);
        std::thread::spawn(move || {
            let mut stream = unix::over(&client, stream)?;
            unix::ask(&mut stream, "").map(|answer| answer.status)
        })
    });
    for client in clients.collect::<Vec<_>>() {
        assert_eq!(client.join().unwrap(), Ok(200));
    }
    assert_eq!(gate.exit_code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn a_reload_leaves_it() {
    let pki = Pki::new();
    let sockets = directory();
    let path = sockets.path().join("s");
    let gate = serve(&pki, &path).start();
    let before = inode(&path);
    gate.signal("HUP");
    gate.event("reloaded");
    assert_eq!(inode(&path), before);
    is_served(&pki, &path);
}

/// Only root can become somebody else.
#[test]
fn it_is_the_users_who_can_remove_it() {
    if !geteuid().is_root() {
        return;
    }
    let pki = Pki::new();
    // A group of the directory's own is what its operator chose.
    for (mode, group) in [(0o755, 65533), (0o2755, 65500)] {
        let sockets = directory();
        chown(sockets.path(), Some(65532), Some(65500)).unwrap();
        fs::set_permissions(sockets.path(), fs::Permissions::from_mode(mode)).unwrap();
        let path = sockets.path().join("s");
        let builder = serve(&pki, &path).argument("--user=65532:65533");
        fs::set_permissions(builder.directory(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut gate = builder.start();
        let metadata = fs::symlink_metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (65532, group));
        assert_eq!(metadata.mode() & 0o7777, 0o660);
        is_served(&pki, &path);
        // By a process that is nobody special, and under Landlock.
        gate.signal("TERM");
        assert_eq!(gate.exit_code(), Some(0));
        assert!(!path.exists(), "{}", gate.log_text());
    }
}

#[test]
fn a_file_that_can_not_be_removed_is_said() {
    if !geteuid().is_root() {
        return;
    }
    let pki = Pki::new();
    let sockets = directory();
    // Root's, and so nothing that the user may remove files from.
    fs::set_permissions(sockets.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = sockets.path().join("s");
    let builder = serve(&pki, &path).argument("--user=65532:65533");
    fs::set_permissions(builder.directory(), fs::Permissions::from_mode(0o755)).unwrap();
    let gate: Certgate = builder.start();
    let lines = gate.whole_log();
    let left = lines.iter().find(|line| line["event"] == "socket_left");
    assert_eq!(left.unwrap()["path"], path.display().to_string());
}

#[test]
fn one_that_a_service_manager_hands_over_is_the_managers() {
    let pki = Pki::new();
    let sockets = directory();
    let path = sockets.path().join("s");
    let socket = UnixListener::bind(&path).unwrap();
    fcntl_setfd(&socket, FdFlags::empty()).unwrap();
    let number = socket.as_raw_fd();
    let script = format!(
        r#"exec /bin/bash -c 'exec 3<&{number}; export LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=web; exec "$0" "$@"' "$0" "$@""#
    );
    for listen in ["systemd", "systemd:web"] {
        let builder = certgate::serve(&pki).file("index.html", "x").after(&script);
        let mut gate = builder.argument(format!("--listen={listen}")).start();
        let ready = gate.event("ready")["listen"].as_str().unwrap().to_owned();
        assert!(ready.ends_with(&format!(",unix:{}", path.display())));
        is_served(&pki, &path);
        assert_eq!(gate.event("request")["client"], "unix");
        gate.signal("TERM");
        assert_eq!(gate.exit_code(), Some(0));
        assert!(path.exists());
    }
}
