//! The response that carries a file.
//!
//! Takes a file and the request's conditions, hands on 200, 206, 304, 412 or 416, with nginx's set of headers. Blocks if
//! the file's content isn't in memory, as it reads the first bytes.

use std::io;

use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};

use super::conditional::{Conditions, Verdict};
use super::file_body::{self, Segment};
use super::multipart;
use super::range::{self, Selection};
use super::representation::Representation;
use super::validators::{Validators, ascii};
use crate::http::body::Body;
use crate::http::pages;

/// Answers GET with a file, or HEAD, for which nothing is read.
///
/// # Errors
/// When the file can't be read, or has become shorter since it was opened; nothing has been sent then. Never when its
/// content is in memory.
pub(super) fn with_file(
    file: &Representation,
    conditions: &Conditions,
    head: bool,
) -> io::Result<Response<Body>> {
    let (size, validators) = (file.size, &file.validators);
    match conditions.judge(validators) {
        Verdict::Proceed => {}
        Verdict::NotModified => return Ok(not_modified(validators)),
        Verdict::Failed => return Ok(pages::error(StatusCode::PRECONDITION_FAILED)),
    }
    let range = conditions.range(validators);
    let selection = range.map(|range| range::select(range.as_bytes(), size));
    let mut headers = file.headers.clone();
    let (status, segments) = match selection.unwrap_or(Selection::Whole) {
        Selection::Unsatisfiable => return Ok(unsatisfiable(size)),
        Selection::Whole => (StatusCode::OK, vec![Segment::File(0..size)]),
        Selection::Parts(parts) => {
            headers.remove(ACCEPT_RANGES);
            let segments = if let [part] = parts.as_slice() {
                let range = multipart::content_range(part, size);
                headers.insert(CONTENT_RANGE, ascii(range));
                vec![Segment::File(part.clone())]
            } else {
                let (media_type, segments) = multipart::lay_out(&parts, &file.media_type, size);
                headers.insert(CONTENT_TYPE, media_type);
                segments
            };
            let length = file_body::length(&segments);
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            (StatusCode::PARTIAL_CONTENT, segments)
        }
    };
    let body = if head {
        Body::empty()
    } else {
        file_body::of(&file.content, segments)?
    };
    Ok(response(status, headers, body))
}

/// The same for a file whose content is in memory: it can't fail, nor block.
pub(super) fn from_memory(
    file: &Representation,
    conditions: &Conditions,
    head: bool,
) -> Response<Body> {
    let answer = with_file(file, conditions, head);
    answer.unwrap_or_else(|_| pages::error(StatusCode::INTERNAL_SERVER_ERROR))
}

/// RFC 9110 section 15.4.5: the headers that a 200 would have had and that a cache may need; of those there are two.
fn not_modified(validators: &Validators) -> Response<Body> {
    response(StatusCode::NOT_MODIFIED, common(validators), Body::empty())
}

fn unsatisfiable(size: u64) -> Response<Body> {
    let mut response = pages::error(StatusCode::RANGE_NOT_SATISFIABLE);
    let range = ascii(format!("bytes */{size}"));
    response.headers_mut().insert(CONTENT_RANGE, range);
    response
}

/// The headers of the answer with the whole file, which each answer copies.
pub(super) fn headers_of_all(
    validators: &Validators,
    media_type: &HeaderValue,
    size: u64,
) -> HeaderMap {
    let mut headers = common(validators);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_TYPE, media_type.clone());
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    headers
}

fn common(validators: &Validators) -> HeaderMap {
    // With room for what every answer of certgate's gets, so that copies needn't grow.
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(LAST_MODIFIED, validators.last_modified.clone());
    headers.insert(ETAG, validators.etag.clone());
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    headers
}

fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
