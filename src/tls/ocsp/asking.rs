//! How a responder is asked.

use std::time::Duration;

use bytes::Bytes;

use super::Question;
use crate::fetch::{Limits, Post, Request, Url};

/// Of an answer, in bytes: they have about 2,000.
const ANSWER_SIZE: usize = 64 * 1024;

/// The request as it is sent: a POST, which has no bound in length and is in no cache on the way.
pub fn request(question: &Question, responder: &Url) -> Request {
    Request {
        post: Some(Post {
            media_type: "application/ocsp-request",
            body: Bytes::copy_from_slice(&question.request),
        }),
        ..Request::get(responder.clone())
    }
}

/// What an exchange with a responder may cost.
pub fn limits(timeout: Duration) -> Limits {
    Limits {
        time: timeout,
        size: ANSWER_SIZE,
    }
}
