//! Identifiers of the two worlds, as newtypes, so that a job id is never taken for a runner id.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, ":{}"), self.0)
            }
        }
    };
}

number_id!(
    /// A workflow job of GitHub. A re-run gives its jobs new ids.
    JobId, "job"
);
number_id!(
    /// A workflow run of GitHub; a re-run keeps it and raises the attempt.
    RunId, "run"
);
number_id!(
    /// A registered self-hosted runner of GitHub.
    RunnerId, "runner"
);
number_id!(
    /// One attempt to deliver a webhook. Real ids go beyond 2^53, and so do ours.
    DeliveryId, "delivery"
);
number_id!(
    /// A webhook: the App's, a repository's or an organisation's.
    HookId, "hook"
);
number_id!(
    /// One API call that reached a fake, in order of arrival.
    CallId, "call"
);
number_id!(
    /// One line of the history, from 1.
    EventId, "event"
);

/// An HF job: 24 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HfJobId(pub String);

impl fmt::Display for HfJobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf-job:{}", self.0)
    }
}
