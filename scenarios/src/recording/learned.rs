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

/// Whether GitHub can take a body for true: it is told of a job, of its run and of its repository, each key of the kind that
/// GitHub sends.
pub(crate) fn learnable(body: &str) -> bool {
    let payload = form::payload_in(body);
    let payload = payload.as_deref().unwrap_or(body);
    told(payload).is_some()
        && serde_json::from_str(payload).is_ok_and(|payload| oddly_kinded(&payload).is_none())
}

/// The first key of a job's payload that is missing or of a kind that GitHub never sends.
pub(crate) fn oddly_kinded(payload: &Value) -> Option<&'static str> {
    /// The path of a key, whether it is needed, and what fits there.
    type Kind = (&'static str, bool, fn(&Value) -> bool);
    const KINDS: &[Kind] = &[
        ("action", true, Value::is_string),
        ("workflow_job.id", true, Value::is_u64),
        ("workflow_job.run_id", true, Value::is_u64),
        ("workflow_job.run_attempt", false, |it| {
            it.as_u64().is_some_and(|it| u32::try_from(it).is_ok())
        }),
        ("workflow_job.name", false, Value::is_string),
        ("workflow_job.labels", false, |it| {
            it.as_array()
                .is_some_and(|labels| labels.iter().all(Value::is_string))
        }),
        ("workflow_job.runner_name", false, Value::is_string),
        ("repository.full_name", true, Value::is_string),
        ("repository.id", false, Value::is_u64),
        ("repository.private", false, Value::is_boolean),
        ("installation", false, Value::is_object),
        ("installation.id", false, Value::is_u64),
    ];
    let fits = |(path, is_needed, fits): &Kind| {
        let found = payload.pointer(&format!("/{}", path.replace('.', "/")));
        match found.filter(|value| !value.is_null()) {
            Some(value) => fits(value),
            None => !is_needed,
        }
    };
    let odd = KINDS.iter().find(|kind| !fits(kind));
    odd.map(|(path, ..)| *path)
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
