//! The JSON of an HF job, and of the accounts around it.
//!
//! Most of it stays as it was when the job was created, its whole command among it, and lists repeat it again and again:
//! that part is written once and kept as text.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    drawn_text::{HEX, drawn},
    hf::{
        handle::HfJobs,
        job::{origin::Initiator, written::Written},
        state::{HfJob, Status},
    },
    history::Stage,
    json_text::{json, milliseconds, push_all},
};

/// Room for a job whose command is a script.
pub(in crate::hf) const BYTES: usize = 4096;

/// What comes first, and changes as the job goes on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Durations::is_empty")]
    durations: Durations,
}

/// What comes last: who made it, and for whom.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tail<'a> {
    created_by: Person<'a>,
    owner: AccountObject<'a>,
    initiator: InitiatorObject<'a>,
}

/// In whole seconds. A part is there once it is over.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Durations {
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduling_secs: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    running_secs: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_secs: Option<i64>,
}

impl Durations {
    fn between(
        created: Timestamp,
        started: Option<Timestamp>,
        finished: Option<Timestamp>,
    ) -> Self {
        let secs = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs();
        Self {
            scheduling_secs: started.or(finished).map(|end| secs(created, end)),
            running_secs: started.zip(finished).map(|(start, end)| secs(start, end)),
            total_secs: finished.map(|end| secs(created, end)),
        }
    }

    const fn is_empty(&self) -> bool {
        self.scheduling_secs.is_none()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusObject<'a> {
    stage: Stage,
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<&'a str>,
    failure_count: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expose_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssh_url: Option<String>,
}

#[derive(Serialize)]
pub(in crate::hf) struct Person<'a> {
    id: String,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::hf) struct AccountObject<'a> {
    id: String,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    avatar_url: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum InitiatorObject<'a> {
    Account(AccountObject<'a>),
    Other {
        #[serde(rename = "type")]
        kind: &'a str,
        id: &'a str,
    },
}

impl HfJobs {
    /// The job as JSON.
    pub(in crate::hf) fn object(&self, job: &HfJob) -> String {
        self.object_with(job, &job.status)
    }

    /// The job as it looked when it had this status.
    pub(in crate::hf) fn object_with(&self, job: &HfJob, status: &Status) -> String {
        let mut text = String::with_capacity(BYTES);
        self.push_object(&mut text, job, status);
        text
    }

    /// Appends the job as it looked when it had this status.
    pub(in crate::hf) fn push_object(&self, out: &mut String, job: &HfJob, status: &Status) {
        let (spec, id) = (&job.spec, &job.id.0);
        let written = job.written.get_or_init(|| self.written(job));
        let ports = spec.expose.iter().flat_map(|expose| &expose.ports);
        let head = Head {
            id,
            kind: "job",
            created_at: milliseconds(job.created_at),
            started_at: status.started_at.map(milliseconds),
            finished_at: status.finished_at.map(milliseconds),
            durations: Durations::between(job.created_at, status.started_at, status.finished_at),
        };
        let status = StatusObject {
            stage: status.stage,
            message: status.message.as_deref(),
            cancel_reason: status.cancel_reason.as_deref(),
            failure_count: status.failures,
            expose_urls: ports
                .map(|port| format!("https://{id}--{port}.hf.jobs"))
                .collect(),
            ssh_url: spec.ssh.then(|| format!("ssh://{id}@ssh.hf.jobs")),
        };
        let (head, status) = (members(&head, 256), json(&status, 128));
        let (spec, tail) = (&written.spec, &written.tail);
        let parts = [
            "{",
            &head,
            ",",
            spec,
            ",\"status\":",
            &status,
            ",",
            tail,
            "}",
        ];
        push_all(out, &parts);
    }

    fn written(&self, job: &HfJob) -> Written {
        let created_by = job.origin.created_by.as_str();
        let tail = Tail {
            created_by: self.person(created_by),
            owner: self.account(&job.namespace),
            initiator: match &job.origin.initiator {
                Initiator::User => InitiatorObject::Account(self.account(created_by)),
                Initiator::DuplicatedJob(id) => InitiatorObject::Other {
                    kind: "duplicated-job",
                    id: &id.0,
                },
                Initiator::ScheduledJob(id) => InitiatorObject::Other {
                    kind: "scheduled-job",
                    id: &id.0,
                },
            },
        };
        Written {
            spec: members(&self.spec_object(&job.spec), BYTES),
            tail: members(&tail, 512),
        }
    }

    pub(in crate::hf) fn person<'a>(&self, name: &'a str) -> Person<'a> {
        Person {
            id: self.account_id(name),
            name,
        }
    }

    pub(in crate::hf) fn account<'a>(&self, name: &'a str) -> AccountObject<'a> {
        AccountObject {
            id: self.account_id(name),
            name,
            kind: if self.inner.accounts.is_user(name) {
                "user"
            } else {
                "org"
            },
            avatar_url: self.avatar_url(name),
        }
    }

    pub(in crate::hf) fn avatar_url(&self, name: &str) -> String {
        format!("{}/avatars/{name}.svg", self.settings().base_url)
    }

    /// 24 hexadecimal digits per account.
    pub(in crate::hf) fn account_id(&self, name: &str) -> String {
        drawn(self.env(), name, "hf-account-id", HEX, 24)
    }
}

/// An object that is not empty, without its brackets.
fn members(object: &impl Serialize, bytes: usize) -> String {
    let mut text = json(object, bytes);
    text.pop();
    text.remove(0);
    text
}
