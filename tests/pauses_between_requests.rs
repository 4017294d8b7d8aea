//! A connection that was idle for a while serves what comes next as if it hadn't been.

use std::io::{ErrorKind, Read, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use openssl::ssl::ShutdownState;

use crate::support::PATIENCE;
use crate::support::certgate;
use crate::support::client::{self, Connection};
use crate::support::http::read_response;
use crate::support::pki::Pki;
use crate::support::upstream::{self, read_head};

const GET: &str = "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n";

/// A connection on which a request was answered a while ago.
fn paused(client: &client::Client, gate: &certgate::Certgate) -> Connection {
    let mut connection = client.connect(gate.address).unwrap();
    answered(&mut connection, GET);
    pause();
    connection
}

/// Longer than certgate needs to see that nothing more comes; a shorter one makes no test fail.
fn pause() {
    std::thread::sleep(Duration::from_millis(30));
}

fn answered(connection: &mut Connection, request: &str) {
    connection.write_all(request.as_bytes()).unwrap();
    assert_eq!(read_response(connection, false).unwrap().status, 200);
}

#[test]
fn one_after_the_other_also_in_pieces() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "x").start();
    for client in [
        client::with(&pki.client).tls12(),
        client::with(&pki.client).tls13(),
    ] {
        let mut connection = paused(&client, &gate);
        answered(&mut connection, GET);
        pause();
        for byte in GET.as_bytes() {
            connection.write_all(&[*byte]).unwrap();
        }
        assert_eq!(read_response(&mut connection, false).unwrap().status, 200);
        pause();
        let (beginning, end) = GET.split_at(9);
        connection.write_all(beginning.as_bytes()).unwrap();
        pause();
        answered(&mut connection, end);
    }
}

#[test]
fn after_many_in_quick_succession() {
    let pki = Pki::new();
    let mut gate = certgate::serve(&pki).file("index.html", "x").start();
    let mut connection = paused(&client::with(&pki.client), &gate);
    // It is kept ready for a second, and no longer; the end of the process finds it ready.
    for lull in [Duration::from_millis(2500), Duration::ZERO] {
        for _ in 0..30 {
            answered(&mut connection, GET);
        }
        std::thread::sleep(lull);
    }
    gate.signal("TERM");
    assert_eq!(connection.read(&mut [0]).unwrap(), 0);
    let state = connection.stream.get_shutdown();
    assert!(state.contains(ShutdownState::RECEIVED), "no close_notify");
    connection.close();
    assert_eq!(gate.exit_code(), Some(0));
}

#[test]
fn several_at_once_and_the_beginning_of_another() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "x").start();
    let mut connection = paused(&client::with(&pki.client), &gate);
    for cut in [1, 20, GET.len() - 1] {
        let (beginning, end) = GET.split_at(cut);
        let bytes = [GET, GET, beginning].concat();
        connection.write_all(bytes.as_bytes()).unwrap();
        for _ in 0..2 {
            assert_eq!(read_response(&mut connection, false).unwrap().status, 200);
        }
        pause();
        answered(&mut connection, end);
        pause();
    }
}

#[test]
fn with_bodies() {
    let pki = Pki::new();
    let upstream = upstream::http(|request| upstream::ok(&format!("{:?}", request.body)));
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream={}", upstream.url))
        .start();
    let mut connection = paused(&client::with(&pki.client), &gate);
    let known = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (head, body) in [
        (known, "abc"),
        (chunked, "3\r\nabc\r\n0\r\n\r\n"),
        (chunked, "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"),
    ] {
        let whole = [head, body].concat();
        for cut in [whole.len(), head.len(), whole.len() - 1] {
            let (beginning, end) = whole.split_at(cut);
            connection.write_all(beginning.as_bytes()).unwrap();
            if !end.is_empty() {
                pause();
                connection.write_all(end.as_bytes()).unwrap();
            }
            let answer = read_response(&mut connection, false).unwrap();
            assert_eq!(answer.text(), format!("{:?}", b"abc"));
            pause();
        }
    }
}

