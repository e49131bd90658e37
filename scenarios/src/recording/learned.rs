//! What a world learns from recorded payloads: which jobs there are, and how they are called.

use std::collections::BTreeMap;

use serde::Deserialize;

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

/// Reads a payload; anything but a job's event tells nothing.
pub(crate) fn told(payload: &str) -> Option<Told> {
    serde_json::from_str(payload).ok()
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
