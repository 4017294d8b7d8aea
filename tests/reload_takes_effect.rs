//! On SIGHUP, and by itself when files have changed, new connections get what is configured now; open ones
//! go on with what they began with, if their clients may stay.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::pki::{self, Identity, Pki};
use crate::support::places::{self, CERTIFICATE, CLIENT_CA, KEY};
use crate::support::{eventually, http2_client, upstream};

fn other_ca() -> Identity {
    pki::authority("Other CA").self_signed()
}

#[test]
fn on_sighup_all_three_files_take_effect() {
    let pki = Pki::new();
    let gate = places::serve(&pki).start();
    let (old, other) = (client::with(&pki.client), other_ca());
    let new = client::with(&pki::client("bob").signed_by(&other));
    assert!(new.refusal(gate.address).contains("unknown ca"));
    let server = pki::server().signed_by(&other);
    gate.replace_server(&server);
    gate.replace(CLIENT_CA, &other.certificate_pem());
    gate.reload();
    places::until_shown(&gate, &new, &server);
    assert_eq!(new.get(gate.address, "/").unwrap().status, 200);
    assert!(old.refusal(gate.address).contains("unknown ca"));
    let line = gate.event("reloaded");
    assert_eq!(
        (&line["cause"], &line["sites"]),
        (&"SIGHUP".into(), &1.into())
    );
    assert_eq!(gate.metric("certgate_last_reload_successful"), 1.0);
    assert!(gate.metric("certgate_last_reload_success_timestamp_seconds") > 1.6e9);
}

/// Replaces what the certs directory has by what this server has.
type Replace = fn(&Path, &Identity);

fn by_rename(certs: &Path, server: &Identity) {
    places::rename_over(&certs.join(CERTIFICATE), &server.certificate_pem());
    places::rename_over(&certs.join(KEY), &server.key_pem());
}

fn in_place(certs: &Path, server: &Identity) {
    fs::write(certs.join(CERTIFICATE), server.certificate_pem()).unwrap();
    fs::write(certs.join(KEY), server.key_pem()).unwrap();
}

/// As the kubelet does it: a directory for each version, one link to it that is swapped, and links
/// through that.
fn by_link(certs: &Path, server: &Identity) {
    let old = fs::read_link(certs.join("..data")).ok();
    let name = match &old {
        None => "..2026_01",
        Some(_) => "..2026_02",
    };
    fs::create_dir(certs.join(name)).unwrap();
    fs::write(certs.join(name).join(CERTIFICATE), server.certificate_pem()).unwrap();
    fs::write(certs.join(name).join(KEY), server.key_pem()).unwrap();
    symlink(name, certs.join("..data_tmp")).unwrap();
    fs::rename(certs.join("..data_tmp"), certs.join("..data")).unwrap();
    match old {
        Some(old) => fs::remove_dir_all(certs.join(old)).unwrap(),
        None => {
            for file in [CERTIFICATE, KEY] {
                fs::remove_file(certs.join(file)).unwrap();
                symlink(format!("..data/{file}"), certs.join(file)).unwrap();
            }
        }
    }
}

#[test]
fn by_itself_however_files_are_replaced() {
    let pki = Pki::new();
    let client = client::with(&pki.client);
    let ways: [(Replace, &str); 3] = [
        (by_rename, "renamed"),
        (in_place, "written in place"),
        (by_link, "behind a link"),
    ];
    for (replace, way) in ways {
        let builder = places::serve(&pki).watching();
        if way == "behind a link" {
            by_link(&builder.certs_dir(), &pki.server);
        }
        let gate = builder.start();
        let server = pki::server().signed_by(&pki.ca);
        replace(&gate.certs_dir(), &server);
        places::until_shown(&gate, &client, &server);
        let line = gate.event("reloaded");
        assert_eq!(line["cause"], "files", "{way}");
    }
}

/// The files that the variables were written to are files like others.
#[test]
fn by_itself_after_a_start_from_the_environment() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).watching().start();
    let server = pki::server().signed_by(&pki.ca);
    gate.replace_server(&server);
    places::until_shown(&gate, &client::with(&pki.client), &server);
}

#[test]
fn by_itself_what_the_configuration_says() {
    let pki = Pki::new();
    let server = upstream::http(|_| upstream::ok("upstream"));
    let gate = places::serve(&pki)
        .watching()
        .content("one", "one")
        .content("two", "two")
        .config("root = \"DIR/one\"")
        .start();
    let (alice, nobody) = (client::with(&pki.client), client::anonymous());
    let until_it_says = |text: &str| {
        eventually(text, || {
            let response = alice.get(gate.address, "/").unwrap();
            (response.text() == text).then_some(())
        });
    };
    until_it_says("one");
    gate.configure("root = \"DIR/two\"");
    until_it_says("two");
    nobody.refusal(gate.address);
    gate.configure(&format!(
        "upstream = \"{}\"\nclient-auth = \"optional\"",
        server.url
    ));
    until_it_says("upstream");
    let response = nobody.get(gate.address, "/").unwrap();
    assert_eq!(response.text(), "upstream");
}

/// Files that are named for the first time are looked at, and those that aren't named any more are not.
#[test]
fn the_files_of_today_are_looked_at() {
    let pki = Pki::new();
    let [first, second] = [(); 2].map(|()| pki::server().signed_by(&pki.ca));
    let gate = places::serve(&pki)
        .watching()
        .identity("other", &first)
        .config("")
        .start();
    let client = client::with(&pki.client);
    let toml = "certificate = \"DIR/other.cer\"\ncertificate-key = \"DIR/other.key\"";
    gate.configure(toml);
    places::until_shown(&gate, &client, &first);
    // If this were looked at, it would make a reload fail.
    gate.replace(KEY, "nothing");
    places::rename_over(
        &gate.directory().join("other.cer"),
        &second.certificate_pem(),
    );
    places::rename_over(&gate.directory().join("other.key"), &second.key_pem());
    places::until_shown(&gate, &client, &second);
    assert_eq!(gate.metric("certgate_last_reload_successful"), 1.0);
}