#[test]
fn the_rest_of_a_body_is_no_request_however_early_its_answer_came() {
    let pki = Pki::new();
    let (sender, rest) = mpsc::channel();
    let upstream = upstream::tcp(move |mut stream| {
        read_head(&mut stream);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly";
        stream.write_all(answer).unwrap();
        let mut body = vec![0; GET.len() + 1];
        if stream.read_exact(&mut body).is_ok() {
            sender.send(body).unwrap();
        }
    });
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=http://{upstream}"))
        .start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let length = GET.len() + 1;
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n!");
    connection.write_all(head.as_bytes()).unwrap();
    let answer = read_response(&mut connection, false).unwrap();
    assert_eq!(answer.text(), "early");
    pause();
    connection.write_all(GET.as_bytes()).unwrap();
    // The upstream may get it or not; nobody may answer it.
    let _ = rest.recv_timeout(Duration::from_secs(1));
    connection.close();
    let requests = gate.whole_log();
    let requests = requests.iter().filter(|line| line["event"] == "request");
    assert_eq!(requests.count(), 1);
}

#[test]
fn the_end_of_an_answer_waits_for_a_client_that_reads_late() {
    const ANSWERS: usize = 300;
    let pki = Pki::new();
    // Little enough to be handed over at once.
    let content: Vec<u8> = (0..60u32 << 10).map(|n| ((n * 31) >> 3) as u8).collect();
    let gate = certgate::serve(&pki).file("file", &content).start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    // More than the kernel takes: one of the answers is ready and can't be sent to its end.
    for _ in 0..ANSWERS {
        let request = b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n";
        connection.write_all(request).unwrap();
        std::thread::sleep(Duration::from_millis(12));
    }
    for number in 0..ANSWERS {
        let answer = read_response(&mut connection, false);
        let body = answer.map(|answer| answer.body);
        assert!(body.is_ok_and(|body| body == content), "answer {number}");
    }
}

#[test]
fn an_upgrade() {
    let pki = Pki::new();
    let upstream = upstream::tcp(|mut stream| {
        while read_head(&mut stream).starts_with("GET /index.html") {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
            stream.write_all(answer).unwrap();
        }
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello";
        stream.write_all(answer).unwrap();
        let mut byte = [0];
        while stream.read(&mut byte).is_ok_and(|read| read == 1) {
            stream.write_all(&byte).unwrap();
        }
    });
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=http://{upstream}"))
        .start();
    let mut connection = paused(&client::with(&pki.client), &gate);
    let ask =
        "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst";
    connection.write_all(ask.as_bytes()).unwrap();
    assert_eq!(read_response(&mut connection, true).unwrap().status, 101);
    let mut bytes = [0; 10];
    connection.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"hellofirst");
    for word in ["again", GET] {
        pause();
        connection.write_all(word.as_bytes()).unwrap();
        let mut back = vec![0; word.len()];
        connection.read_exact(&mut back).unwrap();
        assert_eq!(back, word.as_bytes());
    }
}

#[test]
fn the_time_for_a_header_begins_with_its_first_byte() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .file("index.html", "x")
        .argument("--header-timeout=4s")
        .start();
    let mut connection = paused(&client::with(&pki.client), &gate);
    let (beginning, end) = GET.split_at(9);
    std::thread::sleep(Duration::from_millis(2500));
    connection.write_all(beginning.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    answered(&mut connection, end);
}

#[test]
fn a_header_that_comes_too_slowly_ends_it() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .file("index.html", "x")
        .argument("--header-timeout=500ms")
        .start();
    let mut connection = paused(&client::with(&pki.client), &gate);
    let tcp = connection.stream.get_ref();
    let moment = Duration::from_millis(20);
    tcp.set_read_timeout(Some(moment)).unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    let start = Instant::now();
    // Each byte is a sign of life, but none that counts.
    loop {
        let _ = connection.write_all(b"x");
        match connection.read(&mut [0]) {
            Ok(read) => break assert_eq!(read, 0, "an answer"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("no end in order: {error}"),
        }
        assert!(start.elapsed() < PATIENCE / 2, "still open");
    }
}
