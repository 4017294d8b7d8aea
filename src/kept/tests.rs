//! Against servers that stall, lie and go away. Here a version is two numbers: its times, from now.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn span(bytes: &Bytes, before: Option<&Version>) -> Result<Span, Unfit> {
    let text = String::from_utf8_lossy(bytes);
    let numbers: Vec<i64> = text
        .split(' ')
        .map_while(|n| n.trim().parse().ok())
        .collect();
    match numbers[..] {
        [this, _] if before.is_some_and(|b| unix_now() + this < b.span.this_update) => {
            Err(Unfit::Older)
        }
        [this, next] => Ok(Span {
            this_update: unix_now() + this,
            next_update: (next != 0).then_some(unix_now() + next),
        }),
        _ => Err(Unfit::Invalid("no two numbers".to_owned())),
    }
}

fn quick() -> Terms {
    Terms {
        pace: Pace {
            least: Duration::from_millis(50),
            most: Duration::from_millis(100),
            retry: Duration::from_millis(20),
            retry_most: Duration::from_millis(80),
        },
        limits: Limits {
            time: Duration::from_millis(300),
            size: 1000,
        },
        first: Duration::from_millis(200),
    }
}

struct Case {
    directory: TempDir,
    telemetry: Arc<Telemetry>,
    url: Url,
}

