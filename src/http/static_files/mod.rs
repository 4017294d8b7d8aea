//! Static files, as the nginx container served them.
//!
//! Takes the method, path and headers of a permitted request, hands on the response. The way of a request: `path` makes
//! its path safe, `open` finds the file beneath the document root, `answer` judges the conditions and the range and
//! writes the headers, `file_body` streams the content. All that blocks before the first byte is sent happens in one
//! hop to a blocking thread.

mod answer;
mod conditional;
mod file_body;
mod media_type;
mod multipart;
mod open;
mod path;
mod range;
#[cfg(test)]
mod tests;
mod validators;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header::{ALLOW, HeaderMap, HeaderValue, LOCATION};
use http::{Method, Response, StatusCode};

use self::conditional::Conditions;
use self::open::{Found, OpenError};
use self::path::RequestPath;
use super::body::{Body, without_body};
use super::pages;

/// A document root that is served. Clones share it.
#[derive(Debug, Clone)]
pub struct StaticFiles {
    /// Absolute, links unresolved: each request goes by where the path leads at that moment.
    root: Arc<Path>,
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
        Ok(Self {
            root: absolute.into(),
        })
    }

    /// Takes an absolute path as it is. While nothing is there, it is like an empty directory.
    pub fn at(root: &Path) -> Self {
        Self { root: root.into() }
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
        let response = match RequestPath::parse(path) {
            Ok(path) => self.look_up(path, query, headers, head).await,
            Err(error) => pages::error(error.status()),
        };
        if head {
            without_body(response)
        } else {
            response
        }
    }

    async fn look_up(
        &self,
        path: RequestPath,
        query: Option<&str>,
        headers: &HeaderMap,
        head: bool,
    ) -> Response<Body> {
        let root = Arc::clone(&self.root);
        let conditions = Conditions::of(headers);
        let query = query.map(str::to_owned);
        let hop = tokio::task::spawn_blocking(move || {
            answer_path(&root, &path, query.as_deref(), &conditions, head)
        });
        hop.await.unwrap_or_else(|stopped| {
            tracing::error!(error = %stopped, "a request for a static file was broken off");
            pages::error(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }
}

fn answer_path(
    root: &Path,
    path: &RequestPath,
    query: Option<&str>,
    conditions: &Conditions,
    head: bool,
) -> Response<Body> {
    match open::find(root, path) {
        Ok(Found::File(file)) => {
            answer::with_file(file, conditions, head).unwrap_or_else(|error| failed(path, &error))
        }
        Ok(Found::DirectoryWithoutSlash) => redirect(&path.with_slash(query)),
        Ok(Found::NoIndex) if path.is_root() => pages::welcome(),
        Ok(Found::NoIndex) | Err(OpenError::Forbidden) => pages::error(StatusCode::FORBIDDEN),
        Err(OpenError::NotFound) => pages::error(StatusCode::NOT_FOUND),
        Err(OpenError::Failed(error)) => failed(path, &error),
    }
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
