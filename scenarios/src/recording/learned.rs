//! What a world learns from recorded payloads: which jobs there are, and how they are called.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::form;

/// What a `workflow_job` payload tells of its job.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    pub(crate) action: String,
    workflow_job: Job,
}

#[derive(Debug, Deserialize)]
struct Job {
    id: u64,
    #[serde(default)]
    name: Option<String>,
}

impl Told {
    pub(crate) const fn job(&self) -> u64 {
        self.workflow_job.id
    }
}

/// The payload in a body, whatever it is about.
pub(crate) fn body_json(body: &str) -> Option<Value> {
    match form::payload_in(body) {
        Some(payload) => serde_json::from_str(&payload).ok(),
        None => serde_json::from_str(body).ok(),
    }
}

/// Reads a body, which is a payload or a form around one; anything but a job's event tells nothing.
pub(crate) fn told(body: &str) -> Option<Told> {
    match form::payload_in(body) {
        Some(payload) => serde_json::from_str(&payload).ok(),
        None => serde_json::from_str(body).ok(),
    }
}

/// Whether GitHub can take a body for true: it is told of a job, of its run and of its repository.
pub(crate) fn learnable(body: &str) -> bool {
    let payload = form::payload_in(body);
    let payload = payload.as_deref().unwrap_or(body);
    let known = |value: &Value| {
        value
            .pointer("/workflow_job/run_id")
            .and_then(Value::as_u64)
            .is_some()
            && value
                .pointer("/repository/full_name")
                .and_then(Value::as_str)
                .is_some()
    };
    told(payload).is_some() && serde_json::from_str(payload).is_ok_and(|value| known(&value))
}

/// Names learned jobs as the fake GitHub does: by their own name, and with their id where that is taken.
#[derive(Debug, Default)]
pub(crate) struct LearnedNames(BTreeMap<String, u64>);

impl LearnedNames {
    /// The name of the job that a payload is about.
    pub(crate) fn learn(&mut self, payload: &str) -> Option<String> {
        let told = told(payload)?;
        let (id, name) = (told.workflow_job.id, told.workflow_job.name?);
        let first = *self.0.entry(name.clone()).or_insert(id);
        Some(if first == id {
            name
        } else {
            format!("{name} #{id}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_job_of_one_name_is_told_by_its_id() {
        let payload = |id: u64| {
            format!(r#"{{"action":"queued","workflow_job":{{"id":{id},"name":"build"}}}}"#)
        };
        let mut names = LearnedNames::default();
        assert_eq!(names.learn(&payload(1)).as_deref(), Some("build"));
        assert_eq!(names.learn(&payload(2)).as_deref(), Some("build #2"));
        assert_eq!(names.learn(&payload(1)).as_deref(), Some("build"));
        assert_eq!(names.learn("{}"), None);
    }
}
