//! What is said of the deliveries that are refused: each with its reason to whoever sent it, and in the log one line of each
//! kind, as long as they do not come in floods.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::time::Instant;

/// GitHub caps a payload at 25 MB; the rest is for the form encoding's overhead.
pub(crate) const BODY_BYTES_MAX: usize = 28 << 20;
/// GitHub waits ten seconds for the answer: what takes longer to come has nobody to answer to.
pub(crate) const BODY_WITHIN: Duration = Duration::from_secs(10);
/// GitHub gives up after 10 s; an honest failure before that shows in its log.
pub(crate) const DURABLE_WITHIN: Duration = Duration::from_secs(8);
/// So many lines of one kind in [`WINDOW`]; the next window's first line says how many were left out.
const LINES_MAX: u32 = 5;
const WINDOW: Duration = Duration::from_secs(10);

/// Why a delivery is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the body is too large: at most {} MB are taken", BODY_BYTES_MAX >> 20)]
    TooLarge,
    #[error("a body of this size must state its Content-Length")]
    NoLength,
    #[error("the body did not come within {} s", BODY_WITHIN.as_secs())]
    Slow,
    #[error("the body broke off")]
    BrokeOff,
    #[error("too many bodies are being read at once")]
    Crowded,
    #[error("X-Hub-Signature-256 is missing: the App's webhook has no secret")]
    NoSignature,
    #[error("X-Hub-Signature-256 is malformed: it must be sha256= and 64 hex digits, once")]
    MalformedSignature,
    #[error(
        "the signature is wrong: the webhook's secret is not GH_WEBHOOK_SECRET, or the body was changed on its way"
    )]
    WrongSignature,
    #[error("the form has no payload")]
    NoPayload,
    #[error("{0}")]
    Unreadable(String),
    #[error("the journal could not be written: {0}")]
    Journal(String),
    #[error("the delivery was not durable within {} s: the dispatcher is behind", DURABLE_WITHIN.as_secs())]
    Behind,
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoLength => StatusCode::LENGTH_REQUIRED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            // It is ours to mend, and the same delivery may be taken later.
            Self::Crowded | Self::Journal(_) | Self::Behind => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoSignature | Self::MalformedSignature | Self::WrongSignature => {
                StatusCode::UNAUTHORIZED
            }
            Self::BrokeOff | Self::NoPayload | Self::Unreadable(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// One word for each kind: by it lines are counted.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::NoLength => "no-length",
            Self::Slow => "slow",
            Self::BrokeOff => "broke-off",
            Self::Crowded => "crowded",
            Self::NoSignature => "no-signature",
            Self::MalformedSignature => "malformed-signature",
            Self::WrongSignature => "wrong-signature",
            Self::NoPayload => "no-payload",
            Self::Unreadable(_) => "unreadable",
            Self::Journal(_) => "journal",
            Self::Behind => "behind",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "ok": false, "error": self.to_string() });
        (self.status(), Json(body)).into_response()
    }
}

/// Keeps floods of one kind of line out of the log.
#[derive(Debug, Default)]
pub(crate) struct Sparing(Mutex<BTreeMap<&'static str, Window>>);

#[derive(Debug)]
struct Window {
    began: Instant,
    said: u32,
    left_out: u64,
}

impl Sparing {
    /// Whether a line of this kind is to be written now, and if so how many like it were left out before.
    pub(crate) fn may_say(&self, kind: &'static str) -> Option<u64> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let window = windows.entry(kind).or_insert(Window {
            began: now,
            said: 0,
            left_out: 0,
        });
        if now.duration_since(window.began) >= WINDOW {
            (window.began, window.said) = (now, 0);
        }
        if window.said >= LINES_MAX {
            window.left_out += 1;
            return None;
        }
        window.said += 1;
        Some(std::mem::take(&mut window.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_one_kind_leaves_five_lines_and_a_count() {
        let sparing = Sparing::default();
        let said = (0..1000).filter(|_| sparing.may_say("flood").is_some());
        assert_eq!(said.count(), 5);
        assert_eq!(sparing.may_say("other"), Some(0), "kinds are apart");
        tokio::time::advance(WINDOW).await;
        assert_eq!(sparing.may_say("flood"), Some(995));
        assert_eq!(sparing.may_say("flood"), Some(0));
    }
}
