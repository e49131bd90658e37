//! What is wrong with a body, said so that it can be mended: where, what was expected, what was found.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde_json::Value;

/// How much of an offending value is shown.
const VALUE_CHARACTERS_MAX: usize = 120;

/// How many reasons are shown of why one of several alternatives does not fit.
const REASONS_MAX: usize = 3;

/// One place where a body does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The place with `*` for every index, and what was expected there: the same for all items of a list.
    pub(crate) rule: String,
    /// The place as it is, and what was found.
    pub(crate) found: String,
}

impl Violation {
    /// Something that is wrong with the answer as a whole.
    pub(crate) fn whole(rule: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            found: found.into(),
        }
    }

    fn of(error: &ValidationError<'_>) -> Self {
        let pointer = error.instance_path().as_str();
        let place: Vec<&str> = pointer
            .split('/')
            .map(|part| {
                let index = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                if index { "*" } else { part }
            })
            .collect();
        let place = place.join("/");
        let place = if place.is_empty() { "/" } else { &place };
        Self {
            rule: format!("{place}: {}", expected(error)),
            found: format!("{pointer} is {}", shortened(error.instance())),
        }
    }
}

/// Everything that is wrong with `body`.
pub(crate) fn violations(validator: &Validator, body: &Value) -> Vec<Violation> {
    validator
        .iter_errors(body)
        .map(|error| Violation::of(&error))
        .collect()
}

fn expected(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let alternatives: Vec<String> = context
                .iter()
                .enumerate()
                .map(|(index, errors)| format!("({}) {}", index + 1, reasons(errors)))
                .collect();
            format!("none of the alternatives fits: {}", alternatives.join("; "))
        }
        _ => error.masked_with("the value").to_string(),
    }
}

/// The first reasons why an alternative does not fit.
fn reasons(errors: &[ValidationError<'static>]) -> String {
    let reasons: Vec<String> = errors
        .iter()
        .take(REASONS_MAX)
        .map(|error| format!("{} {}", error.instance_path().as_str(), expected(error)))
        .collect();
    reasons.join(", ")
}

/// A value as JSON, cut.
pub(crate) fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_CHARACTERS_MAX) {
        None => text,
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
    }
}
