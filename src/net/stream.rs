//! A client's connection: counts its bytes, and lets the last of them arrive.

mod ahead;
mod lingering;
mod socket;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

pub use self::socket::Socket;
use super::places::Place;
use crate::lifecycle::Member;
use crate::peer::Peer;
use crate::telemetry::events::OpenConnection;
use crate::telemetry::events::timeouts::Timeout;

/// How much is written before it is sent, in bytes: four TLS records.
const COALESCED: usize = 64 * 1024 + 512;
/// How much is received at a time, in bytes, though libssl asks for a record's header and then its body.
const AHEAD: usize = 64 * 1024;
/// How much of the end of what was received is known after it was read, in bytes: an alert that isn't encrypted.
pub const LAST: usize = 7;

thread_local! {
    /// Of use only within one call of `poll_receive`.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; AHEAD].into_boxed_slice());
}

/// It is there until `drop`, and nothing can be called after that.
const NOT_DROPPED: &str = "a stream that is not dropped";

/// One connection of a client, from accept to the last byte.
///
/// A socket that is closed while the client still sends answers with a reset, and a reset throws
/// away what is on its way to the client: the alert that says why it was refused (in TLS 1.3 a client
/// has sent its request before it can learn of it), or the end of a response. So a stream that
/// was shut down on our side lingers after it is dropped, until the client has hung up, too (nginx:
/// `lingering_close`).
///
/// libssl writes record by record. They are collected and sent together when a flush asks for it, when
/// enough have come together, or when the client is waited for.
pub struct ClientStream {
    /// `None` only while it is being dropped.
    socket: Option<Socket>,
    /// Received, and not read yet; allocated only while there is something.
    unread: Bytes,
    /// Written, and not sent yet; allocated only while there is something.
    unsent: BytesMut,
    received: u64,
    /// The end of what was received last.
    last: [u8; LAST],
    sent: u64,
    client_ended: bool,
    /// How far our end of the connection is.
    end: End,
    /// Whether the end of the stream is an error: what is above has its own way to say that it ends.
    must_not_end: bool,
    /// How long the client may take nothing of what is sent; zero is no bound.
    send_timeout: Duration,
    /// Since when nothing of what is sent has been taken; `None` while the client isn't waited for.
    waiting_since: Option<Instant>,
    /// There once the client had to be waited for. Isn't set at each wait: when it rings, it is found out
    /// how much is left.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Whether that was too long.
    is_cut: bool,
    /// Whether it is of somebody whom this process knows.
    known: bool,
    /// Whether the client is waited for after the end.
    lingers: bool,
    guards: Option<Guards>,
}

/// Our end of a connection.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    /// Nothing more is written. What is written goes out, and then FIN.
    Asked,
    /// FIN is out.
    Said,
}

/// What must live as long as the connection does.
struct Guards {
    open: OpenConnection,
    _member: Member,
    _place: Option<Place>,
}

impl ClientStream {
    /// Keeps the connection counted as open, and the process waiting for it, to its very end.
    pub fn new(socket: Socket, open: OpenConnection, member: Member) -> Self {
        Self {
            socket: Some(socket),
            unread: Bytes::new(),
            last: [0; LAST],
            unsent: BytesMut::new(),
            received: 0,
            sent: 0,
            client_ended: false,
            end: End::default(),
            must_not_end: false,
            send_timeout: Duration::ZERO,
            waiting_since: None,
            alarm: None,
            is_cut: false,
            known: false,
            lingers: true,
            guards: Some(Guards {
                open,
                _member: member,
                _place: None,
            }),
        }
    }

    /// Bytes read so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The end of what was received last; zeros, if that was less.
    pub fn last_received(&self) -> [u8; LAST] {
        self.last
    }

    /// Bytes written so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether all that was written has been handed to the kernel.
    pub fn is_sent(&self) -> bool {
        self.unsent.is_empty()
    }

