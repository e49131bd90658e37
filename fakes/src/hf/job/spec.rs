//! What a job consists of, and what `POST /api/jobs/{namespace}` accepts of it.
//!
//! The rules are those of HF's OpenAPI description (<https://huggingface.co/.well-known/openapi.json>).

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    fields::{Checked, Fields, integer, json},
    flavors,
    invalid::Issue,
    labels::{
        is_environment_name, is_label_key, is_label_value, is_network_name, is_resource_group_id,
        is_secret_name,
    },
};
use crate::{json_tree::Json, runner::Container};

/// 2^53 - 1.
const INTEGER_MAX: u64 = 9_007_199_254_740_991;
/// At most so many ports are exposed.
const PORTS_MAX: usize = 20;
/// Longest names in a network: `huggingface_hub`, `hf_api.py`.
const NETWORK_GROUP_MAX: usize = 46;
const NETWORK_ALIAS_MAX: usize = 34;

/// What a job's container is made of.
#[derive(Clone)]
pub(in crate::hf) enum Image {
    /// An image of a registry.
    Docker(String),
    /// The image of a Space.
    Space(String),
}

/// A repository or a bucket in a job's file system.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::hf) struct Volume {
    #[serde(rename = "type")]
    kind: &'static str,
    source: String,
    mount_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// The ports of a job that can be reached from outside.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::hf) struct Expose {
    pub(in crate::hf) ports: Vec<u16>,
    /// Those of them that need no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    ports_public: Option<Vec<u16>>,
}

/// A valid job.
#[derive(Clone)]
pub(in crate::hf) struct JobSpec {
    pub(in crate::hf) flavor: &'static flavors::Flavor,
    pub(in crate::hf) image: Image,
    pub(in crate::hf) command: Option<Vec<String>>,
    pub(in crate::hf) arguments: Option<Vec<String>>,
    pub(in crate::hf) container: Container,
    pub(in crate::hf) arch: Option<&'static str>,
    pub(in crate::hf) timeout_seconds: Option<u64>,
    pub(in crate::hf) attempts: u64,
    pub(in crate::hf) labels: BTreeMap<String, String>,
    pub(in crate::hf) volumes: Option<Vec<Volume>>,
    pub(in crate::hf) expose: Option<Expose>,
    pub(in crate::hf) ssh: bool,
    pub(in crate::hf) resource_group_id: Option<String>,
}

impl JobSpec {
    /// Reads and checks the body of a job that is to run once.
    pub(in crate::hf) fn parse(body: &[u8]) -> Checked<Self> {
        let body = json(body)?;
        let fields = Fields::of_body(&body)?;
        let ssh = match fields.fields("ssh")? {
            None => false,
            Some(ssh) => ssh.required("enabled", ssh.flag("enabled")?)?,
        };
        if let Some(network) = fields.fields("network")? {
            check_network(&network)?;
        }
        let spec = Self::read(&fields)?;
        Ok(Self { ssh, ..spec })
    }

    /// Reads and checks the job of a schedule, which has no network and no ssh
    /// (<https://huggingface.co/docs/hub/jobs-configuration>).
    pub(in crate::hf) fn of_schedule(fields: &Fields<'_>) -> Checked<Self> {
        for name in ["network", "ssh"] {
            if fields.has(name) {
                return Err(fields.wrong(name, Issue::NotInSchedules));
            }
        }
        Self::read(fields)
    }

    fn read(fields: &Fields<'_>) -> Checked<Self> {
        let name = fields.required("flavor", fields.text("flavor")?)?;
        let flavor = flavors::find(name)
            .ok_or_else(|| fields.wrong("flavor", Issue::NoOption("a flavor".to_owned())))?;
        let (command, arguments) = (command(fields)?, fields.texts("arguments")?);
        let words = command.iter().flatten().chain(arguments.iter().flatten());
        let container = Container::new(
            words.cloned().collect(),
            fields
                .map("environment", is_environment_name, |_| true)?
                .unwrap_or_default(),
            fields
                .map("secrets", is_secret_name, |_| true)?
                .unwrap_or_default(),
        );
        let attempts = positive(fields, "attempts")?.unwrap_or(1);
        Ok(Self {
            flavor,
            image: image(fields)?,
            command,
            arguments,
            container,
            arch: fields.word("arch", &["amd64", "arm64"])?,
            timeout_seconds: match fields.get("timeoutSeconds") {
                Some(Json::Null) => None,
                _ => positive(fields, "timeoutSeconds")?,
            },
            attempts,
            labels: labels(fields)?.unwrap_or_default(),
            volumes: volumes(fields)?,
            expose: fields
                .fields("expose")?
                .map(|expose| Expose::read(&expose))
                .transpose()?,
            ssh: false,
            resource_group_id: resource_group_id(fields)?,
        })
    }
}

impl Expose {
    /// Reads and checks the ports.
    pub(in crate::hf) fn read(fields: &Fields<'_>) -> Checked<Self> {
        let ports = fields.required("ports", ports(fields, "ports")?)?;
        if ports.len() > PORTS_MAX {
            return Err(fields.wrong("ports", Issue::TooBig(format!("{PORTS_MAX} items"))));
        }
        let ports_public = self::ports(fields, "portsPublic")?;
        if ports_public
            .iter()
            .flatten()
            .any(|port| !ports.contains(port))
        {
            return Err(fields.wrong("portsPublic", Issue::NotExposed));
        }
        Ok(Self {
            ports,
            ports_public,
        })
    }
}

