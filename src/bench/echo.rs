//! One round trip through a tunnel: bytes out, the same bytes back.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::failure::{Failure, Stage};
use super::recorder::Sample;

/// Sends `payload` and reads while it sends: a payload larger than all buffers on the way would wait
/// for itself else. `buffer` is scratch space.
pub async fn round_trip(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    payload: &[u8],
    buffer: &mut Vec<u8>,
    sample: &mut Sample,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let (mut sent, mut received) = (0, 0);
    buffer.resize(buffer.len().max(16 * 1024), 0);
    let result = poll_fn(|context| {
        let mut stream = Pin::new(&mut *stream);
        while sent < payload.len() {
            match stream.as_mut().poll_write(context, &payload[sent..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Failure::Closed(Stage::Request))),
                Poll::Ready(Ok(length)) => sent += length,
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(Failure::of_io(&error, Stage::Request)));
                }
                Poll::Pending => break,
            }
        }
        while received < payload.len() {
            let mut space = ReadBuf::new(buffer);
            match stream.as_mut().poll_read(context, &mut space) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(Failure::of_io(&error, Stage::Request)));
                }
                Poll::Pending => return Poll::Pending,
            }
            let came = space.filled();
            if came.is_empty() {
                return Poll::Ready(Err(Failure::Closed(Stage::Request)));
            }
            if payload.get(received..received + came.len()) != Some(came) {
                return Poll::Ready(Err(Failure::WrongEcho));
            }
            if received == 0 {
                sample.first_byte = Some(begun.elapsed());
            }
            received += came.len();
        }
        Poll::Ready(Ok(()))
    })
    .await;
    sample.sent += sent as u64;
    sample.received += received as u64;
    sample.requests += u32::from(result.is_ok());
    result
}

/// A payload whose parts differ from each other, so that a mixed-up echo shows.
pub fn payload(length: usize) -> Vec<u8> {
    // 251 is prime, so that no power of two is a period.
    (0..length).map(|index| (index % 251) as u8).collect()
}
