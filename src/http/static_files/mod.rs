//! Static files, as the nginx container served them.
//!
//! Takes the method, path and headers of a permitted request, hands on the response. The way of a request: `path` makes
//! its path safe, `cache` knows it or says who looks, `open` finds the file beneath the document root, `answer` judges
//! the conditions and the range and writes the headers, `file_body` streams the content. What is in the cache is
//! answered at once; else all that blocks before the first byte is sent happens in one hop to a blocking thread.

mod answer;
mod budget;
mod cache;
mod conditional;
mod file_body;
mod media_type;
mod multipart;
mod open;
mod path;
mod range;
mod read;
mod representation;
#[cfg(test)]
mod tests;
mod validators;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::header::{ALLOW, HeaderMap, HeaderValue, LOCATION, RANGE};
use http::{Method, Response, StatusCode};

use self::budget::Budget;
use self::cache::{Cache, Look, Turn};
use self::conditional::Conditions;
use self::open::{Found, OpenError, OpenFile};
use self::path::RequestPath;
use self::representation::{Kept, Representation};
use super::body::{Body, without_body};
use super::pages;

/// A document root that is served. Clones share it.
#[derive(Debug, Clone)]
pub struct StaticFiles {
    /// Absolute, links unresolved: each request goes by where the path leads at that moment.
    root: Arc<Path>,
    cache: Arc<Cache>,
}

/// Why a document root can't be served.
#[derive(Debug, thiserror::Error)]
pub enum OpenRootError {
    /// Nothing is there.
    #[error("the document root {} does not exist", .0.display())]
    Missing(PathBuf),
    /// A file or something else is there.
    #[error("the document root {} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// It is there, but this process may not look into it, or the system failed.
    #[error("the document root {} can't be read: {source}", path.display())]
    Unreadable {
        /// The document root.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl StaticFiles {
    /// Makes sure that `root` (nginx: `root`) is a directory that can be looked into. A relative path is taken from the working
    /// directory of now. Blocks; meant for the start.
    ///
    /// # Errors
    /// See [`OpenRootError`]; each names the path.
    pub fn open(root: &Path) -> Result<Self, OpenRootError> {
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => OpenRootError::Missing(root.to_owned()),
            io::ErrorKind::NotADirectory => OpenRootError::NotADirectory(root.to_owned()),
            _ => OpenRootError::Unreadable {
                path: root.to_owned(),
                source,
            },
        };
        let absolute = std::path::absolute(root).map_err(unreadable)?;
        // Reaching what is inside is what serving needs; listing it is not (nor does nginx need it).
        std::fs::metadata(absolute.join(".")).map_err(unreadable)?;
        Ok(Self::at(&absolute))
    }

    /// Takes an absolute path as it is. While nothing is there, it is like an empty directory.
    pub fn at(root: &Path) -> Self {
        Self::with(root, cache::FRESH, Budget::of_this_machine())
    }

    fn with(root: &Path, fresh: Duration, budget: Arc<Budget>) -> Self {
        Self {
            root: root.into(),
            cache: Cache::new(fresh, budget),
        }
    }

    /// Answers one request. `path` is the raw path of the request target, still encoded and without the query (what
    /// `Uri::path` gives; `*` and other forms are answered with 400); `query` is the raw query, which only a redirect
    /// repeats. Whatever the request is, there is a response; failures of the system are logged and answered with 500.
    ///
    /// Must be called, and the body polled, within a tokio runtime.
    pub async fn respond(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let head = match *method {
            Method::GET => false,
            Method::HEAD => true,
            _ => return method_not_allowed(),
        };
        let asked = Instant::now();
        let response = match self.cache.fresh(path, asked) {
            Some(kept) => answer::from_memory(&kept.representation, &Conditions::of(headers), head),
            None => match RequestPath::parse(path) {
                // In a box, so that what a look at the disk needs isn't set aside in each connection.
                Ok(path) => Box::pin(self.look_up(path, query, headers, head, asked)).await,
                Err(error) => pages::error(error.status()),
            },
        };
        if head {
            without_body(response)
        } else {
            response
        }
    }

