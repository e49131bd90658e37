//! Who calls.

/// Who calls, once the credential was found to be good.
pub(in crate::github) enum Caller {
    /// Nobody in particular.
    Anonymous,
    /// The App, by a JWT.
    App,
    /// An installation, by this token.
    Installation(String),
}

impl Caller {
    pub(in crate::github) fn installation_token(&self) -> Option<&str> {
        match self {
            Self::Installation(token) => Some(token),
            Self::Anonymous | Self::App => None,
        }
    }
}
