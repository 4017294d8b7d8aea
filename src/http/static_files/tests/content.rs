//! What is sent of what may be reached.

use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    X_CONTENT_TYPE_OPTIONS,
};

use super::*;

#[tokio::test]
async fn a_file_has_the_header_set_of_nginx() {
    let site = Site::new();
    let path = site.root().join("index.html");
    let time = std::time::UNIX_EPOCH + Duration::from_secs(0x6553_f100);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(time).unwrap();
    for (method, body) in [(Method::GET, INDEX), (Method::HEAD, "")] {
        let answer = site.ask(method, "/", &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
        for (name, value) in [
            (CONTENT_TYPE, "text/html"),
            (CONTENT_LENGTH, "14"),
            (LAST_MODIFIED, "Tue, 14 Nov 2023 22:13:20 GMT"),
            (ETAG, "\"6553f100-e\""),
            (ACCEPT_RANGES, "bytes"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            assert_eq!(answer.header(&name), Some(value), "{name}");
        }
        assert_eq!(answer.headers.len(), 6);
    }
}

#[tokio::test]
async fn directories() {
    let site = Site::new();
    for (target, status, location) in [
        ("/docs", 301, Some("/docs/")),
        ("/docs?a=1&b=//x", 301, Some("/docs/?a=1&b=//x")),
        ("//docs", 301, Some("/docs/")),
        ("/docs/../docs", 301, Some("/docs/")),
        ("/docs/", 200, None),
        ("/docs/.", 200, None),
        ("/docs/..", 200, None),
        ("/empty", 301, Some("/empty/")),
        ("/empty/", 403, None),
        ("/.well-known/", 404, None),
    ] {
        let answer = site.get(target).await;
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.header("location"), location, "{target}");
    }
    site.write(".well-known/security.txt", "contact");
    assert_eq!(site.get("/.well-known/security.txt").await.body, "contact");
}

#[tokio::test]
async fn the_welcome_page_stands_in_for_a_missing_index_at_the_root_only() {
    let site = Site::new();
    fs::remove_file(site.root().join("index.html")).unwrap();
    let answer = site.get("/").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("The gate works"));
    assert_eq!(site.get("/index.html").await.status, 404);
    let head = site.ask(Method::HEAD, "/", &[]).await;
    assert_eq!(head.header(CONTENT_LENGTH), answer.header(CONTENT_LENGTH));
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn only_get_and_head() {
    let site = Site::new();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for target in ["/", "*", "/nothing"] {
            let answer = site.ask(method.clone(), target, &[]).await;
            assert_eq!(answer.status, 405);
            assert_eq!(answer.header("allow"), Some("GET, HEAD"));
        }
    }
}

#[tokio::test]
async fn ranges() {
    let site = Site::new();
    for (range, status, content_range, body) in [
        ("bytes=0-3", 206, Some("bytes 0-3/10"), "0123"),
        ("bytes=-2", 206, Some("bytes 8-9/10"), "89"),
        ("bytes=7-", 206, Some("bytes 7-9/10"), "789"),
        ("bytes=5-2", 200, None, "0123456789"),
        ("lines=0-1", 200, None, "0123456789"),
    ] {
        let lines = [("range", range)];
        let answer = site.ask(Method::GET, "/empty/a.txt", &lines).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, body),
            "{range}"
        );
        assert_eq!(answer.header(CONTENT_RANGE), content_range, "{range}");
        let length = body.len().to_string();
        assert_eq!(answer.header(CONTENT_LENGTH), Some(length.as_str()));
        assert_eq!(answer.header(CONTENT_TYPE), Some("text/plain"));
    }
    let beyond = [("range", "bytes=10-")];
    let answer = site.ask(Method::GET, "/empty/a.txt", &beyond).await;
    assert_eq!(answer.status, 416);
    assert_eq!(answer.header(CONTENT_RANGE), Some("bytes */10"));

    let several = [("range", "bytes=0-1,-1")];
    let answer = site.ask(Method::GET, "/empty/a.txt", &several).await;
    assert_eq!(answer.status, 206);
    assert_eq!(answer.header(CONTENT_RANGE), None);
    let boundary = answer.header(CONTENT_TYPE).unwrap();
    let boundary = boundary.rsplit_once("boundary=").unwrap().1;
    assert_eq!(answer.body.matches(boundary).count(), 3);
    let length = answer.body.len().to_string();
    assert_eq!(answer.header(CONTENT_LENGTH), Some(length.as_str()));

    let all = [("range", "bytes=0-")];
    let zero = site.ask(Method::GET, "/zero.txt", &all).await;
    assert_eq!((zero.status, zero.header(CONTENT_LENGTH)), (200, Some("0")));
}

