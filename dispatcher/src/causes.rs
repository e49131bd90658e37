//! An error and its causes in one line, as a log or a terminal shows it.

use std::error::Error;

/// `error: its cause: the cause of that`.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
