//! An HTTP server of revocation lists that says what a test wants: the truth, lies, or nothing.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use super::PATIENCE;
use super::upstream;

/// What it does with a request.
#[derive(Clone)]
pub enum Says {
    /// 200 with these bytes and an ETag; 304 to who knows that one.
    List(Vec<u8>),
    /// These bytes, whatever they are.
    Raw(String),
    /// As many bytes as anybody wants.
    Endless,
    /// Nothing, until it is told otherwise.
    Silence,
}

/// One on a port of its own. It ends with the test.
pub struct CrlServer {
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    inner: Mutex<Inner>,
    changed: Condvar,
}

struct Inner {
    says: Says,
    /// The heads of the requests that came, and the status of each answer, 0 for none.
    requests: Vec<String>,
    not_modified: usize,
}

impl CrlServer {
    pub fn start(says: Says) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), says)
    }

    pub fn list(pem: impl Into<Vec<u8>>) -> Self {
        Self::start(Says::List(pem.into()))
    }

    /// On a port that was dead before.
    pub fn at(address: SocketAddr, says: Says) -> Self {
        Self::on(TcpListener::bind(address).unwrap(), says)
    }

    fn on(listener: TcpListener, says: Says) -> Self {
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            inner: Mutex::new(Inner {
                says,
                requests: Vec::new(),
                not_modified: 0,
            }),
            changed: Condvar::new(),
        });
        let served = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let served = served.clone();
                std::thread::spawn(move || served.serve(stream));
            }
        });
        Self { address, state }
    }

    pub fn url(&self) -> String {
        self.path("ca.crl")
    }

    pub fn path(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The name of its URL in metrics.
    pub fn metric(&self, result: &str) -> String {
        let url = self.url();
        format!("certgate_fetches_total{{result=\"{result}\",source=\"{url}\"}}")
    }

    pub fn says(&self, says: Says) {
        self.state.inner.lock().unwrap().says = says;
        self.state.changed.notify_all();
    }

    pub fn publishes(&self, pem: impl Into<Vec<u8>>) {
        self.says(Says::List(pem.into()));
    }

    pub fn requests(&self) -> Vec<String> {
        self.state.inner.lock().unwrap().requests.clone()
    }

    pub fn not_modified(&self) -> usize {
        self.state.inner.lock().unwrap().not_modified
    }

    /// Waits for the first request.
    #[track_caller]
    pub fn first(&self) {
        super::eventually("the first request", || {
            (!self.requests().is_empty()).then_some(())
        });
    }

    /// Waits for so many more requests than there are now.
    #[track_caller]
    pub fn wait_for(&self, more: usize) {
        let inner = self.state.inner.lock().unwrap();
        let wanted = inner.requests.len() + more;
        let changed = &self.state.changed;
        let waited = changed.wait_timeout_while(inner, PATIENCE, |i| i.requests.len() < wanted);
        assert!(!waited.unwrap().1.timed_out(), "it isn't asked");
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) {
        let head = upstream::read_head(&mut stream);
        let mut inner = self.inner.lock().unwrap();
        inner.requests.push(head.clone());
        self.changed.notify_all();
        while let Says::Silence = inner.says {
            inner = self.changed.wait(inner).unwrap();
        }
        let says = inner.says.clone();
        let bytes = match says {
            Says::List(list) => {
                let digest = openssl::sha::sha256(&list);
                let etag = format!("\"{:02x}{:02x}{:02x}\"", digest[0], digest[1], digest[2]);
                if head.contains(&format!("if-none-match: {etag}")) {
                    inner.not_modified += 1;
                    format!("HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n").into_bytes()
                } else {
                    ok(&list, &format!("ETag: {etag}\r\n"))
                }
            }
            Says::Raw(text) => text.into_bytes(),
            Says::Endless => {
                drop(inner);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while stream.write_all(&[0x30; 65536]).is_ok() {}
                return;
            }
            Says::Silence => return,
        };
        drop(inner);
        let _ = stream.write_all(&bytes);
    }
}

fn ok(body: &[u8], headers: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// 200 with this text.
pub fn text(body: &str) -> Says {
    Says::Raw(String::from_utf8(ok(body.as_bytes(), "")).unwrap())
}
