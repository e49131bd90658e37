//! Every job, scheduled job and error that a test meets in HF's API is held against their JSON Schema,
//! `hf-jobs.schema.json`: `Lab` calls [`check`] with every answer.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::Answer;

fn validator(name: &str) -> Validator {
    let mut schema: Value =
        serde_json::from_str(include_str!("../../hf-jobs.schema.json")).unwrap();
    schema["$ref"] = json!(format!("#/$defs/{name}"));
    jsonschema::validator_for(&schema).unwrap()
}

static JOB: LazyLock<Validator> = LazyLock::new(|| validator("job"));
static SCHEDULED_JOB: LazyLock<Validator> = LazyLock::new(|| validator("scheduled-job"));
static ERROR: LazyLock<Validator> = LazyLock::new(|| validator("error"));

fn violations(validator: &Validator, value: &Value) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|wrong| format!("{}: {wrong}", wrong.instance_path()))
        .collect()
}

/// What is wrong with one object of an answer.
pub(crate) fn wrong_with(value: &Value) -> Vec<String> {
    match value["type"].as_str() {
        Some("job") => violations(&JOB, value),
        Some("scheduled-job") => violations(&SCHEDULED_JOB, value),
        _ => Vec::new(),
    }
}

/// Panics at an answer that HF could not have given.
pub(crate) fn check(answer: &Answer) {
    // A fault's own answer is nobody's promise.
    let wrong = if answer.headers.contains_key("x-error-message") {
        violations(&ERROR, &answer.body)
    } else if let Some(items) = answer.body.as_array() {
        items.iter().flat_map(wrong_with).collect()
    } else {
        wrong_with(&answer.body)
    };
    assert!(wrong.is_empty(), "{wrong:#?}\n{:#}", answer.body);
}
