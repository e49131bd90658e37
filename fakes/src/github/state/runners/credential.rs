//! What a runner proves itself with.

use std::{
    borrow::Cow,
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;

use crate::ids::RunnerId;

/// What a runner process proves itself with.
#[derive(Clone)]
pub(crate) enum Credential {
    Registration {
        token: String,
        name: String,
        labels: Vec<String>,
        /// Whether it also gets the labels that `config.sh` adds on its own.
        default_labels: bool,
        /// `owner/name` of a repository, or an organisation.
        repo: String,
        /// The runner group it wants to be in; none is the default one.
        group: Option<String>,
        /// Whether its record goes after one job.
        ephemeral: bool,
        /// Whether it takes the place of a runner of the same name.
        replace: bool,
    },
    Jit(JitConfig),
}

impl Credential {
    /// Whether the runner takes one job only.
    pub(crate) fn is_ephemeral(&self) -> bool {
        match self {
            Self::Registration { ephemeral, .. } => *ephemeral,
            Self::Jit(_) => true,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registration { .. } => "Registration",
            Self::Jit(_) => "Jit",
        })
    }
}

/// So many configurations are remembered.
const REMEMBERED: usize = 8;

/// Configurations that were packed last, and what is in them: unpacking reads three files of JSON out of two layers of base64.
static PACKED: Mutex<VecDeque<(Box<str>, JitConfig)>> = Mutex::new(VecDeque::new());

/// What a runner unpacks from its just-in-time configuration.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct JitConfig {
    pub(crate) runner: RunnerId,
    pub(crate) name: String,
    pub(in crate::github) client_id: String,
}

impl JitConfig {
    /// Remembers what is in the one that was just packed: most are unpacked soon.
    pub(in crate::github) fn packed(self, encoded: &str) {
        debug_assert!(Self::unpack(encoded).as_ref() == Some(&self));
        let mut packed = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
        packed.push_front((encoded.into(), self));
        packed.truncate(REMEMBERED);
    }

    /// Unpacks `encoded_jit_config`.
    pub(crate) fn decode(encoded: &str) -> Option<Self> {
        let packed = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = packed.iter().find(|(known, _)| **known == *encoded);
        if let Some((_, known)) = known {
            return Some(known.clone());
        }
        drop(packed);
        Self::unpack(encoded)
    }

    fn unpack(encoded: &str) -> Option<Self> {
        let files = BASE64.decode(encoded.trim()).ok()?;
        let files: Files<'_> = serde_json::from_slice(&files).ok()?;
        let file = |encoded: &str| BASE64.decode(encoded).ok();
        let runner: RunnerFile = serde_json::from_slice(&file(&files.runner)?).ok()?;
        let credentials: CredentialsFile =
            serde_json::from_slice(&file(&files.credentials)?).ok()?;
        let id = runner.agent_id.parse().ok()?;
        let client_id = credentials.data.client_id;
        Some(Self {
            runner: RunnerId(id),
            name: runner.agent_name,
            client_id,
        })
    }
}

/// Files by name, each in base64.
#[derive(Deserialize)]
struct Files<'a> {
    #[serde(rename = ".runner", borrow)]
    runner: Cow<'a, str>,
    #[serde(rename = ".credentials", borrow)]
    credentials: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RunnerFile {
    #[serde(rename = "AgentId")]
    agent_id: String,
    #[serde(rename = "AgentName")]
    agent_name: String,
}

#[derive(Deserialize)]
struct CredentialsFile {
    #[serde(rename = "Data")]
    data: CredentialsData,
}

#[derive(Deserialize)]
struct CredentialsData {
    #[serde(rename = "ClientId")]
    client_id: String,
}
