//! What `POST /api/jobs/{namespace}` accepts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    flavors,
    labels::{is_environment_name, is_label_key, is_label_value, is_secret_name},
};
use crate::runner::Container;

/// The fields of a job as the client sends them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    flavor: Option<String>,
    docker_image: Option<String>,
    space_id: Option<String>,
    command: Option<Vec<String>>,
    #[serde(default)]
    arguments: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    arch: Option<String>,
    timeout_seconds: Option<i64>,
    attempts: Option<i64>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// A valid job.
pub(super) struct JobSpec {
    pub(super) flavor: &'static flavors::Flavor,
    pub(super) docker_image: Option<String>,
    pub(super) space_id: Option<String>,
    pub(super) command: Vec<String>,
    pub(super) arguments: Vec<String>,
    pub(super) container: Container,
    pub(super) arch: Option<String>,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) attempts: u32,
    pub(super) labels: BTreeMap<String, String>,
}

impl JobSpec {
    /// Parses and checks a body. The error is what HF's `error` field says; its exact words are not documented.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let wanted: Wanted =
            serde_json::from_slice(body).map_err(|wrong| format!("Invalid body: {wrong}"))?;
        let name = wanted.flavor.as_deref().ok_or("flavor: Required")?;
        let flavor =
            flavors::find(name).ok_or_else(|| format!("flavor: Invalid option: {name}"))?;
        if wanted.docker_image.is_some() == wanted.space_id.is_some() {
            return Err("exactly one of dockerImage and spaceId must be given".to_owned());
        }
        wanted.check_texts()?;
        let timeout_seconds = match wanted.timeout_seconds {
            None => None,
            Some(seconds) => {
                Some(positive(seconds).ok_or("timeoutSeconds: must be greater than 0")?)
            }
        };
        let attempts =
            positive(wanted.attempts.unwrap_or(1)).ok_or("attempts: must be at least 1")?;
        let command = wanted.command.unwrap_or_default();
        let words = command.iter().chain(&wanted.arguments).cloned().collect();
        Ok(Self {
            flavor,
            docker_image: wanted.docker_image,
            space_id: wanted.space_id,
            command,
            arguments: wanted.arguments,
            container: Container {
                words,
                environment: wanted.environment,
                secrets: wanted.secrets,
            },
            arch: wanted.arch,
            timeout_seconds,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            labels: wanted.labels,
        })
    }
}

fn positive(number: i64) -> Option<u64> {
    u64::try_from(number).ok().filter(|number| *number > 0)
}

impl Wanted {
    fn check_texts(&self) -> Result<(), String> {
        if let Some(command) = &self.command {
            if command.is_empty() {
                return Err("command: must have at least 1 item".to_owned());
            }
            if command.iter().any(String::is_empty) {
                return Err("command: items must have at least 1 character".to_owned());
            }
        }
        if let Some(name) = self
            .environment
            .keys()
            .find(|name| !is_environment_name(name))
        {
            return Err(format!("environment: invalid key {name:?}"));
        }
        if let Some(name) = self.secrets.keys().find(|name| !is_secret_name(name)) {
            return Err(format!("secrets: invalid key {name:?}"));
        }
        for (key, value) in &self.labels {
            if !is_label_key(key) || !is_label_value(value) {
                return Err(format!("labels: invalid label {key:?}: {value:?}"));
            }
        }
        if self
            .arch
            .as_deref()
            .is_some_and(|arch| arch != "amd64" && arch != "arm64")
        {
            return Err("arch: must be amd64 or arm64".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse_with(change: impl FnOnce(&mut Value)) -> Result<JobSpec, String> {
        let mut body = json!({
            "flavor": "cpu-basic", "dockerImage": "ubuntu:24.04", "command": ["./run.sh"],
            "environment": {"RUNNER_NAME": "r"}, "secrets": {"T": "s"}, "labels": {"a.b": ""},
        });
        change(&mut body);
        JobSpec::parse(body.to_string().as_bytes())
    }

    #[test]
    fn accepts_a_plain_job_and_fills_in_defaults() {
        let spec = parse_with(|_| {}).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((spec.attempts, spec.timeout_seconds), (1, None));
    }

    #[test]
    fn refuses_what_the_specification_forbids() {
        type Change = fn(&mut Value);
        let cases: [(&str, Change); 18] = [
            ("flavor: Required", |body| body["flavor"] = Value::Null),
            ("flavor: Invalid", |body| body["flavor"] = json!("h100")),
            ("exactly one", |body| body["dockerImage"] = Value::Null),
            ("exactly one", |body| body["spaceId"] = json!("a/b")),
            ("command", |body| body["command"] = json!([])),
            ("command", |body| body["command"] = json!(["echo", ""])),
            ("Invalid body", |body| body["command"] = json!("echo")),
            ("environment", |body| {
                body["environment"] = json!({"X": "one character"});
            }),
            ("environment", |body| {
                body["environment"] = json!({"_X": "underscore"});
            }),
            ("Invalid body", |body| {
                body["environment"] = json!({"XY": 1});
            }),
            ("secrets", |body| body["secrets"] = json!({"1X": "digit"})),
            ("labels", |body| body["labels"] = json!({"k": "octo/app"})),
            ("labels", |body| body["labels"] = json!({"": "v"})),
            ("labels", |body| {
                body["labels"] = json!({"k": "v".repeat(101)});
            }),
            ("timeoutSeconds", |body| body["timeoutSeconds"] = json!(0)),
            ("Invalid body", |body| body["timeoutSeconds"] = json!(1.5)),
            ("attempts", |body| body["attempts"] = json!(0)),
            ("arch", |body| body["arch"] = json!("riscv")),
        ];
        for (why, change) in cases {
            let refusal = parse_with(change)
                .err()
                .unwrap_or_else(|| panic!("accepted: {why}"));
            assert!(refusal.starts_with(why), "{why}: {refusal}");
        }
    }

    #[test]
    fn a_refusal_never_quotes_a_secret() {
        let refusal = parse_with(|body| body["secrets"] = json!({"1X": "hunter2"}))
            .err()
            .unwrap();
        assert!(!refusal.contains("hunter2"));
    }
}
