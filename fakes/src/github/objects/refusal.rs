//! Every refusal of the fake GitHub's API: its status, its words, and what its body says besides.
//!
//! The words are GitHub's where they are known, and never those of the parser that found the mistake.

use serde::Serialize;
use serde_json::json;
use thiserror::Error;

use super::{
    body::Unfit,
    invalid::{HookFault, Invalid},
    reply::{escaped, page},
    runner_refusal::RunnerRefusal,
};
use crate::{calls::Reply, github::state::apps::manifest::ManifestFault};

const DOCUMENTATION: &str = "https://docs.github.com/rest";
const DOCUMENTATION_OF_PRIMARY_LIMITS: &str =
    "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api";
const DOCUMENTATION_OF_SECONDARY_LIMITS: &str = "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits";

/// What a route answers, or why it does not.
pub(in crate::github) type Answer = Result<Reply, Refusal>;

/// A refusal. `Display` is its `message`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::github) enum Refusal {
    // Who calls.
    #[error("Requires authentication")]
    NoCredential,
    #[error("Bad credentials")]
    BadCredentials,
    #[error("A JSON web token could not be decoded")]
    UndecodableJwt,
    #[error(
        "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
    )]
    ExpiredJwt,
    #[error("'Expiration time' claim ('exp') is too far in the future")]
    JwtTooLong,
    #[error(
        "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
    )]
    JwtFromTheFuture,
    #[error("Integration not found")]
    UnknownApp,
    #[error(
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
    )]
    NoUserAgent,
    #[error(
        "The version you specified in the \"X-GitHub-API-Version\" request header, \"{0}\", is not a supported version. \
         The following versions are currently supported: \"2026-03-10\" (most recent), \"2022-11-28\"."
    )]
    UnknownVersion(String),

    // What the caller may do.
    #[error("Resource not accessible by integration")]
    NotAccessible,
    /// The same for want of a permission, which a header names: `name=level`.
    #[error("Resource not accessible by integration")]
    NotPermitted(String),
    #[error("This installation has been suspended")]
    Suspended,
    #[error("{message}")]
    PrimaryLimit { status: u16, message: String },
    /// Some say in how many seconds to try again.
    #[error(
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    )]
    SecondaryLimit {
        status: u16,
        retry_after_s: Option<u64>,
    },

    // What the request looks like.
    /// Everything that is not there or not to be seen.
    #[error("Not Found")]
    NotFound,
    #[error("Problems parsing JSON")]
    NoJson,
    #[error("Body should be a JSON object")]
    NoObject,
    #[error("Invalid request.\n\n{0}")]
    Invalid(#[from] Invalid),
    #[error("Validation Failed")]
    Hook(#[from] HookFault),
    #[error("Invalid cursor")]
    Cursor,

    // Tokens of installations.
    #[error("The permissions requested are not granted to this installation.")]
    PermissionsNotGranted,
    #[error("You can specify at most {0} repositories.")]
    TooManyRepositories(usize),
    #[error(
        "There is at least one repository that does not exist or is not accessible to the parent installation."
    )]
    RepositoryOutside,

    // Apps made by hand. A person reads this one, as a page.
    #[error(transparent)]
    Manifest(#[from] ManifestFault),

    // Runs and their logs. GitHub's words for half of these are not documented.
    #[error("Cannot cancel a workflow run that is completed.")]
    CancelOfCompleted,
    #[error("Cannot cancel a workflow re-run that has not yet queued.")]
    CancelOfHeldRerun,
    #[error("This workflow is already running")]
    RerunOfRunning,
    #[error("The workflow run containing this job is already running")]
    RerunOfRunningJob,
    #[error("Unable to retry this workflow run because it was created over a month ago")]
    RerunTooLate,
    #[error("This workflow run has no failed jobs")]
    NothingFailed,
    #[error("This run does not wait for approval")]
    NotAwaitingApproval,
    #[error("Could not delete the workflow run")]
    DeleteOfUnfinished,
    #[error("The logs of a run that is not completed cannot be deleted")]
    LogsOfUnfinished,
    /// A link to a log that is not good any more.
    #[error("Gone")]
    Gone,
    #[error("Server Error")]
    ServerError,

    // Check runs.
    #[error("No commit found for SHA: {0}")]
    NoCommit(String),
    #[error(
        "Invalid app_id `{0}` - check run can only be modified by the GitHub App that created it."
    )]
    ForeignCheckRun(u64),

    // Runners and their groups.
    #[error(transparent)]
    Runner(#[from] RunnerRefusal),
    #[error("Already exists - A runner with the name {0} already exists.")]
    RunnerExists(String),
    /// The wording is the lab's own.
    #[error("Read-only labels cannot be removed.")]
    ReadOnlyLabel,
    /// The status is UNCONFIRMED.
    #[error("Only organizations that belong to an enterprise can create runner groups.")]
    GroupsOfEnterprisesOnly,
    /// The status is UNCONFIRMED.
    #[error("Already exists - A runner group with the name {0} already exists.")]
    GroupExists(String),
    #[error("The default runner group cannot be deleted.")]
    DefaultGroup,
    #[error("The runner group must have visibility set to selected.")]
    GroupNotSelected,
}

