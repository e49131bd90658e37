//! The JSON of an HF job, and of the accounts around it.
//!
//! Most of it stays as it was when the job was created, its whole command among it, and lists repeat it again and again:
//! that part is written once and kept as text.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    drawn_text::{HEX, drawn},
    hf::{
        handle::HfJobs,
        job::{origin::Initiator, repeated::Ownership, written::Written},
        state::{HfJob, Status},
    },
    json_text::{json, milliseconds, push_all, push_display, push_string, push_strings},
};

/// Room for a job whose command is a script.
pub(in crate::hf) const BYTES: usize = 4096;

/// What comes last: who made it, and for whom.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tail<'a> {
    created_by: Person<'a>,
    owner: AccountObject<'a>,
    initiator: InitiatorObject<'a>,
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
        let id = &job.id.0;
        let written = job.written.get_or_init(|| self.written(job));
        out.push_str("{\"id\":");
        push_string(out, id);
        out.push_str(",\"type\":\"job\"");
        push_time(out, "createdAt", Some(job.created_at));
        push_time(out, "startedAt", status.started_at);
        push_time(out, "finishedAt", status.finished_at);
        push_durations(out, job.created_at, status);
        push_all(out, &[",", &written.spec, ",\"status\":{\"stage\":\""]);
        push_all(out, &[status.stage.as_str(), "\",\"message\":"]);
        match &status.message {
            Some(message) => push_string(out, message),
            None => out.push_str("null"),
        }
        if let Some(reason) = &status.cancel_reason {
            out.push_str(",\"cancelReason\":");
            push_string(out, reason);
        }
        push_display(out, format_args!(",\"failureCount\":{}", status.failures));
        if let Some(ports) = job.spec.expose.as_ref().map(|expose| &expose.ports)
            && !ports.is_empty()
        {
            let urls = ports.iter();
            let urls = urls.map(|port| format!("https://{id}--{port}.hf.jobs"));
            out.push_str(",\"exposeUrls\":");
            push_strings(out, &urls.collect::<Vec<_>>());
        }
        if job.spec.ssh {
            out.push_str(",\"sshUrl\":");
            push_string(out, &format!("ssh://{id}@ssh.hf.jobs"));
        }
        push_all(out, &["},", &written.tail, "}"]);
    }

    fn written(&self, job: &HfJob) -> Written {
        let write = || members(&self.tail(job), 512);
        let tail = match &job.origin.initiator {
            Initiator::User => {
                let ownership = Ownership {
                    created_by: job.origin.created_by.clone(),
                    namespace: job.namespace.clone(),
                };
                self.inner.repeated.owned(&ownership, write)
            }
            Initiator::DuplicatedJob(_) | Initiator::ScheduledJob(_) => Arc::from(write()),
        };
        Written {
            spec: members(&self.spec_object(&job.spec), BYTES),
            tail,
        }
    }

    fn tail<'a>(&self, job: &'a HfJob) -> Tail<'a> {
        let created_by = job.origin.created_by.as_str();
        Tail {
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

/// Appends a member that is a time, if it is there.
fn push_time(out: &mut String, name: &str, at: Option<Timestamp>) {
    if let Some(at) = at {
        push_all(out, &[",\"", name, "\":\"", &milliseconds(at), "\""]);
    }
}

/// Appends how long it waited and ran, in whole seconds. A part is there once it is over.
fn push_durations(out: &mut String, created: Timestamp, status: &Status) {
    let (started, finished) = (status.started_at, status.finished_at);
    let secs = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs();
    let Some(scheduled) = started.or(finished) else {
        return;
    };
    let waited = secs(created, scheduled);
    push_display(
        out,
        format_args!(",\"durations\":{{\"schedulingSecs\":{waited}"),
    );
    if let Some((started, finished)) = started.zip(finished) {
        let ran = secs(started, finished);
        push_display(out, format_args!(",\"runningSecs\":{ran}"));
    }
    if let Some(finished) = finished {
        let all = secs(created, finished);
        push_display(out, format_args!(",\"totalSecs\":{all}"));
    }
    out.push('}');
}

/// An object that is not empty, without its brackets.
fn members(object: &impl Serialize, bytes: usize) -> String {
    let mut text = json(object, bytes);
    text.pop();
    text.remove(0);
    text
}
