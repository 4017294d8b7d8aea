//! Connections that have to end, and upstreams that keep them busy.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, mpsc};

use openssl::ssl::ShutdownState;
use serde_json::Value;

use super::PATIENCE;
use super::certgate::Certgate;
use super::client::Connection;
use super::http;
use super::upstream;

/// Waits, silent, until the server has said that it ends.
#[track_caller]
pub fn ends_in_order(connection: &mut Connection) {
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).expect("an orderly end");
    assert_eq!(rest, b"", "nothing more is said");
    // An end of TCP alone reads as an end, too, but is none to TLS.
    let state = connection.stream.get_shutdown();
    assert!(state.contains(ShutdownState::RECEIVED), "no close_notify");
}

#[track_caller]
pub fn goes_on(connection: &mut Connection) {
    assert_eq!(connection.get("/").expect("it goes on").status, 200);
}

/// Waits for the line that says so.
#[track_caller]
pub fn closed(gate: &Certgate, reason: &str) -> Value {
    gate.log_line(|line| line["event"] == "connection_closed" && line["reason"] == reason)
}

pub fn closed_for(gate: &Certgate, reason: &str) -> f64 {
    gate.metric(&format!(
        "certgate_connections_closed_total{{reason=\"{reason}\"}}"
    ))
}

/// An upstream that answers when it is told to.
pub struct Holding {
    pub address: SocketAddr,
    asked: mpsc::Receiver<()>,
    release: mpsc::Sender<()>,
}

pub fn holding() -> Holding {
    let (tell, asked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let address = upstream::tcp(move |mut stream| {
        upstream::read_head(&mut stream);
        tell.send(()).unwrap();
        if released.lock().unwrap().recv().is_ok() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
        }
    });
    Holding {
        address,
        asked,
        release,
    }
}

impl Holding {
    /// Waits for a request.
    #[track_caller]
    pub fn is_asked(&self) {
        self.asked.recv_timeout(PATIENCE).expect("a request");
    }

    pub fn answer(&self) {
        self.release.send(()).unwrap();
    }
}

/// Sends a request whose answer this upstream holds back.
#[track_caller]
pub fn begin(connection: &mut Connection, upstream: &Holding) {
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    connection.write_all(request).unwrap();
    upstream.is_asked();
}

/// The answer arrives whole, says that it is the last one, and so it is.
#[track_caller]
pub fn is_the_last_answer(connection: &mut Connection) {
    let response = http::read_response(connection, false).expect("the answer");
    assert_eq!((response.status, response.text().as_str()), (200, "done"));
    assert_eq!(response.header("connection"), Some("close"));
    ends_in_order(connection);
}

/// A server that sends back what comes, after a WebSocket's handshake if it is asked for one. Hands on when its
/// client is gone.
pub fn echoing(websocket: bool) -> (SocketAddr, mpsc::Receiver<()>) {
    let (tell, gone) = mpsc::channel();
    let address = upstream::tcp(move |mut stream: TcpStream| {
        if websocket {
            upstream::read_head(&mut stream);
            let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
            stream.write_all(answer).unwrap();
        }
        let mut buffer = [0; 1024];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            let _ = stream.write_all(&buffer[..read]);
        }
        let _ = tell.send(());
    });
    (address, gone)
}

#[track_caller]
pub fn echoes(connection: &mut Connection) {
    connection.write_all(b"hello").unwrap();
    let mut back = [0; 5];
    connection.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello");
}

/// Becomes a WebSocket.
#[track_caller]
pub fn upgrade(connection: &mut Connection) {
    let ask = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(connection.request(ask).unwrap().status, 101);
}