impl Refusal {
    /// The HTTP status.
    fn status(&self) -> u16 {
        match self {
            Self::UnknownVersion(_) | Self::NoJson | Self::NoObject | Self::Cursor => 400,
            Self::NoCredential
            | Self::BadCredentials
            | Self::UndecodableJwt
            | Self::ExpiredJwt
            | Self::JwtTooLong
            | Self::JwtFromTheFuture => 401,
            Self::NoUserAgent
            | Self::NotAccessible
            | Self::NotPermitted(_)
            | Self::Suspended
            | Self::RerunOfRunning
            | Self::RerunOfRunningJob
            | Self::RerunTooLate
            | Self::NothingFailed
            | Self::NotAwaitingApproval
            | Self::DeleteOfUnfinished
            | Self::LogsOfUnfinished
            | Self::ForeignCheckRun(_)
            | Self::GroupsOfEnterprisesOnly => 403,
            Self::UnknownApp | Self::NotFound => 404,
            Self::CancelOfCompleted
            | Self::CancelOfHeldRerun
            | Self::RunnerExists(_)
            | Self::GroupExists(_) => 409,
            Self::Gone => 410,
            Self::Invalid(_)
            | Self::Hook(_)
            | Self::PermissionsNotGranted
            | Self::TooManyRepositories(_)
            | Self::RepositoryOutside
            | Self::Manifest(_)
            | Self::NoCommit(_)
            | Self::ReadOnlyLabel
            | Self::DefaultGroup
            | Self::GroupNotSelected => 422,
            Self::ServerError => 500,
            Self::PrimaryLimit { status, .. } | Self::SecondaryLimit { status, .. } => *status,
            Self::Runner(refusal) => refusal.status(),
        }
    }

    /// The page of the documentation that the body points to.
    fn documentation(&self) -> &'static str {
        if matches!(self, Self::PrimaryLimit { .. }) {
            DOCUMENTATION_OF_PRIMARY_LIMITS
        } else if matches!(self, Self::SecondaryLimit { .. }) {
            DOCUMENTATION_OF_SECONDARY_LIMITS
        } else {
            DOCUMENTATION
        }
    }

    /// The header that says more than the body.
    fn header(&self) -> Option<(&'static str, String)> {
        if let Self::NotPermitted(wanted) = self {
            return Some(("x-accepted-github-permissions", wanted.clone()));
        }
        if let Self::SecondaryLimit { retry_after_s, .. } = self {
            return retry_after_s.map(|wait| ("retry-after", wait.to_string()));
        }
        None
    }
}

/// `{message, documentation_url, status}`.
#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    documentation_url: &'a str,
    status: String,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let (status, message) = (refusal.status(), refusal.to_string());
        let reply = if let Refusal::Hook(fault) = &refusal {
            hook_reply(status, &message, fault)
        } else if let Refusal::Manifest(_) = &refusal {
            page(
                status,
                "Invalid GitHub App configuration",
                &format!("<p>{}</p>", escaped(&message)),
            )
        } else {
            let body = Body {
                message: &message,
                documentation_url: refusal.documentation(),
                status: status.to_string(),
            };
            Self::json(status, &body)
        };
        match refusal.header() {
            Some((name, value)) => reply.with_header(name, value),
            None => reply,
        }
    }
}

/// The refusal of a hook says why in its `errors`.
fn hook_reply(status: u16, message: &str, fault: &HookFault) -> Reply {
    let body = json!({
        "message": message,
        "errors": [{"resource": "Hook", "code": "custom", "message": fault.to_string()}],
        "documentation_url": DOCUMENTATION,
        "status": status.to_string(),
    });
    Reply::json(status, &body)
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::NoJson => Self::NoJson,
            Unfit::NoObject => Self::NoObject,
            Unfit::Field(why) => Self::Invalid(Invalid::Schema(why)),
        }
    }
}
