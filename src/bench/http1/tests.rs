//! Answers whole and broken, in pieces of any size.

use super::*;

/// The answer in pieces of so many bytes.
fn answer(text: &str, piece: usize) -> (Result<bool, Failure>, Sample) {
    let mut stream = in_pieces(text.as_bytes(), piece);
    let mut sample = Sample::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let result = runtime.block_on(get(&mut stream, b"x", &mut Vec::new(), &mut sample));
    (result, sample)
}

struct Pieces(Vec<u8>, usize);

fn in_pieces(bytes: &[u8], piece: usize) -> Pieces {
    Pieces(bytes.to_vec(), piece)
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        let length = self.1.min(self.0.len()).min(buffer.remaining());
        let rest = self.0.split_off(length);
        buffer.put_slice(&std::mem::replace(&mut self.0, rest));
        std::task::Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::task::Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[test]
fn whole_answers_in_any_pieces() {
    for (text, keeps) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true),
        (
            "HTTP/1.1 200 OK\r\ncontent-length:5\r\nConnection: Close\r\n\r\nhello",
            false,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false),
        ("HTTP/1.1 204 No Content\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\n\r\nto the end", false),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nabcd\r\n1F\r\n0123456789012345678901234567890\r\n0\r\nA: b\r\n\r\n",
            true,
        ),
    ] {
        for piece in [1, 3, 1000] {
            let (result, sample) = answer(text, piece);
            assert_eq!(result, Ok(keeps), "{text:?} in pieces of {piece}");
            assert_eq!(sample.requests, 1);
        }
    }
}

#[test]
fn broken_answers() {
    let closed = Err(Failure::Closed(Stage::Request));
    for text in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab",
    ] {
        assert_eq!(answer(text, 7).0, closed, "{text:?}");
    }
    for text in [
        "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcdX",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    ] {
        let (result, sample) = answer(text, 1000);
        assert!(
            matches!(result, Err(Failure::BadHttp(_))),
            "{text:?}: {result:?}"
        );
        assert_eq!(sample.requests, 0);
    }
    let refused = answer(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
        1000,
    )
    .0;
    assert_eq!(refused, Err(Failure::Status(403)));
}
