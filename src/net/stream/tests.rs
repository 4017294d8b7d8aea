use std::future::poll_fn;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::lingering::PATIENCE;
use super::*;
use crate::lifecycle::Lifecycle;
use crate::net::give_way::make_room;
use crate::telemetry::{Telemetry, events};

/// A client that doesn't read yet, and this side, which has written more than the kernel takes.
async fn with_a_slow_client() -> (TcpStream, ClientStream, usize) {
    with_a_slow_client_told_to(&Arc::new(Telemetry::new(false).unwrap())).await
}

async fn with_a_slow_client_told_to(
    telemetry: &Arc<Telemetry>,
) -> (TcpStream, ClientStream, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let open = events::connection_opened(telemetry);
    let member = Lifecycle::start().member();
    let mut stream = ClientStream::new(
        Socket::Tcp(listener.accept().await.unwrap().0),
        open,
        member,
    );
    let mut written = 0;
    poll_fn(|context| {
        let chunk = [7; 10_000];
        while let Poll::Ready(taken) = Pin::new(&mut stream).poll_write(context, &chunk) {
            written += taken.unwrap();
        }
        Poll::Ready(())
    })
    .await;
    assert!(!stream.is_sent(), "the client is not slow enough");
    (client, stream, written)
}

async fn all_that_comes(mut client: TcpStream) -> usize {
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes).await.unwrap();
    bytes.len()
}

#[tokio::test]
async fn shutting_down_is_not_waited_for_and_a_dropped_stream_still_sends_the_rest() {
    let (client, mut stream, written) = with_a_slow_client().await;
    let shut = poll_fn(|context| Poll::Ready(Pin::new(&mut stream).poll_shutdown(context)));
    assert!(shut.await.is_ready());
    drop(stream);
    assert_eq!(all_that_comes(client).await, written);
}

#[tokio::test]
async fn who_lingers_makes_room_once_the_rest_is_sent() {
    let (client, mut stream, written) = with_a_slow_client().await;
    stream.shutdown().await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!make_room(), "the rest would be lost");
    // All of it, and FIN; the client doesn't hang up.
    let (mut reading, _writing) = client.into_split();
    let mut bytes = Vec::new();
    reading.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes.len(), written);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(make_room());
}

#[tokio::test]
async fn who_is_known_lingers_whoever_comes() {
    let (client, mut stream, written) = with_a_slow_client().await;
    stream.make_known();
    stream.shutdown().await.unwrap();
    drop(stream);
    let (mut reading, _writing) = client.into_split();
    let mut bytes = Vec::new();
    reading.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes.len(), written);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!make_room());
}

#[tokio::test]
async fn after_shutting_down_reading_sends_the_rest_and_the_end() {
    let (mut client, mut stream, written) = with_a_slow_client().await;
    stream.shutdown().await.unwrap();
    let reading = tokio::spawn(async move {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.map(|_| byte)
    });
    let mut bytes = Vec::new();
    let end = tokio::time::timeout(PATIENCE, client.read_to_end(&mut bytes)).await;
    assert!(end.is_ok(), "FIN is missing");
    assert_eq!(bytes.len(), written);
    client.write_all(b"x").await.unwrap();
    assert_eq!(
        reading.await.unwrap().unwrap(),
        *b"x",
        "the other way goes on"
    );
}

#[tokio::test]
async fn a_stream_that_is_not_shut_down_ends_with_what_was_flushed() {
    let (client, stream, written) = with_a_slow_client().await;
    drop(stream);
    assert!(all_that_comes(client).await < written);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_counted_once_however_often_it_is_tried() {
    let telemetry = Arc::new(Telemetry::new(false).unwrap());
    let (_client, mut stream, _) = with_a_slow_client_told_to(&telemetry).await;
    stream.cut_after(Duration::from_millis(50));
    for _ in 0..2 {
        let error = stream.flush().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
    let text = String::from_utf8(telemetry.metrics.text().unwrap()).unwrap();
    assert!(
        text.contains("certgate_timeouts_total{kind=\"send\"} 1\n"),
        "{text}"
    );
}
