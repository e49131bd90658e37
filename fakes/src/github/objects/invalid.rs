//! What is wrong with a request that GitHub understands and does not take: 422.

use thiserror::Error;

/// What follows `Invalid request.` Those that name no field of a schema are in the lab's own words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::github) enum Invalid {
    /// A field that its JSON schema does not take, in the words of the validator.
    #[error("{0}")]
    Schema(String),

    #[error("status must be success or failure.")]
    DeliveryStatus,
    #[error("filter must be latest or all.")]
    Filter,
    #[error("status is not one of the known values.")]
    RunStatus,
    #[error("created is not a date or a range of dates.")]
    Created,
    #[error("check_suite_id is not an integer.")]
    CheckSuite,
    #[error("since is not a timestamp.")]
    Since,

    #[error("The name must have 1 to 64 characters.")]
    RunnerName,
    #[error("The labels must be an array of 1 to 100 strings.")]
    LabelCount,
    #[error("A label must not be empty.")]
    EmptyLabel,
    #[error("There must be at least one label.")]
    NoLabel,
    #[error("A runner can have at most 100 custom labels.")]
    TooManyLabels,

    #[error("A repository has runner group 1 only.")]
    GroupOfRepository,
    #[error("The name must not be empty.")]
    EmptyGroupName,
    #[error("A repository does not belong to the organization.")]
    ForeignRepository,
    #[error("A runner does not belong to the organization.")]
    ForeignRunner,

    #[error("output needs a title.")]
    OutputWithoutTitle,
    #[error("conclusion is required with a status of completed.")]
    CompletedWithoutConclusion,
    #[error("output has more than 50 annotations.")]
    TooManyAnnotations,

    #[error("The run has no pending deployment to such an environment.")]
    NoPendingDeployment,
}

/// Why GitHub does not take a hook: the one entry of the `errors` of a `Validation Failed`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::github) enum HookFault {
    #[error("name must be web")]
    Name,
    #[error("url cannot be blank")]
    BlankUrl,
    #[error("url is not a valid HTTP URL")]
    NoHttpUrl,
    #[error("content_type must be json or form")]
    ContentType,
    #[error("insecure_ssl must be 0 or 1")]
    InsecureSsl,
    /// The kind of its owner.
    #[error("Hook already exists on this {0}")]
    Exists(&'static str),
    #[error("The \"{event}\" event cannot have more than {most} hooks")]
    TooMany { event: String, most: usize },
}
