//! A job to be queued, and the limits that its run and its matrix put on it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use vocabulary::{Fixed, TextOrParts, text_or_parts};

/// A job to be queued.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewJob {
    /// The job's name in this plan.
    #[serde(rename = "as")]
    pub name: String,
    /// The repository it belongs to.
    pub repo: String,
    /// What it asks for (`runs-on`).
    pub labels: Vec<String>,
    /// The run it belongs to; jobs of one run share it.
    pub run: String,
    /// The matrix of the run that made it; a job of its own, if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<String>,
    /// How long it works once a runner has it.
    pub runs_for: Fixed,
    /// How it ends.
    pub conclusion: Conclusion,
    /// How many jobs of its matrix may work at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// Whether it waits for an approval first.
    pub needs_approval: bool,
    /// The concurrency group of its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
}

/// How a job ends when nothing interferes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// It succeeds.
    #[default]
    Success,
    /// It fails.
    Failure,
}

/// The concurrency group of a run: one run of it goes at a time in a repository, one more may wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Concurrency {
    /// Its name; letter case makes no difference.
    pub group: String,
    /// Whether a new run cancels the one that goes.
    pub cancel_in_progress: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The group's name.
    group: String,
    /// Whether a new run cancels the one that goes.
    #[serde(default)]
    cancel_in_progress: bool,
}

impl TextOrParts for Concurrency {
    type Parts = Parts;

    const FORMS: &'static str = "a group's name, or `{ group: …, cancel_in_progress: true }`";

    fn of_text<E: Error>(name: &str) -> Result<Self, E> {
        Ok(Self {
            group: name.to_owned(),
            cancel_in_progress: false,
        })
    }

    fn of_parts<E: Error>(parts: Parts) -> Result<Self, E> {
        Ok(Self {
            group: parts.group,
            cancel_in_progress: parts.cancel_in_progress,
        })
    }
}

impl<'de> Deserialize<'de> for Concurrency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_parts(deserializer)
    }
}

impl JsonSchema for Concurrency {
    fn schema_name() -> Cow<'static, str> {
        "Concurrency".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let parts = generator.subschema_for::<Parts>();
        json_schema!({
            "description": "The concurrency group of a run: its name, or with cancel_in_progress.",
            "anyOf": [{ "type": "string" }, parts],
        })
    }
}