/// The labels of a body or a job.
pub(in crate::hf) fn labels(fields: &Fields<'_>) -> Checked<Option<BTreeMap<String, String>>> {
    fields.map("labels", is_label_key, is_label_value)
}

/// A number from 1 up to the largest that JSON readers tell apart from its neighbours.
fn positive(fields: &Fields<'_>, name: &str) -> Checked<Option<u64>> {
    let Some(number) = fields.integer(name)? else {
        return Ok(None);
    };
    match u64::try_from(number) {
        Ok(number @ 1..=INTEGER_MAX) => Ok(Some(number)),
        Ok(0) | Err(_) => Err(fields.wrong(name, Issue::TooSmall("at least 1"))),
        Ok(_) => Err(fields.wrong(name, Issue::TooBig(INTEGER_MAX.to_string()))),
    }
}

/// Exactly one of the two; what HF says to both or none is not documented.
fn image(fields: &Fields<'_>) -> Checked<Image> {
    match (fields.text("dockerImage")?, fields.text("spaceId")?) {
        // Another name that no registry can have is found out where the image is pulled.
        (Some(""), None) => {
            Err(fields.wrong("dockerImage", Issue::TooSmall("at least 1 character")))
        }
        (Some(image), None) => Ok(Image::Docker(image.to_owned())),
        (None, Some(space)) => Ok(Image::Space(space.to_owned())),
        _ => Err(fields.wrong("dockerImage", Issue::OneImage)),
    }
}

fn command(fields: &Fields<'_>) -> Checked<Option<Vec<String>>> {
    let command = fields.texts("command")?;
    if let Some(command) = &command {
        if command.is_empty() {
            return Err(fields.wrong("command", Issue::TooSmall("at least 1 item")));
        }
        if command.iter().any(String::is_empty) {
            return Err(fields.wrong("command", Issue::TooSmall("items of 1 character")));
        }
    }
    Ok(command)
}

fn volumes(fields: &Fields<'_>) -> Checked<Option<Vec<Volume>>> {
    let Some(list) = fields.list("volumes")? else {
        return Ok(None);
    };
    if list.is_empty() {
        return Err(fields.wrong("volumes", Issue::TooSmall("at least 1 item")));
    }
    let volumes = list.iter().enumerate().map(|(index, value)| {
        let fields = Fields::of(fields.place(&format!("volumes.{index}")), value)?;
        volume(&fields)
    });
    volumes.collect::<Checked<_>>().map(Some)
}

fn volume(fields: &Fields<'_>) -> Checked<Volume> {
    let kinds = ["bucket", "model", "dataset", "space"];
    let mount_path = fields.required("mountPath", fields.text("mountPath")?)?;
    if !mount_path.starts_with('/') {
        return Err(fields.wrong("mountPath", Issue::NotAbsolute));
    }
    Ok(Volume {
        kind: fields.required("type", fields.word("type", &kinds)?)?,
        source: fields
            .required("source", fields.text("source")?)?
            .to_owned(),
        mount_path: mount_path.to_owned(),
        revision: fields.text("revision")?.map(str::to_owned),
        read_only: fields.flag("readOnly")?,
        path: fields.text("path")?.map(str::to_owned),
    })
}

fn ports(fields: &Fields<'_>, name: &str) -> Checked<Option<Vec<u16>>> {
    let Some(list) = fields.list(name)? else {
        return Ok(None);
    };
    let port = |value| integer(value).and_then(|port| u16::try_from(port).ok());
    let ports = list
        .iter()
        .map(|value| port(value).filter(|port| *port > 0));
    ports
        .collect::<Option<Vec<u16>>>()
        .map(Some)
        .ok_or_else(|| fields.wrong(name, Issue::Expected("integers from 1 to 65535")))
}

fn resource_group_id(fields: &Fields<'_>) -> Checked<Option<String>> {
    match fields.text("resourceGroupId")? {
        Some(id) if !is_resource_group_id(id) => {
            Err(fields.wrong("resourceGroupId", Issue::NoObjectId))
        }
        id => Ok(id.map(str::to_owned)),
    }
}

/// The network of a job: not in HF's description of August 2026; the rules are those that the Python client
/// applies before it sends (`huggingface_hub` 2.4.0, `hf_api.py`).
fn check_network(fields: &Fields<'_>) -> Checked<()> {
    let group = fields.required("group", fields.text("group")?)?;
    if !is_network_name(group, NETWORK_GROUP_MAX) {
        return Err(fields.wrong("group", Issue::NoSuchString));
    }
    let aliases = fields.texts("aliases")?.unwrap_or_default();
    if aliases
        .iter()
        .any(|alias| !is_network_name(alias, NETWORK_ALIAS_MAX))
    {
        return Err(fields.wrong("aliases", Issue::NoSuchString));
    }
    Ok(())
}
