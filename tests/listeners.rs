//! Where connections come in: both families, several addresses, sockets of a service manager.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::AsRawFd;

use rustix::io::{FdFlags, fcntl_setfd};

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::eventually;
use crate::support::pki::Pki;

fn listeners(gate: &Certgate) -> Vec<SocketAddr> {
    let ready = gate.event("ready");
    let listen = ready["listen"].as_str().unwrap();
    listen
        .split(',')
        .map(|text| text.parse().unwrap())
        .collect()
}

#[test]
fn one_listener_takes_both_families() {
    let pki = Pki::new();
    let builder = certgate::serve(&pki).without_flag("listen");
    let gate = builder
        .argument("--listen=[::]:0")
        .file("index.html", "x")
        .start();
    let port = listeners(&gate)[0].port();
    let client = client::with(&pki.client);
    for (ip, shown) in [("127.0.0.1", "127.0.0.1:"), ("::1", "[::1]:")] {
        let address = SocketAddr::new(ip.parse().unwrap(), port);
        assert_eq!(client.get(address, "/").unwrap().status, 200);
        // Whoever reads the log looks for the address that the client has.
        gate.log_line(|line| {
            let client = line["client"].as_str().unwrap_or_default();
            line["event"] == "request" && client.starts_with(shown)
        });
    }
}

#[test]
fn each_of_several_listeners_serves() {
    let pki = Pki::new();
    let builder = certgate::serve(&pki).file("index.html", "x");
    let gate = builder.argument("--listen=[::1]:0").start();
    let listeners = listeners(&gate);
    assert_eq!(listeners.len(), 2);
    assert_eq!(listeners[1].ip(), Ipv6Addr::LOCALHOST);
    for address in listeners {
        let answer = client::with(&pki.client).get(address, "/").unwrap();
        assert_eq!(answer.status, 200, "{address}");
    }
}

/// A socket that a child process inherits, and what a shell does to hand it over as systemd does.
fn handed_over(names: &str) -> (TcpListener, String) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    fcntl_setfd(&socket, FdFlags::empty()).unwrap();
    let number = socket.as_raw_fd();
    // sh may know descriptors of one digit only.
    let script = format!(
        r#"exec /bin/bash -c 'exec 3<&{number}; export LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES={names}; exec "$0" "$@"' "$0" "$@""#
    );
    (socket, script)
}

#[test]
fn a_service_manager_hands_its_socket_over() {
    let pki = Pki::new();
    for listen in ["systemd", "systemd:web"] {
        let (socket, script) = handed_over("web");
        let address = socket.local_addr().unwrap();
        // PEMs in the environment: the process begins anew, and the socket stays.
        let builder = certgate::serve(&pki).without_flag("listen").after(&script);
        let builder = builder.argument(format!("--listen={listen}"));
        let gate = builder.file("index.html", "x").start();
        drop(socket);
        assert_eq!(listeners(&gate), [address]);
        let answer = client::with(&pki.client).get(address, "/").unwrap();
        assert_eq!(answer.status, 200, "{listen}");
    }
}

#[test]
fn a_socket_that_is_not_there_is_asked_for() {
    let pki = Pki::new();
    let (_socket, script) = handed_over("web");
    for (script, listen) in [(script.as_str(), "systemd:admin"), ("", "systemd")] {
        let builder = certgate::serve(&pki).without_flag("listen").after(script);
        let finished = builder.argument(format!("--listen={listen}")).finish();
        assert_eq!(finished.code(), 78);
        let place = format!("listen {listen}");
        assert!(finished.stderr.contains(&place), "{}", finished.stderr);
        assert!(
            finished.stderr.contains("ListenStream="),
            "{}",
            finished.stderr
        );
    }
}

/// The timer that the kernel runs for a connection, and its seconds: columns 6 of /proc/net/tcp (proc(5)).
fn timer(local: u16, remote: u16) -> (u8, f64) {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = |field: &str| u16::from_str_radix(field.rsplit(':').next().unwrap(), 16).unwrap();
    let rows = table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut rows = rows.filter(|row| port(row[1]) == local && port(row[2]) == remote);
    let row = rows.next().expect("a connection");
    let (kind, when) = row[5].split_once(':').unwrap();
    let ticks = u64::from_str_radix(when, 16).unwrap();
    (u8::from_str_radix(kind, 16).unwrap(), ticks as f64 / 100.0)
}

#[test]
fn silent_clients_are_asked_whether_they_are_there() {
    const NONE: u8 = 0;
    const KEEPALIVE: u8 = 2;
    let pki = Pki::new();
    for (flag, expected) in [
        ("--tcp-keepalive=90s", KEEPALIVE),
        ("--tcp-keepalive=0s", NONE),
    ] {
        let gate = certgate::serve(&pki)
            .argument(flag)
            .file("index.html", "x")
            .start();
        let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
        assert_eq!(connection.get("/").unwrap().status, 200);
        // What is sent has a timer of its own until it is acknowledged.
        let seconds = eventually(flag, || {
            let (kind, seconds) = timer(gate.address.port(), connection.local().port());
            (kind == expected).then_some(seconds)
        });
        assert!(
            expected == NONE || (60.0..=90.0).contains(&seconds),
            "{seconds}"
        );
    }
}
