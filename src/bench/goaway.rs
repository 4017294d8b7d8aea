//! Which failures of HTTP/2 say that the server didn't take a request.

use std::error::Error as StdError;

/// What h2 says of a GOAWAY without an error below whose number the stream is not (RFC 9113 section 6.8), and of
/// REFUSED_STREAM (section 8.7). hyper hands on no more than the words.
const NOT_TAKEN: [&str; 2] = [
    "connection error received: not a result of an error",
    "stream error received: refused stream before processing any application logic",
];

/// Whether whoever sent the request may send it again.
pub fn refuses(error: &(dyn StdError + 'static)) -> bool {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let words = last.to_string();
    NOT_TAKEN.contains(&words.as_str())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use http_body_util::Empty;
    use hyper::client::conn::http2;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const GOAWAY: u8 = 7;

    fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, 0, 0, 0, 0, stream], payload].concat()
    }

    /// Reads frames until a request is there, then answers with this one.
    async fn answer(mut server: DuplexStream, frame_of_end: Vec<u8>) {
        let mut preface = [0; 24];
        server.read_exact(&mut preface).await.unwrap();
        server.write_all(&frame(SETTINGS, 0, &[])).await.unwrap();
        loop {
            let mut header = [0; 9];
            server.read_exact(&mut header).await.unwrap();
            let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
            let mut payload = vec![0; length as usize];
            server.read_exact(&mut payload).await.unwrap();
            if header[3] == HEADERS {
                break;
            }
        }
        server.write_all(&frame_of_end).await.unwrap();
        // Until the client has closed.
        let _ = server.read_to_end(&mut Vec::new()).await;
    }

    #[tokio::test]
    async fn a_server_that_did_not_take_it_is_told_from_one_that_broke() {
        let goaway = |last: u8, code: u8| frame(GOAWAY, 0, &[0, 0, 0, last, 0, 0, 0, code]);
        for (end, expected) in [
            (goaway(0, 0), true),
            // REFUSED_STREAM.
            (frame(RST_STREAM, 1, &[0, 0, 0, 7]), true),
            // INTERNAL_ERROR.
            (goaway(0, 2), false),
            (frame(RST_STREAM, 1, &[0, 0, 0, 2]), false),
        ] {
            let (client, server) = duplex(4096);
            let shown = format!("{end:?}");
            let server = tokio::spawn(answer(server, end));
            let begun = http2::handshake(TokioExecutor::new(), TokioIo::new(client)).await;
            let (mut send, connection) = begun.unwrap();
            let connection = tokio::spawn(connection);
            let request = Request::get("http://a/").body(Empty::<Bytes>::new());
            let error = send.send_request(request.unwrap()).await.unwrap_err();
            assert_eq!(refuses(&error), expected, "{shown}: {error:?}");
            drop(send);
            let _ = connection.await;
            server.await.unwrap();
        }
    }
}
