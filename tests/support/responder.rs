//! An OCSP responder that says what a test wants, or nothing; and OpenSSL's own.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use super::PATIENCE;
use super::ocsp_answers::{self, Answer, Status};
use super::pki::Identity;
use super::upstream;

/// What it does with a request.
#[derive(Clone)]
pub enum Reply {
    /// 200 with these bytes.
    Body(Vec<u8>),
    /// These bytes, whatever they are.
    Raw(Vec<u8>),
    /// As many bytes as anybody wants.
    Endless,
    /// Nothing, until it is told otherwise.
    Silence,
}

/// One on a port of its own. It ends with the test.
pub struct Responder {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    /// By the serial number that is asked for.
    replies: HashMap<Vec<u8>, Reply>,
    asked: usize,
}

impl Responder {
    pub fn start() -> Self {
        let state = Arc::new(State::default());
        let served = state.clone();
        let address = upstream::tcp(move |stream| served.serve(stream));
        Self { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}/ocsp", self.address)
    }

    /// What is said of this certificate from now on.
    pub fn says(&self, of: &Identity, reply: Reply) {
        let serial = ocsp_answers::serial(&of.certificate);
        let mut inner = self.state.inner.lock().unwrap();
        inner.replies.insert(serial, reply);
        self.state.changed.notify_all();
    }

    /// An honest answer, signed by the certificate's issuer.
    pub fn tells(&self, of: &Identity, issuer: &Identity, status: Status) {
        self.says(of, Reply::Body(answer(of, issuer).status(status).der()));
    }

    /// How many requests came so far.
    pub fn asked(&self) -> usize {
        self.state.inner.lock().unwrap().asked
    }

    /// Waits until so many requests have come.
    #[track_caller]
    pub fn wait_for(&self, asked: usize) {
        let inner = self.state.inner.lock().unwrap();
        let waited = self
            .state
            .changed
            .wait_timeout_while(inner, PATIENCE, |i| i.asked < asked);
        assert!(!waited.unwrap().1.timed_out(), "it isn't asked");
    }
}

pub fn answer(of: &Identity, issuer: &Identity) -> Answer {
    Answer::new(&of.certificate, &issuer.certificate, &issuer.key)
}

impl State {
    fn serve(&self, mut stream: TcpStream) {
        let head = upstream::read_head(&mut stream).to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap_or("0");
        let mut request = vec![0; length.lines().next().unwrap().parse().unwrap()];
        stream.read_exact(&mut request).unwrap();
        let mut inner = self.inner.lock().unwrap();
        inner.asked += 1;
        self.changed.notify_all();
        let reply = loop {
            let found = inner.replies.iter().find(|(serial, _)| {
                request
                    .windows(serial.len())
                    .any(|part| part == &serial[..])
            });
            match found.map(|(_, reply)| reply.clone()) {
                Some(Reply::Silence) => inner = self.changed.wait(inner).unwrap(),
                reply => break reply,
            }
        };
        drop(inner);
        let bytes = match reply {
            Some(Reply::Body(body)) => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                [head.as_bytes(), &body].concat()
            }
            Some(Reply::Raw(bytes)) => bytes,
            Some(Reply::Endless) => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while stream.write_all(&[0x30; 4096]).is_ok() {}
                return;
            }
            _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        };
        let _ = stream.write_all(&bytes);
    }
}

/// `openssl ocsp` as a responder: it answers by an index as `openssl ca` keeps it.
pub struct OpensslOcsp {
    child: Child,
    pub url: String,
}

impl OpensslOcsp {
    /// Knows these certificates, each with whether it is revoked. `signer` signs.
    pub fn start(
        directory: &Path,
        ca: &Identity,
        signer: &Identity,
        certificates: &[(&Identity, bool)],
    ) -> Self {
        let file = |name: &str, content: &str| {
            let path = directory.join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let lines = certificates.iter().map(|(identity, revoked)| {
            let state = match revoked {
                true => "R\t491231235959Z\t250101000000Z,keyCompromise",
                false => "V\t491231235959Z\t",
            };
            format!("{state}\t{}\tunknown\t/CN=x\n", identity.serial())
        });
        let index = file("index.txt", &lines.collect::<String>());
        let ca = file("ocsp_ca.pem", &ca.certificate_pem());
        let certificate = file("ocsp_signer.pem", &signer.certificate_pem());
        let key = file("ocsp_signer.key", &signer.key_pem());
        let mut child = Command::new("openssl")
            .args(["ocsp", "-port", "0", "-nmin", "5", "-ignore_err"])
            .args(["-index".as_ref(), index.as_os_str()])
            .args(["-CA".as_ref(), ca.as_os_str()])
            .args(["-rsigner".as_ref(), certificate.as_os_str()])
            .args(["-rkey".as_ref(), key.as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // "ACCEPT [::]:PORT PID=…"
        let ready = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|l| l.starts_with("ACCEPT "));
        let address = ready.expect("openssl ocsp listens");
        let address = address.split(' ').nth(1).unwrap().to_owned();
        // What else it says nobody needs, but it must be read.
        std::thread::spawn(move || lines.for_each(drop));
        let (_, port) = address.rsplit_once(':').unwrap();
        let url = format!("http://127.0.0.1:{port}");
        Self { child, url }
    }
}

impl Drop for OpensslOcsp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
