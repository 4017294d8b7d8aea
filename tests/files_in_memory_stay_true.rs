//! What certgate keeps in memory of a file is not served for longer than a second after the file
//! has changed, in whatever way it did.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Connection};
use crate::support::duplex::{self, Options};
use crate::support::eventually;
use crate::support::http::Response;
use crate::support::http2;
use crate::support::pki::Pki;

const OLD: &str = "the old content";
/// As long as the old one, so that the size doesn't give it away.
const NEW: &str = "the new content";
const SECRET: &str = "beside the root";

struct Site {
    gate: Certgate,
    connection: Connection,
}

impl Site {
    /// `/file` was asked for, so it is in memory.
    fn new() -> Self {
        let pki = Pki::new();
        let gate = certgate::serve(&pki).file("file", OLD).start();
        let connection = client::with(&pki.client).connect(gate.address).unwrap();
        let mut site = Self { gate, connection };
        site.settle("file");
        assert_eq!(site.get("/file").text(), OLD);
        site
    }

    /// Waits until the file's last change is so long ago that the stamps of its state are trusted:
    /// before that it is read again anyway, and no test would see what they are good for.
    fn settle(&self, name: &str) {
        let changed = fs::metadata(self.path(name)).unwrap().ctime();
        let settled = UNIX_EPOCH + Duration::from_secs(changed as u64 + 4);
        eventually("the file to settle", || {
            (SystemTime::now() > settled).then_some(())
        });
    }

    fn path(&self, name: &str) -> PathBuf {
        self.gate.directory().join("html").join(name)
    }

    fn get(&mut self, path: &str) -> Response {
        self.connection.get(path).unwrap()
    }

    /// Waits until the file isn't the old one any more, and makes sure that it never is again.
    #[track_caller]
    fn next(&mut self) -> Response {
        let what = "the change to be seen";
        let changed = eventually(what, || {
            let response = self.get("/file");
            (response.status != 200 || response.text() != OLD).then_some(response)
        });
        let again = self.get("/file");
        assert_eq!((again.status, &again.body), (changed.status, &changed.body));
        changed
    }
}

#[test]
fn written_anew_with_its_old_size_and_time() {
    let mut site = Site::new();
    let file = site.path("file");
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, NEW).unwrap();
    let opened = fs::File::options().write(true).open(&file).unwrap();
    opened.set_modified(time).unwrap();
    assert_eq!(site.next().text(), NEW);
}

#[test]
fn replaced_by_another() {
    let mut site = Site::new();
    let (file, other) = (site.path("file"), site.path("other"));
    fs::write(&other, NEW).unwrap();
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    let opened = fs::File::options().write(true).open(&other).unwrap();
    opened.set_modified(time).unwrap();
    fs::rename(other, file).unwrap();
    assert_eq!(site.next().text(), NEW);
}

#[test]
fn removed_and_put_back() {
    let mut site = Site::new();
    fs::remove_file(site.path("file")).unwrap();
    assert_eq!(site.next().status, 404);
    fs::write(site.path("file"), NEW).unwrap();
    assert_eq!(
        site.get("/file").text(),
        NEW,
        "what isn't there is never remembered"
    );
}

#[test]
fn made_shorter_and_longer() {
    let mut site = Site::new();
    let file = fs::File::options().write(true).open(site.path("file"));
    file.unwrap().set_len(3).unwrap();
    let response = site.next();
    assert_eq!(response.text(), "the");
    assert_eq!(response.header("content-length"), Some("3"));
    fs::write(site.path("file"), format!("{OLD}, longer")).unwrap();
    let longer = eventually("the longer file", || {
        let response = site.get("/file");
        (response.text() != "the").then_some(response)
    });
    assert_eq!(longer.text(), format!("{OLD}, longer"));
}

#[test]
fn turned_into_a_directory() {
    let mut site = Site::new();
    fs::remove_file(site.path("file")).unwrap();
    fs::create_dir(site.path("file")).unwrap();
    let response = site.next();
    assert_eq!(response.status, 301);
    assert_eq!(response.header("location"), Some("/file/"));
}

