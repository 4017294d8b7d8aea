//! Against servers that do what servers do on bad days.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    size: 1000,
};

/// A server that gives these answers, one a connection, the last one again and again; and what it was asked.
async fn server(
    answers: Vec<String>,
) -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answers[number.min(answers.len() - 1)].clone();
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut asked = vec![0; 4096];
                let count = stream.read(&mut asked).await.unwrap();
                let _ = sender.send(String::from_utf8_lossy(&asked[..count]).into_owned());
                stream.write_all(answer.as_bytes()).await.unwrap();
                if answer.ends_with("STALL") {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            });
        }
    });
    (address, asked)
}

fn answer(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn url(address: SocketAddr, path: &str) -> Url {
    format!("http://{address}{path}").parse().unwrap()
}

async fn get(address: SocketAddr, limits: Limits) -> Result<String, String> {
    match fetch(&Request::get(url(address, "/x?y=z")), limits).await {
        Ok(Answer::Body(bytes, _)) => Ok(String::from_utf8(bytes.to_vec()).unwrap()),
        Ok(Answer::NotModified) => Ok("not modified".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn a_get_and_a_post() {
    let (address, mut asked) = server(vec![answer("200 OK", "hello")]).await;
    assert_eq!(get(address, LIMITS).await.unwrap(), "hello");
    let text = asked.recv().await.unwrap();
    assert!(text.starts_with("GET /x?y=z HTTP/1.1\r\n"), "{text}");
    assert!(text.contains(&format!("host: {address}\r\n")), "{text}");
    assert!(text.contains("user-agent: certgate/"), "{text}");
    let post = Request {
        post: Some(Post {
            media_type: "application/ocsp-request",
            body: Bytes::from_static(b"ask"),
        }),
        ..Request::get(url(address, ""))
    };
    assert!(fetch(&post, LIMITS).await.is_ok());
    let text = asked.recv().await.unwrap();
    assert!(text.starts_with("POST / HTTP/1.1\r\n"), "{text}");
    assert!(
        text.contains("content-type: application/ocsp-request\r\n"),
        "{text}"
    );
    assert!(text.ends_with("\r\n\r\nask"), "{text}");
}

#[tokio::test]
async fn what_is_known_need_not_come_again() {
    let first = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nLast-Modified: x\r\nContent-Length: 0\r\n\r\n";
    let (address, mut asked) = server(vec![
        first.to_owned(),
        "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned(),
    ])
    .await;
    let mut request = Request::get(url(address, "/"));
    let Answer::Body(_, known) = fetch(&request, LIMITS).await.unwrap() else {
        panic!("no body");
    };
    request.known = known;
    let again = fetch(&request, LIMITS).await.unwrap();
    assert!(matches!(again, Answer::NotModified));
    asked.recv().await.unwrap();
    let text = asked.recv().await.unwrap();
    assert!(text.contains("if-none-match: \"1\"\r\n"), "{text}");
    assert!(text.contains("if-modified-since: x\r\n"), "{text}");
    // Nobody asked for that.
    let words = get(address, LIMITS).await.unwrap_err();
    assert_eq!(words, "HTTP status 304");
}

#[tokio::test]
async fn an_answer_has_its_bounds() {
    let endless = "HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"x".repeat(5000) + "STALL";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned()
        + "100\r\n"
        + &"x".repeat(256)
        + "\r\n";
    let chunks = chunked.clone() + &format!("100\r\n{}\r\n", "x".repeat(256)).repeat(4);
    for (text, expected) in [
        (answer("200 OK", &"x".repeat(1000)), Ok(1000)),
        (
            answer("200 OK", &"x".repeat(1001)),
            Err("the answer has more than 1000 bytes"),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nSTALL".to_owned(),
            Err("the answer has more than 1000 bytes"),
        ),
        (endless, Err("the answer has more than 1000 bytes")),
        (chunks, Err("the answer has more than 1000 bytes")),
        (chunked, Err("no complete HTTP answer")),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx".to_owned(),
            Err("no complete HTTP answer"),
        ),
        ("garbage\r\n\r\n".to_owned(), Err("no complete HTTP answer")),
        (String::new(), Err("no complete HTTP answer")),
        (answer("500 No", "x"), Err("HTTP status 500")),
        (answer("204 No", ""), Err("HTTP status 204")),
        (answer("303 See", ""), Err("HTTP status 303")),
    ] {
        let (address, _asked) = server(vec![text.clone()]).await;
        let found = get(address, LIMITS).await;
        match expected {
            Ok(length) => assert_eq!(found.unwrap().len(), length),
            Err(words) => {
                let found = found.expect_err(words);
                assert!(found.starts_with(words), "{found} for {text:.100}");
            }
        }
    }
}

#[tokio::test]
async fn time_is_bounded_from_the_look_up_to_the_last_byte() {
    let limits = Limits {
        time: Duration::from_millis(300),
        ..LIMITS
    };
    for text in [
        "HTTP/1.1 200 OK\r\nSTALL",
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nSTALL",
    ] {
        let (address, _asked) = server(vec![text.to_owned()]).await;
        let begun = Instant::now();
        let words = get(address, limits).await.unwrap_err();
        assert_eq!(words, "no answer within 300ms");
        assert!((limits.time..LIMITS.time).contains(&begun.elapsed()));
    }
}

#[tokio::test]
async fn redirects_are_followed_a_few_times() {
    let to = |location: &str| {
        format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
    };
    let (address, mut asked) =
        server(vec![to("/1"), to("2"), to("/3"), answer("200 OK", "there")]).await;
    assert_eq!(get(address, LIMITS).await.unwrap(), "there");
    for path in ["/x?y=z", "/1", "/2", "/3"] {
        let text = asked.recv().await.unwrap();
        assert!(text.starts_with(&format!("GET {path} ")), "{text}");
    }
    for (location, words) in [
        ("/again", "more than 3 redirects"),
        (
            "file:///etc/passwd",
            "a redirect to no http:// or https:// URL",
        ),
        ("", "more than 3 redirects"),
    ] {
        let (address, _asked) = server(vec![to(location)]).await;
        assert_eq!(get(address, LIMITS).await.unwrap_err(), words);
    }
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let words = get(address, LIMITS).await.unwrap_err();
    assert!(
        words.starts_with(&format!("no connection to {address}: ")),
        "{words}"
    );
    let url: Url = "http://nobody.invalid/".parse().unwrap();
    let words = fetch(&Request::get(url), LIMITS)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        words.starts_with("nobody.invalid can't be resolved"),
        "{words}"
    );
}
