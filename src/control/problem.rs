//! What the control API says when it refuses: what is wrong, where, and how to mend it.

use scenarios::ScenarioError;
use schemars::JsonSchema;
use serde::Serialize;

/// The body of every refusal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    #[serde(skip)]
    pub(super) status: u16,
    /// What is wrong, in one sentence.
    error: String,
    /// Where: `body:LINE:COLUMN`, a parameter, or a header.
    #[serde(rename = "where")]
    place: String,
    /// How to mend it.
    help: String,
}

impl Problem {
    pub(super) fn new(status: u16, place: &str, error: &str, help: &str) -> Self {
        Self {
            status,
            error: error.to_owned(),
            place: place.to_owned(),
            help: help.to_owned(),
        }
    }

    /// Something in the path that does not exist.
    pub(super) fn unknown(parameter: &str, error: &str, help: &str) -> Self {
        Self::new(404, &format!("path parameter {parameter}"), error, help)
    }

    /// Something that cannot be done to what the path names, as it is now.
    pub(super) fn conflict(parameter: &str, error: &str, help: &str) -> Self {
        Self::new(409, &format!("path parameter {parameter}"), error, help)
    }
}

impl From<ScenarioError> for Problem {
    fn from(error: ScenarioError) -> Self {
        let (line, column) = error.place();
        let place = format!("{}:{line}:{column}", error.file());
        let help = error.help_text().unwrap_or_default();
        Self::new(400, &place, error.what(), help)
    }
}