#[tokio::test]
async fn conditions() {
    let site = Site::new();
    let answer = site.get("/").await;
    let etag = answer.header(ETAG).unwrap();
    let date = answer.header(LAST_MODIFIED).unwrap();
    for (line, value) in [("if-none-match", etag), ("if-modified-since", date)] {
        let answer = site.ask(Method::GET, "/", &[(line, value)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""));
        assert_eq!(answer.header(ETAG), Some(etag));
        assert_eq!(answer.header(LAST_MODIFIED), Some(date));
        assert_eq!(answer.header(CONTENT_LENGTH), None);
    }
    let answer = site.ask(Method::GET, "/", &[("if-match", "\"x\"")]).await;
    assert_eq!(answer.status, 412);
    for (if_range, status) in [(etag, 206), (date, 206), ("\"x\"", 200)] {
        let lines = [("range", "bytes=0-1"), ("if-range", if_range)];
        let answer = site.ask(Method::GET, "/", &lines).await;
        assert_eq!(answer.status, status, "{if_range}");
    }
}

/// Each answer twice: the first may be the one that reads the file.
#[tokio::test]
async fn answers_from_memory_and_from_disk_are_the_same() {
    let (cached, uncached) = (Site::new(), Site::with_room(0));
    let time = std::time::UNIX_EPOCH + Duration::from_secs(0x6553_f100);
    for site in [&cached, &uncached] {
        for path in ["index.html", "docs/index.html", "empty/a.txt", "zero.txt"] {
            let file = fs::File::options().write(true).open(site.root().join(path));
            file.unwrap().set_modified(time).unwrap();
        }
    }
    let date = "Tue, 14 Nov 2023 22:13:20 GMT";
    let cases: &[&[(&'static str, &str)]] = &[
        &[],
        &[("range", "bytes=0-3")],
        &[("range", "bytes=-2")],
        &[("range", "bytes=100-")],
        &[("range", "bytes=0-0,-1")],
        &[("range", "bytes=0-3"), ("if-range", date)],
        &[("range", "bytes=0-3"), ("if-range", "\"x\"")],
        &[("if-modified-since", date)],
        &[("if-none-match", "\"6553f100-a\"")],
        &[("if-match", "\"x\"")],
    ];
    let boundary = |answer: &Answer| {
        let media_type = answer.header(CONTENT_TYPE).unwrap_or_default();
        let boundary = media_type.rsplit_once("boundary=").map(|(_, b)| b);
        boundary.map(str::to_owned)
    };
    for target in ["/", "/docs/index.html", "/empty/a.txt", "/zero.txt", "/no"] {
        for method in [Method::GET, Method::HEAD] {
            for lines in cases {
                for _ in 0..2 {
                    let mut from_memory = cached.ask(method.clone(), target, lines).await;
                    let from_disk = uncached.ask(method.clone(), target, lines).await;
                    let case = format!("{method} {target} {lines:?}");
                    if let (Some(one), Some(other)) = (boundary(&from_memory), boundary(&from_disk))
                    {
                        from_memory.body = from_memory.body.replace(&one, &other);
                        let media_type = from_disk.headers[CONTENT_TYPE].clone();
                        from_memory.headers.insert(CONTENT_TYPE, media_type);
                    }
                    assert_eq!(from_memory.status, from_disk.status, "{case}");
                    assert_eq!(from_memory.headers, from_disk.headers, "{case}");
                    assert_eq!(from_memory.body, from_disk.body, "{case}");
                }
            }
        }
    }
}
