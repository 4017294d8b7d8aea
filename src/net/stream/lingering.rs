//! The end of a connection that its client may not have seen yet.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncWriteExt, Interest};

use super::{Guards, Socket};
use crate::net::give_way::{self, Kind};

/// How long a client that doesn't hang up after us is waited for (nginx: `lingering_timeout`, 5 s).
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// How long a client may take for the last of what it is sent, at most [`COALESCED`](super::COALESCED) bytes beside what the
/// kernel has.
const SLOWNESS: Duration = Duration::from_secs(30);
/// How much it may still send meanwhile, in bytes.
const LENIENCE: usize = 1024 * 1024;

/// Sends the rest, then reads and drops what the client still sends, within bounds. A stranger who has got all makes room
/// for others.
pub(super) async fn linger(
    mut socket: Socket,
    rest: Option<BytesMut>,
    is_known: bool,
    guards: Guards,
) {
    if let Some(rest) = rest {
        let end = async {
            socket.write_all(&rest).await?;
            socket.shutdown().await
        };
        if !matches!(tokio::time::timeout(SLOWNESS, end).await, Ok(Ok(()))) {
            return;
        }
    }
    let draining = tokio::time::timeout(PATIENCE, drain(&socket));
    // Whether the client hung up, patience ended, or there was no room makes no difference: the socket is closed now.
    match is_known {
        true => drop(draining.await),
        false => drop(give_way::expendable(Kind::Lingering, draining).await),
    }
    drop((socket, guards));
}

async fn drain(socket: &Socket) {
    let mut scratch = [0; 2048];
    let mut received = 0;
    while received < LENIENCE
        && let Ok(ready) = socket.ready(Interest::READABLE).await
    {
        match socket.try_read(&mut scratch) {
            Ok(0) => return,
            // With the client's FIN here, less than there was room for is the rest.
            Ok(read) if read < scratch.len() && ready.is_read_closed() => return,
            Ok(read) => received += read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
