//! A real document root to send requests against, with a secret beside it that must never be seen.

mod content;
mod safety;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use http_body_util::BodyExt;
use tempfile::TempDir;

use super::*;

const SECRET: &str = "the secret beside the root";
const INDEX: &str = "<h1>index</h1>";

struct Site {
    dir: TempDir,
    files: StaticFiles,
}

/// What came back, read to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Site {
    /// Each request looks at the disk, so that a test sees its changes at once.
    fn new() -> Self {
        Self::with_room(64 << 20)
    }

    fn with_room(bytes: u64) -> Self {
        let dir = TempDir::new().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(dir.path().join("secret"), SECRET).unwrap();
        let files = StaticFiles::with(&root, Duration::ZERO, Budget::new(bytes));
        let site = Self { dir, files };
        site.write("index.html", INDEX);
        site.write("docs/index.html", "docs");
        site.write("empty/a.txt", "0123456789");
        site.write("zero.txt", "");
        site
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn link(&self, name: &str, target: impl AsRef<Path>) {
        symlink(target, self.root().join(name)).unwrap();
    }

    async fn ask(&self, method: Method, target: &str, lines: &[(&'static str, &str)]) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let answer = self.files.respond(&method, path, query, &headers);
        let answer = tokio::time::timeout(Duration::from_secs(10), answer);
        let (parts, body) = answer.await.expect("never blocks").into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, target: &str) -> Answer {
        self.ask(Method::GET, target, &[]).await
    }
}

impl Answer {
    fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