#[test]
fn a_link_that_is_turned_leads_nowhere_outside() {
    let mut site = Site::new();
    let secret = site.gate.directory().join("secret");
    fs::write(&secret, SECRET).unwrap();
    for (name, target) in [("relative", "../secret".into()), ("absolute", secret)] {
        let (link, fresh) = (site.path(name), site.path("fresh"));
        symlink("file", &link).unwrap();
        let path = format!("/{name}");
        assert_eq!(site.get(&path).text(), OLD);
        symlink(target, &fresh).unwrap();
        fs::rename(&fresh, &link).unwrap();
        let refused = eventually("the link to be refused", || {
            let response = site.get(&path);
            assert!(!response.text().contains(SECRET), "{name}");
            (response.status != 200).then_some(response)
        });
        assert_eq!(refused.status, 404, "{name}");
    }
}

/// As Kubernetes changes a ConfigMap: the files stay what they are, a link on the way to them is turned.
#[test]
fn a_directory_on_the_way_is_swapped() {
    let mut site = Site::new();
    for (directory, content) in [("..one", OLD), ("..two", NEW)] {
        fs::create_dir(site.path(directory)).unwrap();
        fs::write(site.path(directory).join("map"), content).unwrap();
    }
    symlink("..one", site.path("..data")).unwrap();
    symlink("..data/map", site.path("map")).unwrap();
    site.settle("map");
    assert_eq!(site.get("/map").text(), OLD);
    symlink("..two", site.path("..fresh")).unwrap();
    fs::rename(site.path("..fresh"), site.path("..data")).unwrap();
    eventually("the new map", || {
        (site.get("/map").text() == NEW).then_some(())
    });
}

#[test]
fn head_and_parts_are_the_same_from_memory() {
    let mut site = Site::new();
    fs::write(site.path("parts"), OLD).unwrap();
    let mut ask = |method: &str, header: &str| {
        let request = format!("{method} /parts HTTP/1.1\r\nHost: a\r\n{header}\r\n");
        let mut response = site.connection.request(&request).unwrap();
        response
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
        (response.status, response.headers, response.body)
    };
    let requests = [
        ("HEAD", ""),
        ("GET", "Range: bytes=4-6\r\n"),
        ("GET", "Range: bytes=99-\r\n"),
        ("HEAD", "Range: bytes=-3\r\n"),
    ];
    // None of these brings the file into memory; GET does.
    let from_disk = requests.map(|(method, header)| ask(method, header));
    assert_eq!(ask("GET", "").2, OLD.as_bytes());
    let from_memory = requests.map(|(method, header)| ask(method, header));
    assert_eq!(from_memory, from_disk);
    assert_eq!(from_memory[1].2, b"old");
}

const LARGE: usize = 1 << 20;

/// What the process has read of files so far, in bytes; what came over sockets doesn't count.
fn bytes_read(gate: &Certgate) -> usize {
    let io = fs::read_to_string(format!("/proc/{}/io", gate.child.id())).unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.unwrap().parse().unwrap()
}

#[test]
fn a_file_is_read_once_for_many() {
    const REQUESTS: usize = 120;
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("large", vec![7; LARGE]).start();
    let options = Options {
        alpn: b"\x02h2",
        ..duplex::with(&pki.client)
    };
    // Only the beginnings of the answers are let through: to send them all would take its time.
    let mut client = http2::connect_with_window(options, gate.address, Some(1));
    let (read, begin) = (bytes_read(&gate), Instant::now());
    let answers = duplex::block_on(async {
        let mut answers = Vec::new();
        for _ in 0..REQUESTS {
            client.0.ready().await.unwrap();
            let answer = client.0.send_request(http2::get("/large"));
            answers.push(duplex::runtime().spawn(answer));
        }
        let mut begun = Vec::new();
        for answer in answers {
            begun.push(answer.await.unwrap().unwrap());
        }
        begun
    });
    assert!(answers.iter().all(|answer| answer.status() == 200));
    let times = (bytes_read(&gate) - read) / LARGE;
    // As long as the file is new, it is read again each second.
    let looks = 1 + begin.elapsed().as_secs() as usize;
    assert!((1..=looks).contains(&times), "read {times} times");
}
