//! Bodies pass through as they come, whatever their size: certgate holds little of them, and who
//! doesn't read holds up who writes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Connection};
use crate::support::content::{self, LARGE, Sum};
use crate::support::http::read_response;
use crate::support::pki::Pki;
use crate::support::upstream::{self, read_head};
use crate::support::{PATIENCE, duplex, http2};

/// Much less than what is carried; a debug build idles at about 20 MiB.
const MEMORY: u64 = 64 * 1024;
/// More than all sockets on the way hold (Linux: up to 4 MiB to send, 6 MiB to receive, twice).
const BUFFERS: u64 = 48 * 1024 * 1024;
/// How long a write blocks until it counts as blocked. On a busy machine this may be too short,
/// which lets the test pass too easily but never fail.
const BLOCKED: Duration = Duration::from_secs(1);

fn gate(upstream: SocketAddr) -> (Pki, Certgate) {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).argument(format!("--upstream=http://{upstream}"));
    (pki, gate.start())
}

#[track_caller]
fn assert_little_memory(gate: &Certgate) {
    let peak = gate.peak_memory();
    assert!(peak < MEMORY, "{peak} KiB");
}

/// Answers a GET with as many bytes as its path says, a POST with the sum of what it brought.
fn transfers() -> SocketAddr {
    upstream::tcp(|stream| {
        let mut stream = BufReader::with_capacity(64 * 1024, stream);
        loop {
            let head = read_head(&mut stream).to_lowercase();
            if head.is_empty() {
                return;
            }
            let path = head.split(' ').nth(1).unwrap_or_default();
            if head.starts_with("get") {
                let length = path.trim_start_matches('/').parse().unwrap();
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                let _ = stream.get_mut().write_all(answer.as_bytes());
                let _ = content::write(stream.get_mut(), length);
            } else {
                let sum = match head.contains("transfer-encoding: chunked\r\n") {
                    true => content::read(&mut Chunks::new(&mut stream)),
                    false => {
                        let length = head.split("content-length: ").nth(1).unwrap();
                        let length = length.lines().next().unwrap().parse().unwrap();
                        content::read(&mut (&mut stream).take(length))
                    }
                };
                let Ok(sum) = sum else { return };
                let _ = stream
                    .get_mut()
                    .write_all(&upstream::ok(&format!("{sum:?}")));
            }
        }
    })
}

/// The content of chunks.
struct Chunks<R> {
    inner: R,
    left: usize,
}

impl<R: BufRead> Chunks<R> {
    fn new(inner: R) -> Self {
        Self { inner, left: 0 }
    }
}

impl<R: BufRead> Read for Chunks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut line = String::new();
            while line.trim().is_empty() {
                line.clear();
                if self.inner.read_line(&mut line)? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
            }
            self.left = usize::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
            if self.left == 0 {
                self.inner.read_line(&mut line)?;
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..length])?;
        self.left -= read;
        Ok(read)
    }
}

