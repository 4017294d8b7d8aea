//! Static files over TLS and HTTP/1.1, header for header as the nginx container sent them.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::time::{Duration, UNIX_EPOCH};

use openssl::sha::Sha256;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Connection};
use crate::support::eventually;
use crate::support::http::{self, Response};
use crate::support::pki::Pki;

const CONTENT: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
/// 2023-11-14, as nginx writes the time and the size of [`CONTENT`].
const MODIFIED: u64 = 0x6553_f100;
const ETAG: &str = "\"6553f100-24\"";
const LAST_MODIFIED: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

struct Site {
    gate: Certgate,
    pki: Pki,
}

fn site() -> Site {
    let pki = Pki::new();
    let builder = certgate::serve(&pki)
        .file("index.html", "<p>hello</p>")
        .file("a.txt", CONTENT)
        .file("docs/index.html", "<p>docs</p>")
        .file("empty-handed/a.css", "p {}");
    let file = File::options()
        .write(true)
        .open(builder.directory().join("html/a.txt"));
    let time = UNIX_EPOCH + Duration::from_secs(MODIFIED);
    file.unwrap().set_modified(time).unwrap();
    let gate = builder.start();
    Site { gate, pki }
}

impl Site {
    fn connect(&self) -> Connection {
        client::with(&self.pki.client)
            .connect(self.gate.address)
            .unwrap()
    }

    /// One request with these header lines.
    fn ask(&self, request_line: &str, headers: &[&str]) -> Response {
        let mut request = format!("{request_line} HTTP/1.1\r\nHost: localhost\r\n");
        headers
            .iter()
            .for_each(|line| request.push_str(&format!("{line}\r\n")));
        self.connect().request(&format!("{request}\r\n")).unwrap()
    }
}

/// The names in the order of the alphabet.
fn names(response: &Response) -> Vec<String> {
    let names = response.headers.iter();
    let mut names: Vec<_> = names.map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    names
}

const OF_A_FILE: [&str; 9] = [
    "accept-ranges",
    "connection",
    "content-length",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "server",
    "x-content-type-options",
];

#[track_caller]
fn assert_headers(response: &Response, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(response.header(name), Some(*value), "{name}: {response:?}");
    }
}

#[test]
fn a_file_has_the_headers_that_nginx_sends() {
    let site = site();
    let response = site.ask("GET /a.txt", &[]);
    assert_eq!((response.status, response.text().as_str()), (200, CONTENT));
    assert_eq!(names(&response), OF_A_FILE);
    assert_headers(
        &response,
        &[
            ("content-length", "36"),
            ("last-modified", LAST_MODIFIED),
            ("etag", ETAG),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
            ("server", "certgate"),
            ("connection", "keep-alive"),
        ],
    );
    let content_type = response.header("content-type").unwrap();
    assert!(content_type.starts_with("text/plain"), "{content_type}");
    let date = response.header("date").unwrap();
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
}

#[test]
fn media_types_go_by_the_name() {
    let site = site();
    for (path, kind) in [("/", "text/html"), ("/empty-handed/a.css", "text/css")] {
        let response = site.ask(&format!("GET {path}"), &[]);
        let content_type = response.header("content-type").unwrap();
        assert!(content_type.starts_with(kind), "{path}: {content_type}");
    }
}

