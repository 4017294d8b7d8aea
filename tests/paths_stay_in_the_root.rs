//! No path, however it is written, leads out of the document root.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::pki::Pki;

const SECRET: &str = "the-secret-of-the-house";
const PUBLIC: &str = "what-anybody-may-read";

/// The secret lies beside the root, in a directory that begins like the root, and as a hidden file.
fn gate(pki: &Pki) -> Certgate {
    let builder = certgate::serve(pki)
        .file("index.html", PUBLIC)
        .file("a/b/index.html", PUBLIC)
        .file(".secret", SECRET)
        .file("a/.secret", SECRET)
        .file("a/.hidden/secret", SECRET);
    let directory = builder.directory().to_owned();
    for path in ["secret", "html-other/secret", "secret.d/secret"] {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, SECRET).unwrap();
    }
    let root = directory.join("html");
    symlink("../secret", root.join("relative")).unwrap();
    symlink(directory.join("secret"), root.join("absolute")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("../secret.d", root.join("directory")).unwrap();
    symlink("relative", root.join("twice")).unwrap();
    symlink("../html-other/secret", root.join("a/beside")).unwrap();
    symlink("a/b/index.html", root.join("inside")).unwrap();
    symlink(root.join("a/b"), root.join("inside-absolute")).unwrap();
    builder.start()
}

/// Everything that comes back for this request, sent byte for byte on a connection of its own.
fn answer(gate: &Certgate, pki: &Pki, request: &[u8]) -> Vec<u8> {
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    connection.write_all(request).unwrap();
    let mut answer = Vec::new();
    // It ends with a close or a reset; either way, what came counts.
    let _ = connection.read_to_end(&mut answer);
    answer
}

fn request(target: &[u8]) -> Vec<u8> {
    let rest = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    [b"GET ", target, rest].concat()
}

#[track_caller]
fn assert_kept(gate: &Certgate, pki: &Pki, target: &[u8]) {
    let answer = String::from_utf8_lossy(&self::answer(gate, pki, &request(target))).into_owned();
    let shown = String::from_utf8_lossy(target);
    assert!(!answer.contains(SECRET), "{shown} leads to the secret");
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{shown}: {answer}"
    );
}

#[test]
fn with_every_spelling_of_the_way_up() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let dots = [
        "..",
        "%2e%2e",
        ".%2e",
        "%2E.",
        "%252e%252e",
        "..%00",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
        "%f0%80%80%ae%f0%80%80%ae",
        "%uff0e%uff0e",
        "%u002e%u002e",
        "..;",
        "...",
        "....",
        "..%20",
        "%ef%bc%8e%ef%bc%8e",
        "..\u{200b}",
        "%%32%65%%32%65",
    ];
    let slashes = [
        "/",
        "//",
        "%2f",
        "%2F",
        "%252f",
        "\\",
        "%5c",
        "%255c",
        "/./",
        "%c0%af",
        "%e0%80%af",
        "%ef%bc%8f",
        "/%2f",
        "%00/",
    ];
    for dot in dots {
        for slash in slashes {
            for begin in ["/", "/a/b/../../"] {
                let target = format!("{begin}{dot}{slash}secret");
                assert_kept(&gate, &pki, target.as_bytes());
            }
        }
    }
}

#[test]
fn with_every_form_of_request_target() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let directory = gate.directory().display().to_string();
    let targets = [
        "*".to_owned(),
        "../secret".to_owned(),
        "secret".to_owned(),
        "//../secret".to_owned(),
        "///../../secret".to_owned(),
        "//localhost/../secret".to_owned(),
        "/../../../../../../../../../../etc/passwd".to_owned(),
        "https://localhost/../secret".to_owned(),
        "https://localhost/%2e%2e/secret".to_owned(),
        "https://localhost/a/..%2f..%2fsecret".to_owned(),
        "https://localhost/relative".to_owned(),
        "file:///etc/passwd".to_owned(),
        format!("file://{directory}/secret"),
        format!("/{directory}/secret"),
        format!("{directory}/secret"),
        format!("/%2f{directory}/secret"),
        "/../html-other/secret".to_owned(),
        "-other/secret".to_owned(),
        "/..-other/secret".to_owned(),
        "/a/b/../../../secret".to_owned(),
        "/a/b/index.html/../../../../secret".to_owned(),
        "/nothing/../../secret".to_owned(),
        "/secret?/../../secret".to_owned(),
        format!("/{}secret", "../".repeat(500)),
        format!("/{}secret", "a/../".repeat(500) + "../"),
    ];
    for target in targets {
        assert_kept(&gate, &pki, target.as_bytes());
    }
    let raw: [&[u8]; 6] = [
        b"/\xc0\xae\xc0\xae/secret",
        b"/..\x00/secret",
        b"/..\xff/secret",
        b"/..\xc0\xafsecret",
        b"/..\t/secret",
        b"/ ../secret",
    ];
    for target in raw {
        assert_kept(&gate, &pki, target);
    }
    // A request without a version is no HTTP/1.
    let answer = answer(&gate, &pki, b"GET /../secret\r\n\r\n");
    assert!(!String::from_utf8_lossy(&answer).contains(SECRET));
}

#[test]
fn with_symbolic_links() {
    let pki = Pki::new();
    let gate = gate(&pki);
    for path in [
        "/relative",
        "/absolute",
        "/twice",
        "/up/secret",
        "/up/html/../secret",
        "/up/",
        "/up",
        "/directory/secret",
        "/directory/",
        "/a/beside",
        "/inside-absolute/../../../secret",
    ] {
        assert_kept(&gate, &pki, path.as_bytes());
    }
}

#[test]
fn hidden_files_are_not_served() {
    let pki = Pki::new();
    let gate = gate(&pki);
    for path in [
        "/.secret",
        "/%2esecret",
        "/a/.secret",
        "/a/.hidden/secret",
        "/a/b/../.secret",
    ] {
        assert_kept(&gate, &pki, path.as_bytes());
    }
}

/// Without this, the tests above would pass with a gate that serves nothing.
#[test]
fn while_what_is_inside_is_served() {
    let pki = Pki::new();
    let gate = gate(&pki);
    for target in [
        "/",
        "/a/b/",
        "/a/b/../b/index.html",
        "/a/../index.html",
        "/%61/b/",
        "//a//b//",
        "https://localhost/index.html",
        "/inside",
        "/inside-absolute/index.html",
        "/index.html?/../../secret",
        "https://localhost?/../secret",
    ] {
        let answer = answer(&gate, &pki, &request(target.as_bytes()));
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
        assert!(answer.ends_with(PUBLIC), "{target}: {answer}");
    }
}