    /// Returns once the socket has bytes, its end, or an error, since the last read that found nothing.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        match &self.socket {
            Some(socket) if self.unread.is_empty() => socket.poll_read_ready(context).map(drop),
            _ => Poll::Ready(()),
        }
    }

    /// From now on the client's end of the stream is an error. AWS-LC doesn't tell it from close_notify when
    /// it reads through the `openssl` crate's BIO, but anybody on the way can send a FIN.
    pub fn must_not_end(&mut self) {
        self.must_not_end = true;
    }

    /// Counts for its address for as long as it lives.
    pub fn keep(&mut self, place: Place) {
        if let Some(guards) = &mut self.guards {
            guards._place = Some(place);
        }
    }

    /// Its client has shown a certificate that is good here, or is a load balancer that is trusted: when places are short,
    /// it doesn't give way as a stranger's connection does.
    pub fn make_known(&mut self) {
        self.known = true;
    }

    /// Whether it is such a client's.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Its place is needed as soon as it is over.
    pub fn never_linger(&mut self) {
        self.lingers = false;
    }

    /// From now on sending fails, and the connection is reset, if the client takes nothing for so long.
    pub fn cut_after(&mut self, timeout: Duration) {
        self.send_timeout = timeout;
    }

    /// Its client's time was over: `client` is where that comes from, if it is known.
    pub fn timed_out(&self, timeout: Timeout, client: Option<Peer>) {
        if let Some(guards) = &self.guards {
            guards.open.timed_out(timeout, client);
        }
    }

    /// Receives as much as is there, and hands out what is asked for.
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut received = ReadBuf::new(scratch);
            ready!(self.socket().poll_read(context, &mut received))?;
            let received = received.filled();
            if let Some(last) = received.last_chunk() {
                self.last = *last;
            }
            let (now, later) = received.split_at(received.len().min(buffer.remaining()));
            buffer.put_slice(now);
            if !later.is_empty() {
                self.unread = Bytes::copy_from_slice(later);
            }
            Poll::Ready(Ok(()))
        })
    }

    fn take_unread(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.unread.len().min(buffer.remaining());
        buffer.put_slice(&self.unread.split_to(length));
        if self.unread.is_empty() {
            self.unread = Bytes::new();
        }
    }

    /// Sends what is written, until none is left, and FIN after it if that was asked for.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let socket = Pin::new(self.socket.as_mut().expect(NOT_DROPPED));
            let Poll::Ready(sent) = socket.poll_write(context, &self.unsent) else {
                return self.poll_patience(context);
            };
            let sent = sent?;
            self.waiting_since = None;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(sent);
        }
        // An idle connection holds no memory for what it may write one day.
        self.unsent = BytesMut::new();
        if self.end == End::Asked {
            ready!(self.socket().poll_shutdown(context))?;
            self.end = End::Said;
        }
        Poll::Ready(Ok(()))
    }

    /// Fails once the client has taken nothing for too long.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.send_timeout.is_zero() {
            return Poll::Pending;
        }
        let timeout = self.send_timeout;
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let start = || Box::pin(tokio::time::sleep(timeout));
        let alarm = self.alarm.get_or_insert_with(start);
        loop {
            ready!(alarm.as_mut().poll(context));
            let left = timeout.saturating_sub(since.elapsed());
            if left.is_zero() {
                break;
            }
            alarm.set(tokio::time::sleep(left));
        }
        // The kernel would keep what it has for as long as the client is there. A failure means that it isn't.
        let _ = self.socket().set_zero_linger();
        if !std::mem::replace(&mut self.is_cut, true) {
            self.timed_out(Timeout::Send, None);
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn socket(&mut self) -> Pin<&mut Socket> {
        Pin::new(self.socket.as_mut().expect(NOT_DROPPED))
    }
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        if !self.lingers || self.end == End::Open || (self.end == End::Said && self.client_ended) {
            return;
        }
        let runtime = tokio::runtime::Handle::try_current();
        if let (Some(socket), Some(guards), Ok(runtime)) =
            (self.socket.take(), self.guards.take(), runtime)
        {
            let rest = (self.end == End::Asked).then(|| std::mem::take(&mut self.unsent));
            runtime.spawn(lingering::linger(socket, rest, self.known, guards));
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.end == End::Asked
            && let Poll::Ready(Err(error)) = self.poll_send(context)
        {
            return Poll::Ready(Err(error));
        }
        if !self.unread.is_empty() {
            self.take_unread(buffer);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let polled = match buffer.remaining() {
            0..AHEAD => self.poll_receive(context, buffer),
            _ => self.socket().poll_read(context, buffer),
        };
        if polled.is_pending()
            && let Poll::Ready(Err(error)) = self.poll_send(context)
        {
            return Poll::Ready(Err(error));
        }
        if let Poll::Ready(result) = &polled {
            let read = (buffer.filled().len() - before + self.unread.len()) as u64;
            self.received += read;
            let ended = result.is_ok() && read == 0 && buffer.remaining() > 0;
            self.client_ended |= result.is_err() || ended;
            if ended && self.must_not_end {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        polled
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.unsent.len() + bytes.len() > COALESCED {
            ready!(self.poll_send(context))?;
        }
        self.unsent.extend_from_slice(bytes);
        self.sent += bytes.len() as u64;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_send(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.end == End::Open {
            self.end = End::Asked;
        }
        // Not waited for: who calls again would have libssl shut down twice, and then it reads, too.
        // Reading sends the rest, and so does the drop.
        match self.poll_send(context) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => Poll::Ready(Ok(())),
        }
    }
}
