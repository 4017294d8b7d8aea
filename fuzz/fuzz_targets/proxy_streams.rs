//! A listener that takes PROXY headers, and a client that sends what it likes in pieces of any size: what comes of it
//! depends on the bytes alone, the client is who a believed header says, and TLS gets every byte after it.

#![no_main]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use certgate::config::networks::Networks;
use certgate::config::proxy_protocol::ProxyProtocol;
use certgate::lifecycle::Lifecycle;
use certgate::net::proxy_protocol::{
    Endpoints, Failure, Fault, Looks, ProxyHeaders, looks, parse, skip,
};
use certgate::net::{ClientStream, Connected, Socket as ClientSocket};
use certgate::refusal::RefusalReason;
use certgate::telemetry::{Telemetry, events};
use libfuzzer_sys::fuzz_target;
use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    required: bool,
    /// Whether the peer is among those whose headers are believed.
    trusted: bool,
    cuts: [u8; 4],
    bytes: &'a [u8],
}

/// What comes of a connection.
#[derive(Debug, PartialEq)]
enum Outcome {
    Ping,
    Refused(RefusalReason),
    /// The client (`None` for the peer), and what is left for TLS.
    Accepted(Option<SocketAddr>, Vec<u8>),
}

/// What has to come of it, told from all bytes at once.
fn expected(input: &Input) -> Outcome {
    let bytes = input.bytes;
    let refused = |fault: Fault| Outcome::Refused(fault.reason());
    let as_it_is = || Outcome::Accepted(None, bytes.to_vec());
    if bytes.is_empty() {
        return Outcome::Ping;
    }
    if !input.trusted {
        return match looks(bytes) {
            _ if input.required => refused(Fault::Stranger),
            Looks::V1 | Looks::V2 => refused(Fault::Untrusted),
            Looks::Other => as_it_is(),
            Looks::Undecided => refused(Fault::Cut(0)),
        };
    }
    match parse(bytes) {
        Ok(Some((header, length))) => {
            let client = match header.endpoints {
                Endpoints::Tcp { source, .. } => Some(source),
                _ => None,
            };
            Outcome::Accepted(client, bytes[length..].to_vec())
        }
        Ok(None) => refused(Fault::Cut(0)),
        Err(Fault::Missing(_)) if !input.required => as_it_is(),
        Err(fault) => refused(fault),
    }
}

/// As they are sent.
fn pieces<'a>(input: &Input<'a>) -> [&'a [u8]; 5] {
    let mut rest = input.bytes;
    let [a, b, c, d] = input.cuts.map(|cut| {
        let (piece, after) = rest.split_at(rest.len().min(usize::from(cut)));
        rest = after;
        piece
    });
    [a, b, c, d, rest]
}

/// One client after the other.
struct Peers {
    runtime: Runtime,
    listener: TcpListener,
    lifecycle: Lifecycle,
    telemetry: Arc<Telemetry>,
}

impl Peers {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).unwrap();
        socket.listen(1).unwrap();
        socket.set_nonblocking(true).unwrap();
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(socket.into()).unwrap()
        };
        Self {
            listener,
            runtime,
            lifecycle: Lifecycle::start(),
            telemetry: Arc::new(Telemetry::new(false).unwrap_or_else(|_| panic!("no telemetry"))),
        }
    }

    async fn converse(&self, input: &Input<'_>) -> Outcome {
        let address = self.listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), self.listener.accept());
        let (mut client, (stream, peer)) = (client.unwrap(), accepted.unwrap());
        client.set_nodelay(true).unwrap();
        // No port waits for a minute, and nothing lingers.
        SockRef::from(&client)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        let connected = Connected {
            stream: ClientStream::new(
                ClientSocket::Tcp(stream),
                events::connection_opened(&self.telemetry),
                self.lifecycle.member(),
            ),
            peer: peer.into(),
            at: Instant::now(),
        };
        let mode = match input.required {
            true => ProxyProtocol::Required,
            false => ProxyProtocol::Auto,
        };
        let network = if input.trusted {
            "127.0.0.0/8"
        } else {
            "192.0.2.0/24"
        };
        let trusted = Networks {
            list: vec![network.parse().unwrap_or_else(|_| panic!("no network"))],
            unix: false,
        };
        let headers = ProxyHeaders::new(mode, &trusted, &self.telemetry).unwrap();
        let receive = async {
            let received = headers.receive(connected, Duration::from_secs(60)).await;
            match received {
                Ok(mut accepted) => {
                    assert!(accepted.via.is_none() || input.trusted);
                    let mut rest = Vec::new();
                    accepted.stream.read_to_end(&mut rest).await.unwrap();
                    let client = accepted.client.address().filter(|client| *client != peer);
                    Outcome::Accepted(client, rest)
                }
                Err(Failure::Ping) => Outcome::Ping,
                Err(Failure::Refused { reason, .. }) => Outcome::Refused(reason),
            }
        };
        let send = async {
            for piece in pieces(input) {
                // Who was refused hears no more of it.
                if client.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            let _ = client.shutdown().await;
        };
        tokio::join!(receive, send).0
    }

    /// The admin port's way to pass over a header.
    async fn skip(&self, input: &Input<'_>) {
        let [a, b, c, d, rest] = pieces(input);
        // Read one after the other.
        let stream = a.chain(b).chain(c).chain(d).chain(rest);
        let behind = skip::header(stream).await;
        let left = match parse(input.bytes) {
            Ok(Some((_, length))) => &input.bytes[length..],
            Err(Fault::Missing(_)) | Ok(None) => input.bytes,
            Err(_) => {
                assert!(behind.is_err());
                return;
            }
        };
        let mut found = Vec::new();
        behind.unwrap().read_to_end(&mut found).await.unwrap();
        assert_eq!(found, left);
    }
}

thread_local! {
    static PEERS: RefCell<Peers> = RefCell::new(Peers::new());
}

fuzz_target!(|input: Input| {
    PEERS.with_borrow(|peers| {
        peers.runtime.block_on(peers.skip(&input));
        let found = peers.runtime.block_on(peers.converse(&input));
        let expected = expected(&input);
        // A client at the peer's own address can't be told from it.
        let same = match (&found, &expected) {
            (Outcome::Accepted(None, found), Outcome::Accepted(Some(client), left)) => {
                client.ip() == IpAddr::from(Ipv4Addr::LOCALHOST) && found == left
            }
            (found, expected) => found == expected,
        };
        assert!(same, "{found:?} instead of {expected:?}");
    });
});
