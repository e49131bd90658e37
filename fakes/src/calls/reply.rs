//! What a fake answers, before it becomes an HTTP response.

use std::{fmt, sync::Arc, task::Poll, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use http::{HeaderName, StatusCode, header};
use serde::Serialize;
use vocabulary::Answer;

use super::Headers;
use crate::json_text;

/// Marks a response that stands for a broken connection. A transport that meets it in a response's
/// extensions must fail the request instead of passing the response on. Transports that do not look
/// still fail: the body breaks off at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionReset;

/// So many pieces of a live body are looked at to find their half.
const READY_PIECES_MAX: usize = 1024;

fn broken() -> std::io::Error {
    std::io::Error::new(
        std::io::ErrorKind::ConnectionReset,
        "connection reset by fault",
    )
}

/// The first half of this body, and then the end of the connection.
fn broken_off(whole: &Bytes) -> Body {
    let half = whole.slice(..whole.len() / 2);
    let first = stream::once(std::future::ready(Ok(half)));
    Body::from_stream(first.chain(cut()))
}

/// The end of the connection. It comes after a pause: a server that met it before it has sent what came
/// before would send nothing of that.
fn cut() -> impl Stream<Item = std::io::Result<Bytes>> {
    stream::once(async {
        let mut paused = false;
        std::future::poll_fn(|context| {
            if paused {
                return Poll::Ready(());
            }
            paused = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Err(broken())
    })
}

impl ConnectionReset {
    pub(crate) fn response() -> Response {
        let body = stream::once(std::future::ready(Err::<Bytes, _>(broken())));
        let mut response = Response::new(Body::from_stream(body));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response.extensions_mut().insert(Self);
        response
    }
}

/// A body that goes on for as long as the caller listens: a stream of server-sent events.
#[derive(Clone)]
pub(crate) struct Live(Arc<dyn Fn() -> BoxStream<'static, Bytes> + Send + Sync>);

impl Live {
    /// A body whose pieces `start` begins to give anew for every answer.
    pub(crate) fn new(
        start: impl Fn() -> BoxStream<'static, Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(start))
    }

    /// The pieces; one that breaks off gives the first half of those that are there, at least one, and then
    /// the connection is gone. One that is cut short gives what comes in time.
    fn body(&self, breaks_off: bool, short: Option<Cut>) -> Body {
        let pieces = match ((self.0)(), short) {
            (pieces, None) => pieces,
            (pieces, Some(Cut::Ends(after))) => {
                pieces.take_until(tokio::time::sleep(after)).boxed()
            }
            (pieces, Some(Cut::Stalls(after))) => pieces
                .take_until(tokio::time::sleep(after))
                .chain(stream::pending())
                .boxed(),
        };
        if !breaks_off {
            return Body::from_stream(pieces.map(std::io::Result::Ok));
        }
        let first = pieces.ready_chunks(READY_PIECES_MAX).take(1);
        let half = first.flat_map(|mut there| {
            there.truncate(there.len().div_ceil(2));
            stream::iter(there)
        });
        Body::from_stream(half.map(Ok).chain(cut()))
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}

/// How a stream says less than there is, so long after it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It falls silent, and its connection stays open.
    Stalls(Duration),
    /// It ends as if all had been said.
    Ends(Duration),
}

/// An answer of one of the fakes.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// What comes in the body's place, if that is not known yet.
    live: Option<Live>,
    /// Whether the call changed the fake's state.
    pub(crate) changed_something: bool,
    /// Whether the connection breaks in the middle of the body.
    pub(super) breaks_off: bool,
    /// How a live body is cut short.
    cut: Option<Cut>,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self::text(status, String::new())
    }

    /// Breaks the connection in the middle of the body, if there is a middle.
    pub(super) fn break_off(&mut self) -> bool {
        self.breaks_off = self.can_break_off();
        self.breaks_off
    }

    /// Whether the body has a middle.
    pub(super) fn can_break_off(&self) -> bool {
        self.live.is_some() || self.body.len() > 1
    }

    /// Cuts a stream short; nothing else can be.
    pub(super) fn cut_short(&mut self, cut: Cut) -> bool {
        if self.can_be_cut_short() {
            self.cut = Some(cut);
        }
        self.can_be_cut_short()
    }

    /// Whether the body is a stream.
    pub(super) fn can_be_cut_short(&self) -> bool {
        self.live.is_some()
    }

    /// A JSON answer that is already text.
    pub(crate) fn text(status: u16, body: String) -> Self {
        let body = Bytes::from(body);
        Self {
            status,
            headers: Vec::new(),
            body,
            live: None,
            changed_something: false,
            breaks_off: false,
            cut: None,
        }
    }

    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        Self::text(status, json_text::json(body, 512))
    }

    /// Server-sent events.
    pub(crate) fn events(live: Live) -> Self {
        let mut reply =
            Self::empty(200).with_header("content-type", "text/event-stream".to_owned());
        reply.live = Some(live);
        reply
    }

    /// What a fault gives as the answer.
    pub(super) fn scripted(answer: Answer) -> Self {
        Self {
            status: answer.status,
            headers: answer.headers.into_iter().collect(),
            body: Bytes::from(answer.body),
            live: None,
            changed_something: false,
            breaks_off: false,
            cut: None,
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

    pub(super) fn into_response(self, common: impl FnOnce(&mut Headers)) -> Response {
        let mut headers = Headers::new();
        if !self.body.is_empty() {
            headers.set_static(header::CONTENT_TYPE, "application/json; charset=utf-8");
        }
        if self.breaks_off && self.live.is_none() {
            headers.set_number(header::CONTENT_LENGTH, self.body.len() as u64);
        }
        common(&mut headers);
        // The answer's own headers win over the common ones.
        for (name, value) in self.headers {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                headers.set(name, |text| text.push_str(&value));
            }
        }
        let body = match &self.live {
            Some(live) => live.body(self.breaks_off, self.cut),
            None if self.breaks_off => broken_off(&self.body),
            None => Body::from(self.body),
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = headers.finish();
        response
    }
}