/// What follows a HEAD's header is the next answer, not a body.
#[test]
fn head_is_get_without_the_body() {
    let site = site();
    let mut connection = site.connect();
    let head = connection.request("HEAD /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    let get = connection.get("/a.txt").unwrap();
    let head = head.unwrap();
    assert_eq!((head.status, get.status), (200, 200));
    assert_eq!(head.body, b"");
    for name in OF_A_FILE.iter().filter(|name| **name != "date") {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    for path in ["/nothing", "/docs"] {
        let response = connection.request(&format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_ne!(response.unwrap().header("content-length"), None, "{path}");
        assert_eq!(connection.get("/a.txt").unwrap().text(), CONTENT, "{path}");
    }
}

#[test]
fn single_ranges() {
    let site = site();
    for (range, part, content_range) in [
        ("0-0", "0", "bytes 0-0/36"),
        ("10-13", "abcd", "bytes 10-13/36"),
        ("30-", "uvwxyz", "bytes 30-35/36"),
        ("-2", "yz", "bytes 34-35/36"),
        ("34-999", "yz", "bytes 34-35/36"),
        ("-999", CONTENT, "bytes 0-35/36"),
    ] {
        let response = site.ask("GET /a.txt", &[&format!("Range: bytes={range}")]);
        assert_eq!((response.status, response.text().as_str()), (206, part));
        assert_headers(
            &response,
            &[("content-range", content_range), ("etag", ETAG)],
        );
        let head = site.ask("HEAD /a.txt", &[&format!("Range: bytes={range}")]);
        assert_eq!(head.status, 206);
        assert_headers(&head, &[("content-range", content_range)]);
    }
    for range in ["bytes=abc", "lines=0-1", "bytes=5-2"] {
        let response = site.ask("GET /a.txt", &[&format!("Range: {range}")]);
        assert_eq!((response.status, response.text().as_str()), (200, CONTENT));
    }
}

#[test]
fn several_ranges_come_as_multipart() {
    let site = site();
    let response = site.ask("GET /a.txt", &["Range: bytes=0-1,10-11,-1"]);
    assert_eq!(response.status, 206);
    let content_type = response.header("content-type").unwrap();
    let boundary = content_type
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let body = response.text();
    let part = |range: &str, text: &str| {
        format!("Content-Range: bytes {range}/36\r\n\r\n{text}\r\n--{boundary}")
    };
    let parts = [part("0-1", "01"), part("10-11", "ab"), part("35-35", "z")];
    let positions = parts.map(|part| body.find(&part).unwrap_or_else(|| panic!("{body}")));
    assert!(positions.is_sorted(), "in the order asked for");
    assert!(body.ends_with(&format!("\r\n--{boundary}--\r\n")));
}

#[test]
fn ranges_beyond_the_end_are_416() {
    let site = site();
    for range in ["36-", "100-200", "-0"] {
        let response = site.ask("GET /a.txt", &[&format!("Range: bytes={range}")]);
        assert_eq!(response.status, 416, "{range}");
        assert_headers(&response, &[("content-range", "bytes */36")]);
        assert!(!response.text().contains(CONTENT));
    }
}

#[test]
fn conditions() {
    let site = site();
    let earlier = "Tue, 14 Nov 2023 22:13:19 GMT";
    for (header, status) in [
        (format!("If-None-Match: {ETAG}"), 304),
        (format!("If-None-Match: W/{ETAG}"), 304),
        (format!("If-None-Match: \"x\", {ETAG}"), 304),
        ("If-None-Match: *".to_owned(), 304),
        ("If-None-Match: \"x\"".to_owned(), 200),
        (format!("If-Modified-Since: {LAST_MODIFIED}"), 304),
        (format!("If-Modified-Since: {earlier}"), 200),
        (format!("If-Match: {ETAG}"), 200),
        ("If-Match: \"x\"".to_owned(), 412),
        (format!("If-Unmodified-Since: {LAST_MODIFIED}"), 200),
        (format!("If-Unmodified-Since: {earlier}"), 412),
    ] {
        let mut connection = site.connect();
        let request = format!("GET /a.txt HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n");
        let response = connection.request(&request).unwrap();
        assert_eq!(response.status, status, "{header}");
        if status == 304 {
            assert_headers(
                &response,
                &[("etag", ETAG), ("last-modified", LAST_MODIFIED)],
            );
            assert_eq!(response.header("content-type"), None);
        }
        // No stray body: the connection goes on.
        assert_eq!(connection.get("/a.txt").unwrap().text(), CONTENT);
    }
}

#[test]
fn if_range_decides_between_part_and_whole() {
    let site = site();
    for (validator, status, body) in [
        (ETAG, 206, "01"),
        (LAST_MODIFIED, 206, "01"),
        ("\"x\"", 200, CONTENT),
        ("W/\"6553f100-24\"", 200, CONTENT),
        ("Tue, 14 Nov 2023 22:13:19 GMT", 200, CONTENT),
    ] {
        let header = format!("If-Range: {validator}");
        let response = site.ask("GET /a.txt", &["Range: bytes=0-1", &header]);
        assert_eq!((response.status, response.text().as_str()), (status, body));
    }
}

#[test]
fn directories_redirect_to_their_slash() {
    let site = site();
    let response = site.ask("GET /docs", &[]);
    assert_eq!(
        (response.status, response.header("location")),
        (301, Some("/docs/"))
    );
    let response = site.ask("GET /docs?a=b%20c", &[]);
    assert_eq!(response.header("location"), Some("/docs/?a=b%20c"));
    let response = site.ask("GET /docs/", &[]);
    assert_eq!(
        (response.status, response.text().as_str()),
        (200, "<p>docs</p>")
    );
    let response = site.ask("GET /empty-handed/", &[]);
    assert_eq!(response.status, 403, "no listing");
    assert!(!response.text().contains("a.css"));
}

#[test]
fn what_is_not_there_and_what_is_not_allowed() {
    let site = site();
    let response = site.ask("GET /nothing", &[]);
    assert_eq!(response.status, 404);
    assert_headers(&response, &[("content-type", "text/html; charset=utf-8")]);
    assert!(response.text().contains("404"));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        let mut connection = site.connect();
        let request = format!("{method} /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
        let response = connection.request(&request).unwrap();
        assert_eq!(response.status, 405, "{method}");
        assert_headers(&response, &[("allow", "GET, HEAD")]);
        assert!(!response.text().contains(CONTENT));
    }
}

#[test]
fn one_connection_serves_many_requests() {
    let site = site();
    let mut connection = site.connect();
    for _ in 0..20 {
        assert_eq!(connection.get("/a.txt").unwrap().text(), CONTENT);
        assert_eq!(connection.get("/nothing").unwrap().status, 404);
    }
    assert_eq!(
        site.gate
            .metric("certgate_handshakes_total{result=\"full\"}"),
        1.0
    );
    let last = connection.request("GET /a.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let last = last.unwrap();
    assert_eq!(last.text(), CONTENT);
    assert_eq!(last.header("connection"), Some("close"));
    assert_eq!(connection.read(&mut [0]).unwrap(), 0, "closed");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let site = site();
    let mut connection = site.connect();
    let paths = ["/a.txt", "/nothing", "/docs/", "/docs", "/a.txt"];
    let requests = paths.map(|path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    connection.write_all(requests.concat().as_bytes()).unwrap();
    let statuses = paths.map(|_| http::read_response(&mut connection, false).unwrap().status);
    assert_eq!(statuses, [200, 404, 200, 301, 200]);
}

#[test]
fn host_is_needed_once_in_http_1_1() {
    let site = site();
    for headers in ["", "Host: a\r\nHost: b\r\n"] {
        let request = format!("GET /a.txt HTTP/1.1\r\n{headers}\r\n");
        let response = site.connect().request(&request).unwrap();
        assert_eq!(response.status, 400, "{headers:?}");
        assert!(!response.text().contains(CONTENT));
    }
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let site = site();
    let mut connection = site.connect();
    let response = connection.request("GET /a.txt HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!((response.status, response.text().as_str()), (200, CONTENT));
    assert_ne!(response.header("connection"), Some("keep-alive"));
    assert_eq!(connection.read(&mut [0]).unwrap(), 0, "closed");
}

#[test]
fn a_first_start_shows_the_welcome_page() {
    let pki = Pki::new();
    let without_root = certgate::serve(&pki);
    let empty_root = certgate::serve(&pki).file("other.html", "x");
    for builder in [without_root, empty_root] {
        let gate = builder.start();
        let response = client::with(&pki.client).get(gate.address, "/").unwrap();
        assert_eq!(response.status, 200);
        assert!(response.text().contains("certgate"), "{}", response.text());
        let response = client::with(&pki.client).get(gate.address, "/index.html");
        assert_eq!(response.unwrap().status, 404);
    }
}

#[test]
fn a_new_file_is_served_at_once_and_its_changes_are_seen() {
    let site = site();
    let root = site.gate.directory().join("html");
    assert_eq!(site.ask("GET /b.txt", &[]).status, 404);
    fs::write(root.join("b.txt"), "new").unwrap();
    assert_eq!(site.ask("GET /b.txt", &[]).text(), "new");
    fs::write(root.join("b.txt"), "newer").unwrap();
    eventually("the newer file", || {
        (site.ask("GET /b.txt", &[]).text() == "newer").then_some(())
    });
    fs::remove_file(root.join("b.txt")).unwrap();
    eventually("the file to be gone", || {
        (site.ask("GET /b.txt", &[]).status == 404).then_some(())
    });
}

const LARGE: u64 = 100 * 1024 * 1024;

/// A file whose bytes differ from block to block; its hash.
fn large_file(builder: &Builder) -> [u8; 32] {
    let file = File::create(builder.directory().join("html/large.bin")).unwrap();
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let mut hash = Sha256::new();
    let mut block: Vec<u8> = (0..65_536u32).map(|n| ((n * 31) >> 3) as u8).collect();
    for number in 0..LARGE / block.len() as u64 {
        block[..8].copy_from_slice(&number.to_be_bytes());
        hash.update(&block);
        file.write_all(&block).unwrap();
    }
    file.flush().unwrap();
    hash.finish()
}

#[test]
fn a_hundred_megabytes_arrive_while_memory_stays_flat() {
    let pki = Pki::new();
    let builder = certgate::serve(&pki).file("index.html", "x");
    let expected = large_file(&builder);
    let gate = builder.start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let head = connection.request("HEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    let length = LARGE.to_string();
    assert_eq!(
        head.unwrap().header("content-length"),
        Some(length.as_str())
    );
    connection
        .write_all(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let head = http::read_response(&mut connection, true).unwrap();
    assert_eq!(head.status, 200);
    let (mut hash, mut left) = (Sha256::new(), LARGE);
    let mut buffer = vec![0; 1 << 16];
    while left > 0 {
        let read = connection.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "{left} bytes are missing");
        hash.update(&buffer[..read]);
        left -= read as u64;
    }
    assert_eq!(hash.finish(), expected);
    assert_eq!(connection.get("/").unwrap().text(), "x");
    let peak = gate.peak_memory();
    assert!(peak < 64 * 1024, "{peak} KiB at the peak");
}
