//! Whose use of the API is counted, what of, and which limit it reached.

/// Whose limits a call counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) enum Account {
    /// Everybody without a good credential.
    Anonymous,
    /// The App, by its JWT.
    App,
    /// An installation, by any of its tokens.
    Installation(u64),
}

/// What a primary limit is a limit of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) enum Resource {
    Core,
    RunnerRegistration,
    Manifest,
}

impl Resource {
    /// As GitHub spells it.
    pub(in crate::github) const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::RunnerRegistration => "actions_runner_registration",
            Self::Manifest => "integration_manifest",
        }
    }
}

/// Which kind of limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) enum Excess {
    Primary,
    Secondary,
}