impl Case {
    fn new(url: String) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            telemetry: Arc::new(Telemetry::new(false).unwrap()),
            url: url.parse().unwrap(),
        }
    }

    fn cache(&self) -> PathBuf {
        self.directory.path().join("crl-cache")
    }

    fn load(&self) -> (Keeper, Latest) {
        let source = Source {
            name: "a".to_owned(),
            url: self.url.clone(),
            directory: self.cache(),
            validate: Arc::new(span),
            terms: watch::channel(quick()).1,
        };
        Keeper::load(source, self.telemetry.clone())
    }

    fn count(&self, result: &str) -> u64 {
        let text = String::from_utf8(self.telemetry.metrics.text().unwrap()).unwrap();
        let start = format!("certgate_fetches_total{{result=\"{result}\",source=\"a\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.map_or(0, |count| count.parse().unwrap())
    }

    async fn counts(&self, result: &str, least: u64) {
        let counted = async {
            while self.count(result) < least {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let counted = tokio::time::timeout(PATIENCE, counted).await;
        counted.unwrap_or_else(|_| panic!("{result}: {}", self.count(result)));
    }
}

fn text(latest: &Latest) -> Option<String> {
    let latest = latest.borrow();
    let bytes = latest.as_ref()?.bytes.to_vec();
    Some(String::from_utf8(bytes).unwrap())
}

async fn becomes(latest: &mut Latest, expected: &str) {
    let is = |version: &Option<Arc<Version>>| {
        version
            .as_ref()
            .is_some_and(|v| v.bytes == expected.as_bytes())
    };
    let changed = tokio::time::timeout(PATIENCE, latest.wait_for(is))
        .await
        .is_ok();
    assert!(changed, "{expected} doesn't come: {:?}", text(latest));
}

/// A server whose answer can be changed; "STALL" for none.
async fn server(first: &str) -> (SocketAddr, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(Mutex::new(first.to_owned()));
    let said = answer.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = said.lock().unwrap().clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                if answer == "STALL" {
                    tokio::time::sleep(PATIENCE).await;
                }
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (address, answer)
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_server_that_stalls_lies_and_goes_away_changes_nothing() {
    let (address, answer) = server(&ok("-100 100")).await;
    let case = Case::new(format!("http://{address}/list"));
    std::fs::create_dir(case.cache()).unwrap();
    let left = case.cache().join(".certgate-x.tmp");
    std::fs::write(&left, "left").unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let file = std::fs::File::options().append(true).open(&left).unwrap();
    file.set_modified(long_ago).unwrap();
    let (mut keeper, mut latest) = case.load();
    assert_eq!(text(&latest), None);
    keeper.first_try().await;
    assert_eq!(text(&latest).as_deref(), Some("-100 100"));
    let running = tokio::spawn(keeper.run());
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n-5".to_owned();
    for (says, result) in [
        ("STALL".to_owned(), "timeout"),
        (ok("garbage"), "invalid"),
        (ok(""), "invalid"),
        (ok("-200 500"), "older"),
        (ok("-50 -1"), "over"),
        (ok(&" ".repeat(2000)), "bad_http"),
        (half, "bad_http"),
        (
            "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "status",
        ),
        (ok("-100 100"), "unchanged"),
    ] {
        *answer.lock().unwrap() = says.clone();
        let before = case.count(result);
        case.counts(result, before + 2).await;
        assert_eq!(text(&latest).as_deref(), Some("-100 100"), "{says}");
    }
    *answer.lock().unwrap() = ok("-5 100");
    becomes(&mut latest, "-5 100").await;
    assert_eq!(case.count("new"), 2);
    // What is kept for the next start is the newest, too, and nothing else is there.
    let kept = disk::read(&case.cache(), &case.url, 1000).unwrap();
    assert_eq!(kept, b"-5 100");
    assert_eq!(std::fs::read_dir(case.cache()).unwrap().count(), 1);
    // It ends when nobody wants it any more.
    drop(latest);
    tokio::time::timeout(PATIENCE, running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_start_goes_on_from_the_disk_or_without() {
    let (address, answer) = server("STALL").await;
    let case = Case::new(format!("http://{address}/list?secret"));
    let (mut keeper, latest) = case.load();
    let begun = Instant::now();
    keeper.first_try().await;
    assert!((quick().first..PATIENCE).contains(&begun.elapsed()));
    assert_eq!(text(&latest), None);

    *answer.lock().unwrap() = ok("-100 100");
    keeper.first_try().await;
    assert_eq!(text(&latest).as_deref(), Some("-100 100"));
    *answer.lock().unwrap() = "STALL".to_owned();
    let (mut keeper, latest) = case.load();
    assert_eq!(text(&latest).as_deref(), Some("-100 100"));
    let asked = case.count("timeout");
    keeper.first_try().await;
    assert_eq!(case.count("timeout"), asked, "there is one");

    // What is broken on the disk is none.
    let path = disk::path(&case.cache(), &case.url);
    assert!(!path.display().to_string().contains("secret"));
    for broken in ["-100", &"-100 100".repeat(1000)] {
        std::fs::write(&path, broken).unwrap();
        assert_eq!(text(&case.load().1), None);
    }
}

/// What nobody may take for current is asked for again and again, but ever more slowly.
#[tokio::test]
async fn an_answer_that_is_over_is_used_and_no_success() {
    let (address, answer) = server(&ok("-100 -50")).await;
    let case = Case::new(format!("http://{address}/list"));
    let (keeper, mut latest) = case.load();
    tokio::spawn(keeper.run());
    becomes(&mut latest, "-100 -50").await;
    case.counts("over", 3).await;
    assert_eq!(case.count("new") + case.count("unchanged"), 0);
    *answer.lock().unwrap() = ok("-10 0");
    becomes(&mut latest, "-10 0").await;
    case.counts("unchanged", 2).await;
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_no_reason_to_stop() {
    let (address, _answer) = server(&ok("-100 100")).await;
    let case = Case::new(format!("http://{address}/list"));
    // A file in the directory's place.
    std::fs::write(case.cache(), "").unwrap();
    let (mut keeper, latest) = case.load();
    keeper.first_try().await;
    assert_eq!(text(&latest).as_deref(), Some("-100 100"));
}

/// Python's http.server on a port, with the files of a directory.
struct Python(Child, String);

impl Python {
    fn start(directory: &Path, port: &str) -> Self {
        let mut child = Command::new("python3")
            .args([
                "-u",
                "-m",
                "http.server",
                port,
                "--bind",
                "127.0.0.1",
                "--directory",
            ])
            .arg(directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // "Serving HTTP on 127.0.0.1 port 1234 (http://127.0.0.1:1234/) ..."
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let port = line.split(' ').nth(5).unwrap().to_owned();
        Self(child, port)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_real_server_that_is_restarted() {
    let files = tempfile::tempdir().unwrap();
    let list = files.path().join("list");
    std::fs::write(&list, "-100 100").unwrap();
    let server = Python::start(files.path(), "0");
    let port = server.1.clone();
    let case = Case::new(format!("http://127.0.0.1:{port}/list"));
    let (mut keeper, mut latest) = case.load();
    keeper.first_try().await;
    assert_eq!(text(&latest).as_deref(), Some("-100 100"));
    assert_ne!(keeper.known, Validators::default(), "Last-Modified");
    tokio::spawn(keeper.run());
    case.counts("unchanged", 2).await;
    drop(server);
    case.counts("unreachable", 2).await;
    assert_eq!(text(&latest).as_deref(), Some("-100 100"));
    std::fs::write(&list, "-10 1000").unwrap();
    // By another second than before, since that is all that Last-Modified tells.
    let later = SystemTime::now() + Duration::from_secs(5);
    std::fs::File::options()
        .append(true)
        .open(&list)
        .unwrap()
        .set_modified(later)
        .unwrap();
    let _server = Python::start(files.path(), &port);
    becomes(&mut latest, "-10 1000").await;
}
