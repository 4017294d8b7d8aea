//! Upstreams of the tests' own: small servers on loopback ports.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use super::PATIENCE;

/// A server that hands each connection to `handler`, on a thread of its own. It ends with the test.
pub fn tcp(handler: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let handler = std::sync::Arc::new(handler);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let handler = handler.clone();
            std::thread::spawn(move || handler(stream));
        }
    });
    address
}

/// An HTTP server that answers every request with the header it got, as text, and closes. The
/// channel yields each request's header.
pub fn echo() -> (SocketAddr, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel();
    let address = tcp(move |mut stream| {
        let head = read_head(&mut stream);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{head}",
            head.len()
        );
        let _ = stream.write_all(answer.as_bytes());
        let _ = sender.send(head);
    });
    (address, receiver)
}

/// Reads a request's header to its empty line.
pub fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// An address where nobody listens.
pub fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// A server that accepts, records how often, and says nothing.
pub fn counting() -> (SocketAddr, Arc<AtomicUsize>) {
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    let address = tcp(move |mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    (address, accepted)
}

/// An HTTP/1.1 server that keeps connections and takes nothing for granted: what isn't exactly one
/// well-formed request after the other is handed over as malformed.
pub struct Http {
    /// `--upstream=` and this.
    pub url: String,
    requests: mpsc::Receiver<Request>,
    accepted: Arc<AtomicUsize>,
}

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The request line and the fields, to the empty line.
    pub head: String,
    /// The body without its chunks' sizes.
    pub body: Vec<u8>,
    pub trailers: String,
    /// What is wrong with it.
    pub malformed: Option<String>,
}

/// Answers each request with what `answer` makes of it, as it is; then closes if that is empty or
/// says `Connection: close`.
pub fn http(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Http {
    let (server, requests, accepted) = Server::new(answer);
    let address = tcp(move |stream| server.converse(stream));
    Http {
        url: format!("http://{address}"),
        requests,
        accepted,
    }
}

/// The same at a unix socket.
pub fn unix(path: &Path, answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Http {
    let (server, requests, accepted) = Server::new(answer);
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            server.converse(stream);
        }
    });
    Http {
        url: format!("unix:{}", path.display()),
        requests,
        accepted,
    }
}

/// 200 with this text.
pub fn ok(text: &str) -> Vec<u8> {
    let length = text.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}").into_bytes()
}

impl Http {
    /// The next request.
    #[track_caller]
    pub fn request(&self) -> Request {
        match self.requests.recv_timeout(PATIENCE) {
            Ok(request) => request,
            Err(_) => panic!("no request has reached the upstream"),
        }
    }

    /// What else has arrived so far.
    pub fn more(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }

    /// How many connections were accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Request {
    /// `GET /path HTTP/1.1`
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub fn path(&self) -> &str {
        self.line().split(' ').nth(1).unwrap_or_default()
    }

    /// All values of a field, however its name is written.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields
            .filter(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

struct Server<A> {
    answer: A,
    requests: mpsc::Sender<Request>,
    accepted: Arc<AtomicUsize>,
}

impl<A: Fn(&Request) -> Vec<u8>> Server<A> {
    fn new(answer: A) -> (Self, mpsc::Receiver<Request>, Arc<AtomicUsize>) {
        let (sender, receiver) = mpsc::channel();
        let accepted = Arc::new(AtomicUsize::new(0));
        let server = Self {
            answer,
            requests: sender,
            accepted: accepted.clone(),
        };
        (server, receiver, accepted)
    }

    fn converse(&self, stream: impl Read + Write) {
        self.accepted.fetch_add(1, Ordering::SeqCst);
        let mut stream = BufReader::new(stream);
        while let Some(request) = read_request(&mut stream) {
            let answer = match &request.malformed {
                Some(_) => Vec::new(),
                None => (self.answer)(&request),
            };
            let _ = self.requests.send(request);
            let text = String::from_utf8_lossy(&answer).to_lowercase();
            let _ = stream.get_mut().write_all(&answer);
            if answer.is_empty() || text.contains("connection: close") {
                return;
            }
        }
    }
}

/// The next request; `None` at an end of the stream that is between two requests.
pub fn read_request(stream: &mut impl BufRead) -> Option<Request> {
    let mut request = Request::default();
    match fill(stream, &mut request) {
        Ok(()) => Some(request),
        Err(_) if request.head.is_empty() => None,
        Err(fault) => {
            request.malformed = Some(fault);
            Some(request)
        }
    }
}

fn fill(stream: &mut impl BufRead, request: &mut Request) -> Result<(), String> {
    request.head = read_fields(stream)?;
    let parts: Vec<&str> = request.line().split(' ').collect();
    if parts.len() != 3 || parts[2] != "HTTP/1.1" {
        return Err(format!("request line: {:?}", request.line()));
    }
    let hosts = request.headers("host").len();
    if hosts != 1 {
        return Err(format!("{hosts} Host fields"));
    }
    match (
        &request.headers("content-length")[..],
        &request.headers("transfer-encoding")[..],
    ) {
        ([], []) => Ok(()),
        ([length], []) => {
            let length = length.parse().map_err(|_| format!("length {length:?}"))?;
            let mut body = vec![0; length];
            let read = stream.read_exact(&mut body);
            request.body = body;
            read.map_err(|_| "the body breaks off".to_owned())
        }
        ([], ["chunked"]) => fill_chunks(stream, request),
        framing => Err(format!("framing: {framing:?}")),
    }
}

fn fill_chunks(stream: &mut impl BufRead, request: &mut Request) -> Result<(), String> {
    loop {
        let line = read_line(stream)?;
        let size = usize::from_str_radix(&line, 16).map_err(|_| format!("chunk: {line:?}"))?;
        if size == 0 {
            request.trailers = read_fields(stream)?;
            return Ok(());
        }
        let mut chunk = vec![0; size];
        let read = stream.read_exact(&mut chunk);
        read.map_err(|_| "the chunk breaks off".to_owned())?;
        request.body.extend(chunk);
        let end = read_line(stream)?;
        if !end.is_empty() {
            return Err(format!("after a chunk: {end:?}"));
        }
    }
}

/// Lines to the empty one, each `name: value` but the first of a header.
fn read_fields(stream: &mut impl BufRead) -> Result<String, String> {
    let mut text = String::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            return Ok(text);
        }
        text.push_str(&line);
        text.push_str("\r\n");
    }
}

fn read_line(stream: &mut impl BufRead) -> Result<String, String> {
    let mut line = Vec::new();
    let read = stream.read_until(b'\n', &mut line);
    read.map_err(|error| error.to_string())?;
    let line = line.strip_suffix(b"\r\n").ok_or("the line breaks off")?;
    let line = String::from_utf8_lossy(line).into_owned();
    match line.contains(['\r', '\0']) || line.starts_with([' ', '\t']) {
        true => Err(format!("line: {line:?}")),
        false => Ok(line),
    }
}
