//! Every refusal of the fake HF's API: its status, its words, and the headers that some clients read instead.

use serde_json::json;
use thiserror::Error;

use crate::{calls::Reply, hf::job::invalid::Invalid};

/// What a route answers, or why it does not.
pub(in crate::hf) type Answer = Result<Reply, Refusal>;

/// A refusal. `Display` is its `error`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::hf) enum Refusal {
    #[error("Invalid credentials in Authorization header")]
    BadCredentials,
    /// A token that may not do this in a namespace, or a namespace that is not there.
    #[error(
        "You don't have the required permissions to complete this action on namespace {namespace}, missing permissions: {permission}"
    )]
    NoPermission {
        namespace: String,
        permission: &'static str,
    },
    #[error("Too Many Requests")]
    TooManyRequests { retry_after_s: u64 },
    #[error("request entity too large")]
    TooLarge,
    #[error("Sorry, we can't find the page you are looking for.")]
    NoPage,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// <https://huggingface.co/docs/hub/jobs-pricing>; the words are from logs of several third parties.
    #[error(
        "Pre-paid credit balance is insufficient - add more credits to your account to use Jobs."
    )]
    Unpaid,
    #[error("Job not found")]
    NoSuchJob,
    #[error("Scheduled job not found")]
    NoSuchSchedule,
    #[error("Job is not running")]
    NotRunning,
    /// The description says when, not in which words.
    #[error("An instance of this scheduled job is already running and concurrency is disabled")]
    RunsAlready,
    /// What HF says is not documented: the world's settings say it.
    #[error("{message}")]
    CancelOfEnded { status: u16, message: String },
    /// What could not be if the fake were right.
    #[error("Internal Error")]
    Internal,
}

impl Refusal {
    fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::BadCredentials => 401,
            Self::Unpaid => 402,
            Self::NoPermission { .. } => 403,
            Self::NoPage | Self::NoSuchJob | Self::NoSuchSchedule => 404,
            Self::NotRunning => 406,
            Self::RunsAlready => 409,
            Self::TooLarge => 413,
            Self::TooManyRequests { .. } => 429,
            Self::Internal => 500,
            Self::CancelOfEnded { status, .. } => *status,
        }
    }

    /// Its name in `X-Error-Code`. Which names HF gives in its API of jobs is not documented; clients only tell
    /// those of repositories apart.
    fn code(&self) -> Option<&'static str> {
        match self {
            Self::NoSuchJob => Some("JobNotFound"),
            Self::NoSuchSchedule => Some("ScheduledJobNotFound"),
            Self::BadCredentials
            | Self::NoPermission { .. }
            | Self::TooManyRequests { .. }
            | Self::TooLarge
            | Self::NoPage
            | Self::Invalid(_)
            | Self::Unpaid
            | Self::NotRunning
            | Self::RunsAlready
            | Self::CancelOfEnded { .. }
            | Self::Internal => None,
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        // Header values hold visible ASCII only.
        let is_shown = |c: &char| c.is_ascii() && !c.is_ascii_control();
        let text = message.chars();
        let text = text.map(|c| if is_shown(&c) { c } else { '?' }).collect();
        let reply = Self::json(refusal.status(), &json!({ "error": message }))
            .with_header("x-error-message", text);
        let reply = match refusal.code() {
            Some(code) => reply.with_header("x-error-code", code.to_owned()),
            None => reply,
        };
        if let Refusal::TooManyRequests { retry_after_s } = refusal {
            return reply.with_header("retry-after", retry_after_s.to_string());
        }
        reply
    }
}