#[test]
fn open_http_connections_go_on_with_what_they_began_with() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .content("one", "one")
        .content("two", "two")
        .argument("--close-on=none")
        .config("root = \"DIR/one\"")
        .start();
    let client = client::with(&pki.client);
    let mut kept = client.connect(gate.address).unwrap();
    let mut http2 = http2_client::connect(&client, gate.address);
    let mut all_say_one = |what: &str| {
        assert_eq!(kept.get("/").unwrap().text(), "one", "{what}");
        let response = http2.request("GET", "/", "");
        assert_eq!(response.body(), "one", "{what}");
    };
    all_say_one("before");
    let other = other_ca();
    gate.replace(CLIENT_CA, &other.certificate_pem());
    gate.configure("root = \"DIR/two\"");
    gate.reload();
    all_say_one("after another root and another CA");
    gate.configure("upstream = \"tcp://127.0.0.1:1\"");
    gate.reload();
    all_say_one("after a tunnel took its place");
    gate.configure("root = \"DIR/two\"");
    gate.reload();
    client.refusal(gate.address);
    let bob = client::with(&pki::client("bob").signed_by(&other));
    assert_eq!(bob.get(gate.address, "/").unwrap().text(), "two");
    all_say_one("at the end");
}

#[test]
fn an_open_tunnel_stays_open() {
    let pki = Pki::new();
    let echo = |name: &'static str| {
        upstream::tcp(move |mut stream| {
            stream.write_all(name.as_bytes()).unwrap();
            let mut byte = [0];
            while matches!(stream.read(&mut byte), Ok(1)) && stream.write_all(&byte).is_ok() {}
        })
    };
    let (one, two) = (echo("1"), echo("2"));
    let gate = places::serve(&pki)
        .config(&format!("upstream = \"tcp://{one}\""))
        .start();
    let client = client::with(&pki.client);
    let says = |tunnel: &mut client::Connection| {
        let mut byte = [0];
        tunnel.read_exact(&mut byte).unwrap();
        byte[0]
    };
    let mut open = client.connect(gate.address).unwrap();
    assert_eq!(says(&mut open), b'1');
    gate.configure(&format!("upstream = \"tcp://{two}\""));
    gate.reload();
    for byte in *b"still here" {
        open.write_all(&[byte]).unwrap();
        assert_eq!(says(&mut open), byte);
    }
    assert_eq!(says(&mut client.connect(gate.address).unwrap()), b'2');
}

/// A handshake that began before a reload ends with what it began with.
#[test]
fn a_handshake_under_way_sees_one_snapshot() {
    let pki = Pki::new();
    let gate = places::serve(&pki).argument("--close-on=none").start();
    let tcp = client::dial(gate.address);
    accepted(&gate, 1.0);
    gate.replace(CLIENT_CA, &other_ca().certificate_pem());
    gate.reload();
    let client = client::with(&pki.client);
    let mut begun = client.connect_over(tcp).unwrap();
    assert_eq!(begun.get("/").unwrap().status, 200);
    client.refusal(gate.address);
}

fn accepted(gate: &Certgate, count: f64) {
    gate.counts("certgate_connections_accepted_total", count);
}

/// A site's own files are looked at like the first one's.
#[test]
fn by_itself_the_certificate_of_a_site() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .watching()
        .identity("a", &pki.server)
        .config("[[site]]\nnames = [\"a.example\"]\ncertificate = \"DIR/a.cer\"\ncertificate-key = \"DIR/a.key\"\n")
        .start();
    let client = client::with(&pki.client).sni("a.example");
    let server = pki::server().signed_by(&pki.ca);
    places::write_identity(gate.directory(), "a", &server);
    places::until_shown(&gate, &client, &server);
}

/// Nothing waits for the end of a reload, and nothing is asked twice that nobody has begun.
#[test]
fn a_storm_of_signals_ends_with_the_last_state() {
    let pki = Pki::new();
    let gate = places::serve(&pki).start();
    let mut server = pki.server.clone();
    for _ in 0..30 {
        server = pki::server().signed_by(&pki.ca);
        gate.replace_server(&server);
        gate.signal("HUP");
    }
    places::until_shown(&gate, &client::with(&pki.client), &server);
    let [ok, failed] = gate.reloads();
    assert!((1.0..=30.0).contains(&(ok + failed)), "{ok} {failed}");
    gate.reload();
    assert_eq!(gate.admin("/readyz").status, 200);
}

/// A certificate is no reason to leave connections to upstreams, or what is known of files.
#[test]
fn what_is_the_same_is_kept() {
    let pki = Pki::new();
    let server = upstream::http(|_| upstream::ok("upstream"));
    let gate = places::serve(&pki)
        .argument("--workers=1")
        .config(&format!("upstream = \"{}\"", server.url))
        .start();
    let client = client::with(&pki.client);
    for _ in 0..3 {
        let response = client.get(gate.address, "/").unwrap();
        assert_eq!(response.text(), "upstream");
        gate.replace_server(&pki::server().signed_by(&pki.ca));
        gate.reload();
    }
    assert_eq!(server.accepted(), 1);
}
