//! Why a request does not fit: the field and the rule it breaks, in the manner of HF's validator.
//!
//! HF's exact words are not documented. Nothing here says what was sent, which may be secret.

use std::fmt;

use thiserror::Error;

/// A field that does not fit, by the way to it; the body itself has no way.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::hf) struct Invalid {
    place: String,
    issue: Issue,
}

impl Invalid {
    pub(in crate::hf) fn at(place: impl Into<String>, issue: Issue) -> Self {
        let place = place.into();
        Self { place, issue }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        self.issue.fmt(f)
    }
}

/// The rule that is broken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::hf) enum Issue {
    #[error("Invalid JSON at line {line}, column {column}")]
    Json { line: usize, column: usize },
    #[error("Required")]
    Required,
    #[error("Invalid input: expected {0}")]
    Expected(&'static str),
    /// What there is to choose from.
    #[error("Invalid option: expected {0}")]
    NoOption(String),
    #[error("Too small: expected {0}")]
    TooSmall(&'static str),
    #[error("Too big: expected at most {0}")]
    TooBig(String),
    #[error("Invalid string")]
    NoSuchString,
    #[error("Invalid key in record")]
    NoSuchKey,
    #[error("Invalid filter: expected key=value")]
    NoFilter,
    #[error("Invalid cursor")]
    NoCursor,
    #[error("Invalid schedule")]
    NoSchedule,
    #[error("Not available for scheduled jobs")]
    NotInSchedules,
    #[error("Must be a subset of ports")]
    NotExposed,
    #[error("Must begin with /")]
    NotAbsolute,
    #[error("Expected 24 hexadecimal digits")]
    NoObjectId,
    #[error("Exactly one of dockerImage and spaceId")]
    OneImage,
}
