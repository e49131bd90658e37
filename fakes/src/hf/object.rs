//! The JSON of an HF job. Secrets appear by name only.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{HfJobs, state::HfJob};
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
    owner: Account<'a>,
    initiator: Account<'a>,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusObject<'a> {
    stage: Stage,
    message: Option<&'a str>,
    failure_count: u32,
}

#[derive(Serialize)]
struct Person {
    id: String,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account<'a> {
    id: String,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    avatar_url: String,
}

impl HfJobs {
    pub(super) fn object<'a>(&'a self, job: &'a HfJob) -> JobObject<'a> {
        let spec = &job.spec;
        let user = self.user_name();
        JobObject {
            id: &job.id.0,
            created_at: milliseconds(job.created_at),
            started_at: job.started_at.map(milliseconds),
            finished_at: job.finished_at.map(milliseconds),
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
                stage: job.stage,
                message: job.message.as_deref(),
                failure_count: job.failures,
            },
            created_by: self.person(user),
            owner: self.account(&job.namespace),
            initiator: self.account(user),
            kind: "job",
        }
    }

    fn person(&self, name: &str) -> Person {
        Person {
            id: self.account_id(name),
            name: name.to_owned(),
        }
    }

    fn account<'a>(&self, name: &'a str) -> Account<'a> {
        Account {
            id: self.account_id(name),
            name,
            kind: if name == self.user_name() {
                "user"
            } else {
                "org"
            },
            avatar_url: format!("{}/avatars/{name}.svg", self.settings().base_url),
        }
    }

    /// The user the token belongs to.
    pub(super) fn user_name(&self) -> &str {
        self.settings()
            .namespaces
            .first()
            .map_or("", String::as_str)
    }

    /// 24 hexadecimal digits per account.
    pub(super) fn account_id(&self, name: &str) -> String {
        drawn(self.env(), name, "hf-account-id", HEX, 24)
    }
}
