//! The JSON of what a job consists of, alike in jobs and in scheduled ones. Secrets appear by name only.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::hf::{
    handle::HfJobs,
    job::{
        repeated::Before,
        spec::{Expose, Image, JobSpec, Volume},
    },
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::hf) struct SpecObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    docker_image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    space_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Before>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a [String]>,
    environment: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<&'a str>,
    flavor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u64>,
    retry: u64,
    labels: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volumes: Option<&'a [Volume]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expose: Option<&'a Expose>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_group_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_group: Option<ResourceGroup<'a>>,
}

#[derive(Serialize)]
struct ResourceGroup<'a> {
    id: &'a str,
    name: &'a str,
}

impl HfJobs {
    pub(in crate::hf) fn spec_object<'a>(&'a self, spec: &'a JobSpec) -> SpecObject<'a> {
        let (docker_image, space_id) = match &spec.image {
            Image::Docker(image) => (Some(image.as_str()), None),
            Image::Space(space) => (None, Some(space.as_str())),
        };
        let resource_group_id = spec.resource_group_id.as_deref();
        let groups = &self.settings().resource_groups;
        SpecObject {
            docker_image,
            space_id,
            command: spec
                .command
                .as_deref()
                .and_then(|words| self.inner.repeated.command(words)),
            arguments: spec.arguments.as_deref(),
            environment: spec.container.environment(),
            secrets: spec
                .container
                .secrets()
                .keys()
                .map(String::as_str)
                .collect(),
            flavor: spec.flavor.name,
            arch: spec.arch,
            timeout: spec.timeout_seconds,
            retry: spec.attempts - 1,
            labels: &spec.labels,
            volumes: spec.volumes.as_deref(),
            expose: spec.expose.as_ref(),
            resource_group_id,
            resource_group: resource_group_id.and_then(|id| {
                let name = groups.get(id)?;
                Some(ResourceGroup { id, name })
            }),
        }
    }
}
