//! The shapes of GitHub's error answers.

use bytes::Bytes;
use serde::Serialize;

use super::body::{Unfit, read};
use crate::calls::Reply;

#[derive(Serialize)]
struct ErrorBody<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError<'a>>,
    documentation_url: &'a str,
    status: String,
}

/// One entry of a 422's `errors`.
#[derive(Serialize)]
pub(in crate::github) struct FieldError<'a> {
    pub(in crate::github) resource: &'a str,
    pub(in crate::github) field: &'a str,
    pub(in crate::github) code: &'a str,
}

/// `{message, documentation_url, status}`.
pub(in crate::github) fn error(status: u16, message: &str) -> Reply {
    with_errors(status, message, Vec::new())
}

/// The same with `errors`.
pub(in crate::github) fn with_errors(
    status: u16,
    message: &str,
    errors: Vec<FieldError<'_>>,
) -> Reply {
    let body = ErrorBody {
        message,
        errors,
        documentation_url: "https://docs.github.com/rest",
        status: status.to_string(),
    };
    Reply::json(status, &body)
}

/// An error that points to its own page of the documentation.
pub(in crate::github) fn documented(status: u16, message: &str, documentation_url: &str) -> Reply {
    let body = ErrorBody {
        message,
        errors: Vec::new(),
        documentation_url,
        status: status.to_string(),
    };
    Reply::json(status, &body)
}

/// A file of this media type.
pub(in crate::github) fn file(kind: &str, body: Bytes) -> Reply {
    let mut reply = Reply::empty(200).with_header("content-type", kind.to_owned());
    reply.body = body;
    reply
}

/// What GitHub says of everything that is not there or not to be seen.
pub(in crate::github) fn not_found() -> Reply {
    error(404, "Not Found")
}

/// A body that is JSON of the wrong shape, or lacks a field.
pub(in crate::github) fn invalid_request(message: &str) -> Reply {
    error(422, &format!("Invalid request.\n\n{message}"))
}

/// Parses a request body as GitHub does: bad JSON, then not an object, then wrong fields.
pub(in crate::github) fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Reply> {
    read(body).map_err(|unfit| match unfit {
        Unfit::NoJson => error(400, "Problems parsing JSON"),
        Unfit::NoObject => error(400, "Body should be a JSON object"),
        Unfit::Field(why) => invalid_request(&why),
    })
}
