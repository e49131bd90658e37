//! [`Only`]: what a fault strikes only.

use std::{fmt, num::NonZeroU32};

use serde::{Serialize, Serializer};

/// What a fault strikes only; a missing part narrows nothing, and of the others each must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Only {
    /// These jobs. An empty list strikes none, and what concerns no job (an HF job, a create call) is never struck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<Vec<String>>,
    /// Deliveries with this action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What concerns this repository, `owner/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// HF jobs of this hardware flavor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flavor: Option<String>,
    /// These HF jobs, and the runners inside them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hf_job: Option<Vec<Which>>,
    /// These runners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<Vec<Which>>,
}

/// One HF job or one runner. Neither has a name before it is there, so a scenario says which one in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that came as the so manieth, from 1: of HF jobs by their creation, of runners by when GitHub had a record of them.
    Nth(NonZeroU32),
    /// An HF job with this id; a runner with this name.
    Named(String),
}

impl Which {
    /// Whether it is the one with this place in the order and this id or name.
    #[must_use]
    pub fn is(&self, nth: u32, name: &str) -> bool {
        match self {
            Self::Nth(wanted) => wanted.get() == nth,
            Self::Named(wanted) => wanted == name,
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nth(nth) => nth.fmt(f),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl Serialize for Which {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nth(nth) => nth.serialize(serializer),
            Self::Named(name) => name.serialize(serializer),
        }
    }
}

impl Only {
    /// Whether it narrows nothing.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}
