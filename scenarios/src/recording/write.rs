//! From an import to a recording file and the scenario that plays it.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use super::{Failed, Import, known_before};
use vocabulary::duration_text;

/// A scenario and its recording, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedScenario {
    /// The scenario (YAML).
    pub scenario: String,
    /// The recording (JSON Lines).
    pub recording: String,
}

impl ImportedScenario {
    /// The same, played to a dispatcher that has no means but webhooks: whatever it looks for, GitHub lists nothing. What was
    /// stuck for a dispatcher that only listens is stuck again, whatever else the one under test could do.
    #[must_use]
    pub fn only_webhooks(mut self) -> Self {
        self.scenario.push_str(
            "\n\
             faults:\n\
             \x20 # No means but webhooks: of what the dispatcher looks for, GitHub lists nothing.\n\
             \x20 - { to: [github.list-runs, github.list-deliveries], omit: all, may_miss: true }\n",
        );
        self
    }
}

#[derive(Serialize)]
struct Line<'a> {
    offset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<&'a Failed>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    redelivery: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<String>,
    headers: BTreeMap<&'a str, &'a str>,
    payload: Box<RawValue>,
}

impl Import {
    /// The scenario that sends these deliveries again, and the recording it plays. `recording_path` is where the
    /// recording will lie, counted from the scenario's folder.
    #[must_use]
    pub fn to_scenario(&self, title: &str, recording_path: &str) -> ImportedScenario {
        // A JSON string is a YAML string, whatever the text.
        let (title, path) = (Value::from(title), Value::from(recording_path));
        let scenario = format!(
            "title: {title}\n\
             \n\
             timeline:\n\
             \x20 - at: 0s\n\
             \x20   deliver: {{ recorded: {path} }}\n"
        );
        ImportedScenario {
            scenario,
            recording: self.to_recording(),
        }
    }

    /// The deliveries as a recording file.
    #[must_use]
    pub fn to_recording(&self) -> String {
        let mut text = String::new();
        let before = known_before(&self.deliveries);
        for (delivery, before) in self.deliveries.iter().zip(before) {
            let mut headers: BTreeMap<&str, &str> = delivery
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            headers.insert("x-github-event", &delivery.event);
            if let Some(guid) = &delivery.guid {
                headers.insert("x-github-delivery", guid);
            }
            let line = Line {
                offset: duration_text(delivery.offset),
                failed: delivery.failed.as_ref(),
                redelivery: delivery.redelivery,
                late: (before > Duration::ZERO).then(|| duration_text(before)),
                headers,
                payload: payload(&delivery.payload),
            };
            text.push_str(
                &serde_json::to_string(&line).expect("a delivery holds only what JSON can write"),
            );
            text.push('\n');
        }
        text
    }
}

/// The payload as it is, or as a JSON string if it would break the line.
fn payload(text: &str) -> Box<RawValue> {
    let whole = !text.contains(['\n', '\r']) && text == text.trim();
    let raw = Some(text)
        .filter(|_| whole)
        .and_then(|text| RawValue::from_string(text.to_owned()).ok());
    raw.unwrap_or_else(|| to_raw_value(text).expect("any text is a JSON string"))
}
