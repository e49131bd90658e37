//! What a fake answers, before it becomes an HTTP response.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

/// Marks a response that stands for a broken connection. A transport that meets it in a response's
/// extensions must fail the request instead of passing the response on. Transports that do not look
/// still fail: the body breaks off at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionReset;

impl ConnectionReset {
    pub(crate) fn response() -> Response {
        let broken = std::io::Error::new(
            std::io::ErrorKind::ConnectionReset,
            "connection reset by fault",
        );
        let body = futures_util::stream::once(std::future::ready(Err::<Bytes, _>(broken)));
        let mut response = Response::new(Body::from_stream(body));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response.extensions_mut().insert(Self);
        response
    }
}

/// An answer of one of the fakes.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Whether the call changed the fake's state.
    pub(crate) changed_something: bool,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self::text(status, String::new())
    }

    /// A JSON answer that is already text.
    pub(crate) fn text(status: u16, body: String) -> Self {
        let body = Bytes::from(body);
        Self {
            status,
            headers: Vec::new(),
            body,
            changed_something: false,
        }
    }

    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Our own types have string keys and finite numbers, which is all that can go wrong.
        Self::text(status, serde_json::to_string(body).unwrap_or_default())
    }

    pub(super) fn scripted(status: u16, headers: Vec<(String, String)>, body: Bytes) -> Self {
        Self {
            status,
            headers,
            body,
            changed_something: false,
        }
    }

    pub(crate) fn with_header(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    /// Says that the call changed the fake's state.
    pub(crate) fn with_effect(mut self) -> Self {
        self.changed_something = true;
        self
    }

    pub(super) fn into_response(self, common: Vec<(&'static str, String)>) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if !self.body.is_empty() {
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            headers.insert(header::CONTENT_TYPE, json);
        }
        for (name, value) in common {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        // The answer's own headers win over the common ones.
        for (name, value) in self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
                headers.insert(name, value);
            }
        }
        response
    }
}