    /// For what isn't in the cache, or has to be looked at again, or was asked for by another spelling of its path.
    async fn look_up(
        &self,
        path: RequestPath,
        query: Option<&str>,
        headers: &HeaderMap,
        head: bool,
        asked: Instant,
    ) -> Response<Body> {
        let conditions = Conditions::of(headers);
        // HEAD needs no content, and of a part there may never be the rest.
        let reads_all = !head && !headers.contains_key(RANGE);
        let turn = match self.turn(&path.spelling(), reads_all, asked).await {
            Looked::Fresh(kept) => {
                return answer::from_memory(&kept.representation, &conditions, head);
            }
            Looked::Turn(turn) => turn,
        };
        let root = Arc::clone(&self.root);
        let query = query.map(str::to_owned);
        let hop = tokio::task::spawn_blocking(move || {
            answer_path(&root, &path, query.as_deref(), &conditions, head, turn)
        });
        hop.await.unwrap_or_else(|stopped| {
            tracing::error!(error = %stopped, "a request for a static file was broken off");
            pages::error(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }

    /// What is in the cache once nobody else looks at the disk for this path, or the turn to look.
    async fn turn(&self, path: &str, reads_all: bool, asked: Instant) -> Looked {
        if !reads_all && !self.cache.knows(path) {
            return Looked::Turn(None);
        }
        loop {
            match self.cache.look(path, asked) {
                Look::Fresh(kept) => return Looked::Fresh(kept),
                Look::Yours(turn) => return Looked::Turn(Some(turn)),
                Look::Wait(mut looking) => {
                    // Nothing is ever sent: an error is the end of the turn.
                    let _ = looking.changed().await;
                    // It isn't kept, for whatever reason. To wait for one's turn would make a queue.
                    if !self.cache.knows(path) {
                        return Looked::Turn(None);
                    }
                }
            }
        }
    }
}

enum Looked {
    Fresh(Arc<Kept>),
    /// Without a turn, nothing that is found goes to the cache.
    Turn(Option<Turn>),
}

fn answer_path(
    root: &Path,
    path: &RequestPath,
    query: Option<&str>,
    conditions: &Conditions,
    head: bool,
    turn: Option<Turn>,
) -> Response<Body> {
    let (checked, read_at) = (Instant::now(), SystemTime::now());
    match open::find(root, path) {
        Ok(Found::File(file)) => {
            let kept = turn.map(|turn| keep(turn, &file, checked, read_at));
            let answer = match kept.transpose() {
                Ok(Some(Some(kept))) => {
                    Ok(answer::from_memory(&kept.representation, conditions, head))
                }
                Ok(_) => answer::with_file(&Representation::on_disk(file), conditions, head),
                Err(error) => Err(error),
            };
            answer.unwrap_or_else(|error| failed(path, &error))
        }
        Ok(Found::DirectoryWithoutSlash) => redirect(&path.with_slash(query)),
        Ok(Found::NoIndex) if path.is_root() => pages::welcome(),
        Ok(Found::NoIndex) | Err(OpenError::Forbidden) => pages::error(StatusCode::FORBIDDEN),
        Err(OpenError::NotFound) => pages::error(StatusCode::NOT_FOUND),
        Err(OpenError::Failed(error)) => failed(path, &error),
    }
}

/// Takes the turn to an end: with what was kept so far, if the file is still that, else with the file, read anew; with
/// nothing if it is too large, has no room, or changes right now.
fn keep(
    mut turn: Turn,
    file: &OpenFile,
    checked: Instant,
    read_at: SystemTime,
) -> io::Result<Option<Arc<Kept>>> {
    let previous = turn.previous().filter(|kept| kept.is_still(&file.stamp));
    let kept = match previous.cloned() {
        Some(kept) => kept,
        None => {
            let Some(share) = turn.reserve(file.stamp.size) else {
                return Ok(None);
            };
            match Kept::read(file, share, read_at)? {
                Some(kept) => Arc::new(kept),
                None => return Ok(None),
            }
        }
    };
    turn.keep(kept.clone(), checked);
    Ok(Some(kept))
}

fn redirect(location: &str) -> Response<Body> {
    // Escaped by `with_slash`, so that this never fails; were it to, the request is refused.
    let Ok(location) = HeaderValue::from_str(location) else {
        return pages::error(StatusCode::BAD_REQUEST);
    };
    let mut response = pages::error(StatusCode::MOVED_PERMANENTLY);
    response.headers_mut().insert(LOCATION, location);
    response
}

fn method_not_allowed() -> Response<Body> {
    let mut response = pages::error(StatusCode::METHOD_NOT_ALLOWED);
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

fn failed(path: &RequestPath, error: &io::Error) -> Response<Body> {
    // Safe to log as it is: a `RequestPath` holds no control characters.
    tracing::error!(path = path.relative(), %error, "a static file could not be read");
    pages::error(StatusCode::INTERNAL_SERVER_ERROR)
}
