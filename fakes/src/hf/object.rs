//! The JSON of an HF job. Secrets appear by name only.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    HfJobs,
    state::{HfJob, Status},
};
use crate::{
    drawn_text::{HEX, drawn},
    history::Stage,
    json_text::milliseconds,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobObject<'a> {
    id: &'a str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    docker_image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    space_id: Option<&'a str>,
    command: &'a [String],
    arguments: &'a [String],
    environment: &'a BTreeMap<String, String>,
    secrets: Vec<&'a str>,
    flavor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u64>,
    retry: u32,
    labels: &'a BTreeMap<String, String>,
    status: StatusObject<'a>,
    created_by: Person,
    owner: Owner<'a>,
    initiator: Person,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusObject<'a> {
    stage: Stage,
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<&'a str>,
    failure_count: u32,
}

#[derive(Serialize)]
struct Person {
    id: String,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Owner<'a> {
    id: String,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    avatar_url: String,
}

impl HfJobs {
    pub(super) fn object<'a>(&self, job: &'a HfJob) -> JobObject<'a> {
        self.object_with(job, &job.status)
    }

    /// The job as it looked when it had this status.
    pub(super) fn object_with<'a>(&self, job: &'a HfJob, status: &'a Status) -> JobObject<'a> {
        let spec = &job.spec;
        let user = self.user_name();
        JobObject {
            id: &job.id.0,
            created_at: milliseconds(job.created_at),
            started_at: status.started_at.map(milliseconds),
            finished_at: status.finished_at.map(milliseconds),
            docker_image: spec.docker_image.as_deref(),
            space_id: spec.space_id.as_deref(),
            command: &spec.command,
            arguments: &spec.arguments,
            environment: &spec.container.environment,
            secrets: spec.container.secrets.keys().map(String::as_str).collect(),
            flavor: spec.flavor.name,
            arch: spec.arch.as_deref(),
            timeout: spec.timeout_seconds,
            retry: spec.attempts - 1,
            labels: &spec.labels,
            status: StatusObject {
                stage: status.stage,
                message: status.message.as_deref(),
                cancel_reason: status.cancel_reason.as_deref(),
                failure_count: status.failures,
            },
            created_by: self.person(&user),
            owner: Owner {
                id: self.account_id(&job.namespace),
                name: &job.namespace,
                kind: if job.namespace == user { "user" } else { "org" },
                avatar_url: format!("{}/avatars/{}.svg", self.settings().base_url, job.namespace),
            },
            initiator: self.person(&user),
            kind: "job",
        }
    }

    fn person(&self, name: &str) -> Person {
        Person {
            id: self.account_id(name),
            name: name.to_owned(),
        }
    }

    /// The user the token belongs to.
    pub(super) fn user_name(&self) -> String {
        self.settings()
            .namespaces
            .first()
            .cloned()
            .unwrap_or_default()
    }

    /// 24 hexadecimal digits per account.
    pub(super) fn account_id(&self, name: &str) -> String {
        drawn(self.env(), name, "hf-account-id", HEX, 24)
    }
}