fn download(client: &mut Connection, length: u64) -> Sum {
    let request = format!("GET /{length} HTTP/1.1\r\nHost: app\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    assert_eq!(read_response(client, true).unwrap().status, 200);
    content::read(&mut client.take(length)).unwrap()
}

fn upload(client: &mut Connection, length: u64) -> String {
    let request = format!("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    content::write(client, length).unwrap();
    read_response(client, false).unwrap().text()
}

#[test]
fn a_hundred_megabytes_in_http_1_1() {
    let (pki, gate) = gate(transfers());
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    let sum = content::sum(LARGE);
    assert_eq!(download(&mut client, LARGE), sum);
    assert_eq!(upload(&mut client, LARGE), format!("{sum:?}"));
    assert_little_memory(&gate);
    let line = gate.event("request");
    assert_eq!(
        (&line["bytes"], &line["complete"]),
        (&LARGE.into(), &true.into())
    );
}

#[test]
fn a_hundred_megabytes_in_http_2() {
    let (pki, gate) = gate(transfers());
    let mut client = http2::connect(&pki.client, gate.address);
    let sum = content::sum(LARGE);
    let downloaded = duplex::block_on(async {
        let answer = client
            .0
            .send_request(http2::get(&format!("/{LARGE}")))
            .await
            .unwrap();
        http2::sum(answer.into_body()).await
    });
    assert_eq!(downloaded.unwrap(), sum);
    let request = ::http::Request::post("https://localhost/").body(http2::large(LARGE));
    let answer = client.send(request.unwrap()).unwrap();
    assert_eq!(String::from_utf8(answer.body).unwrap(), format!("{sum:?}"));
    assert_little_memory(&gate);
}

#[test]
fn several_at_a_time() {
    let (pki, gate) = gate(transfers());
    let length = LARGE / 16;
    let sum = content::sum(length);
    std::thread::scope(|scope| {
        for index in 0..8 {
            let (pki, gate, sum) = (&pki, &gate, &sum);
            scope.spawn(move || {
                let mut client = client::with(&pki.client).connect(gate.address).unwrap();
                match index % 2 {
                    0 => assert_eq!(download(&mut client, length), *sum),
                    _ => assert_eq!(upload(&mut client, length), format!("{sum:?}")),
                }
            });
        }
    });
    assert_little_memory(&gate);
}

#[test]
fn the_first_bytes_of_an_answer_before_its_last() {
    let (sender, receiver) = mpsc::channel();
    let receiver = Mutex::new(receiver);
    let upstream = upstream::tcp(move |mut stream| {
        read_head(&mut stream);
        let first = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
        stream.write_all(first).unwrap();
        receiver.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(b"4\r\nlast\r\n0\r\n\r\n").unwrap();
    });
    let (pki, gate) = gate(upstream);
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        .unwrap();
    assert_eq!(read_response(&mut client, true).unwrap().status, 200);
    let mut first = [0; 10];
    client.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"5\r\nfirst\r\n");
    sender.send(()).unwrap();
    let mut last = [0; 14];
    client.read_exact(&mut last).unwrap();
    assert_eq!(&last, b"4\r\nlast\r\n0\r\n\r\n");
}

#[test]
fn the_first_bytes_of_a_request_before_its_last() {
    let (sender, receiver) = mpsc::channel();
    let upstream = upstream::tcp(move |mut stream| {
        read_head(&mut stream);
        let mut first = [0; 5];
        stream.read_exact(&mut first).unwrap();
        sender.send(first).unwrap();
        let mut last = [0; 4];
        stream.read_exact(&mut last).unwrap();
        stream.write_all(&upstream::ok("got both")).unwrap();
    });
    let (pki, gate) = gate(upstream);
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    client
        .write_all(b"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 9\r\n\r\nfirst")
        .unwrap();
    assert_eq!(&receiver.recv_timeout(PATIENCE).unwrap(), b"first");
    client.write_all(b"last").unwrap();
    assert_eq!(
        read_response(&mut client, false).unwrap().text(),
        "got both"
    );
}

/// Writes until that blocks; how many bytes were taken.
fn fill(stream: &mut TcpStream, mut write: impl FnMut(&[u8]) -> std::io::Result<usize>) -> u64 {
    stream.set_write_timeout(Some(BLOCKED)).unwrap();
    let (block, mut taken) = (vec![b'x'; 64 * 1024], 0);
    while taken < 4 * BUFFERS {
        match write(&block) {
            Ok(written) => taken += written as u64,
            Err(_) => break,
        }
    }
    taken
}

#[test]
fn a_client_that_does_not_read_holds_up_the_upstream() {
    let (sender, receiver) = mpsc::channel();
    let upstream = upstream::tcp(move |mut stream| {
        read_head(&mut stream);
        let length = 100 * BUFFERS;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut writer = stream.try_clone().unwrap();
        sender
            .send(fill(&mut stream, |block| writer.write(block)))
            .unwrap();
    });
    let (pki, gate) = gate(upstream);
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        .unwrap();
    let taken = receiver.recv_timeout(PATIENCE).unwrap();
    assert!(taken < BUFFERS, "{taken} bytes");
    assert_little_memory(&gate);
    let mut http2 = http2::connect(&pki.client, gate.address);
    let request = http2::get("/");
    // The body isn't read as long as it is held.
    let _unread = duplex::block_on(http2.0.send_request(request)).unwrap();
    let taken = receiver.recv_timeout(PATIENCE).unwrap();
    assert!(taken < BUFFERS, "{taken} bytes in HTTP/2");
    assert_little_memory(&gate);
}

#[test]
fn an_upstream_that_does_not_read_holds_up_the_client() {
    let (sender, receiver) = mpsc::channel::<()>();
    let receiver = Mutex::new(receiver);
    let upstream = upstream::tcp(move |_unread| {
        let _ = receiver.lock().unwrap().recv();
    });
    let (pki, gate) = gate(upstream);
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    let length = 100 * BUFFERS;
    let head = format!("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(head.as_bytes()).unwrap();
    let mut tcp = client.stream.get_ref().try_clone().unwrap();
    let taken = fill(&mut tcp, |block| client.write(block));
    assert!(taken < BUFFERS, "{taken} bytes");
    assert_little_memory(&gate);
    drop(sender);
}
