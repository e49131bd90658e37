//! A request with its body read.

use axum::body::Body;
use bytes::Bytes;
use http::{
    HeaderMap, Method, Request,
    header::{self, AsHeaderName},
    request::Parts,
};

/// No request body of either API comes near this.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A request with its body read.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Incoming {
    /// A header's value as text. A name that is one already is found sooner than a text.
    pub(crate) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The scheme and the credential of the `Authorization` header.
    pub(crate) fn authorization(&self) -> Option<(&str, &str)> {
        let (scheme, credential) = self.header(header::AUTHORIZATION)?.split_once(' ')?;
        Some((scheme, credential.trim()))
    }

    /// Its path with its query.
    pub(super) fn target(&self) -> String {
        if self.query.is_empty() {
            self.path.clone()
        } else {
            [&*self.path, "?", &self.query].concat()
        }
    }

    /// The bytes of its path with its query, and of its body.
    pub(super) fn bytes(&self) -> usize {
        let query = self.query.len();
        let question_mark = usize::from(query > 0);
        self.path.len() + question_mark + query + self.body.len()
    }
}

/// Reads a request to its end. A body that breaks off is judged as far as it came, like any other bad body.
pub(super) async fn read(request: Request<Body>) -> Incoming {
    let (
        Parts {
            method,
            uri,
            headers,
            ..
        },
        body,
    ) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX)
        .await
        .unwrap_or_default();
    let path = uri.path().to_owned();
    let query = uri.query().unwrap_or_default().to_owned();
    Incoming {
        method,
        path,
        query,
        headers,
        body,
    }
}
