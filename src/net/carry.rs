//! Carrying bytes both ways until both ends have closed.
//!
//! What `tokio::io::copy_bidirectional` does, with two differences that many connections feel: no buffer
//! belongs to a connection unless its receiver is slow (all connections of a thread share one), and as
//! much is collected before it is written as is there.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is read before it is written, in bytes: four TLS records.
const BUFFER: usize = 64 * 1024;

thread_local! {
    /// Of use only within one call of [`Direction::poll`].
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER].into_boxed_slice());
}

/// Carries bytes until both directions are closed, and counts them: from `client`, to `client`. Each
/// direction ends by itself: the end of one is passed on, the other goes on. An error ends both.
pub async fn both_ways<C, U>(client: &mut C, upstream: &mut U) -> io::Result<(u64, u64)>
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let (mut up, mut down) = (Direction::default(), Direction::default());
    poll_fn(|context| {
        let up = up.poll(context, client, upstream)?;
        let down = down.poll(context, upstream, client)?;
        Poll::Ready(Ok((ready!(up), ready!(down))))
    })
    .await
}

/// One way.
#[derive(Default)]
struct Direction {
    /// Read, and not yet taken by a receiver that is slow.
    left: Vec<u8>,
    /// How much of that it has taken.
    taken: usize,
    carried: u64,
    /// Whether the receiver was given bytes that it may still hold back.
    unflushed: bool,
    phase: Phase,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Carrying,
    /// The sender has ended; what is left goes out, and then the end.
    Ending,
    Ended,
}

impl Direction {
    fn poll<F, T>(
        &mut self,
        context: &mut Context<'_>,
        from: &mut F,
        to: &mut T,
    ) -> Poll<io::Result<u64>>
    where
        F: AsyncRead + Unpin,
        T: AsyncWrite + Unpin,
    {
        loop {
            ready!(self.poll_write_left(context, to))?;
            match self.phase {
                Phase::Ended => return Poll::Ready(Ok(self.carried)),
                Phase::Ending => {
                    ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                    self.phase = Phase::Ended;
                }
                Phase::Carrying => {
                    let waits = SCRATCH.with_borrow_mut(|scratch| {
                        let mut buffer = ReadBuf::new(scratch);
                        let waits = self.poll_collect(context, from, &mut buffer);
                        // What came before an error goes on, as far as it can.
                        self.poll_write(context, to, buffer.filled())?;
                        if waits.is_err() {
                            let _ = Pin::new(&mut *to).poll_flush(context);
                        }
                        waits
                    })?;
                    if waits && self.left.is_empty() {
                        if self.unflushed {
                            ready!(Pin::new(&mut *to).poll_flush(context))?;
                            self.unflushed = false;
                        }
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Reads until the buffer is full, the sender has ended, or has to be waited for (`true`).
    fn poll_collect<F: AsyncRead + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        from: &mut F,
        buffer: &mut ReadBuf<'_>,
    ) -> io::Result<bool> {
        while buffer.remaining() > 0 {
            let before = buffer.filled().len();
            match Pin::new(&mut *from).poll_read(context, buffer) {
                Poll::Pending => return Ok(true),
                Poll::Ready(result) => result?,
            }
            if buffer.filled().len() == before {
                self.phase = Phase::Ending;
                break;
            }
        }
        Ok(false)
    }

    /// Writes what the receiver takes now, keeps the rest.
    fn poll_write<T: AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        to: &mut T,
        mut bytes: &[u8],
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            match Pin::new(&mut *to).poll_write(context, bytes) {
                Poll::Ready(result) => bytes = &bytes[self.count(result)?..],
                Poll::Pending => {
                    self.left = bytes.to_vec();
                    self.taken = 0;
                    break;
                }
            }
        }
        Ok(())
    }

    fn poll_write_left<T: AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        to: &mut T,
    ) -> Poll<io::Result<()>> {
        while self.taken < self.left.len() {
            let written = Pin::new(&mut *to).poll_write(context, &self.left[self.taken..]);
            self.taken += self.count(ready!(written))?;
        }
        self.left = Vec::new();
        self.taken = 0;
        Poll::Ready(Ok(()))
    }

    fn count(&mut self, written: io::Result<usize>) -> io::Result<usize> {
        match written? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            written => {
                self.carried += written as u64;
                self.unflushed = true;
                Ok(written)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// Connects two pipes that hold so many bytes, carries between them, and hands on the outer ends.
    fn carried(
        room: usize,
    ) -> (
        tokio::io::DuplexStream,
        tokio::io::DuplexStream,
        tokio::task::JoinHandle<io::Result<(u64, u64)>>,
    ) {
        let (client, mut inner) = duplex(room);
        let (mut outer, upstream) = duplex(room);
        let carrying = tokio::spawn(async move { both_ways(&mut inner, &mut outer).await });
        (client, upstream, carrying)
    }

    #[tokio::test]
    async fn every_byte_arrives_however_slow_the_receiver_is() {
        for room in [1, 7, 4096, 1 << 20] {
            let sent: Vec<u8> = (0..150_000u32).map(|n| (n % 251) as u8).collect();
            let (client, upstream, carrying) = carried(room);
            let (mut from_client, mut to_client) = tokio::io::split(client);
            let (mut from_upstream, mut to_upstream) = tokio::io::split(upstream);
            let (up, down) = (sent.clone(), sent[..70_000].to_vec());
            let senders = tokio::spawn(async move {
                let up = async {
                    to_client.write_all(&up).await.unwrap();
                    to_client.shutdown().await.unwrap();
                };
                let down = async {
                    to_upstream.write_all(&down).await.unwrap();
                    to_upstream.shutdown().await.unwrap();
                };
                tokio::join!(up, down);
            });
            let (mut at_upstream, mut at_client) = (Vec::new(), Vec::new());
            let (a, b) = tokio::join!(
                from_upstream.read_to_end(&mut at_upstream),
                from_client.read_to_end(&mut at_client)
            );
            assert!(a.is_ok() && b.is_ok() && senders.await.is_ok());
            assert!(at_upstream == sent, "room {room}");
            assert!(at_client == sent[..70_000], "room {room}");
            assert_eq!(carrying.await.unwrap().unwrap(), (150_000, 70_000));
        }
    }

    #[tokio::test]
    async fn one_end_does_not_end_the_other_way() {
        let (mut client, mut upstream, carrying) = carried(64);
        client.shutdown().await.unwrap();
        assert_eq!(upstream.read(&mut [0; 8]).await.unwrap(), 0);
        upstream.write_all(b"still here").await.unwrap();
        upstream.shutdown().await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "still here");
        assert_eq!(carrying.await.unwrap().unwrap(), (0, 10));
    }

    #[tokio::test]
    async fn an_error_ends_both() {
        let (client, mut upstream, carrying) = carried(64);
        drop(upstream.write_all(b"x").await);
        drop(client);
        upstream.shutdown().await.unwrap();
        let result = carrying.await.unwrap();
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
