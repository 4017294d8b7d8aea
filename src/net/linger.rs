//! A close that lets the last words arrive.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long a client that doesn't hang up is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much it may still send meanwhile, in bytes.
const LENIENCE: u64 = 256 * 1024;

/// Ends our direction, then reads and drops what is still on its way, within bounds.
///
/// A socket that is closed with unread bytes answers with a reset, and a reset makes the other
/// side's kernel throw away the alert that it hasn't read yet. In TLS 1.3 a refused client has sent
/// its request before it learns of the refusal, so this is the usual case (nginx: `lingering_close`).
pub async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let drain = async {
        if stream.shutdown().await.is_ok() {
            let mut rest = stream.take(LENIENCE);
            let mut scratch = [0; 4096];
            while matches!(rest.read(&mut scratch).await, Ok(1..)) {}
        }
    };
    // Whether the client hung up or patience ended makes no difference: the socket is closed now.
    let _ = tokio::time::timeout(PATIENCE, drain).await;
}
