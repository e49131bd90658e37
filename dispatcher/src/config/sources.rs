//! Where values come from: arguments before the environment before a file before the default.

use std::{collections::BTreeMap, fmt};

use super::{Config, ConfigErrors};

/// A value as it was written, and where.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere.
    Default,
    /// In an argument of the program.
    Argument,
    /// In the environment.
    Environment,
    /// In a file, at a line.
    File(String, usize),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Argument => f.write_str("argument"),
            Self::Environment => f.write_str("environment"),
            Self::File(path, line) => write!(f, "{path}:{line}"),
        }
    }
}

/// One variable, as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its value, for people; never a secret's.
    pub shown: String,
    /// Where it was written.
    pub origin: Origin,
}

/// A configuration with the origin of each value, even if they make no sense together.
#[derive(Debug)]
pub struct Reading {
    /// Every variable there is, in the order of `--help`.
    pub entries: Vec<Entry>,
    /// What came of them.
    pub config: Result<Config, ConfigErrors>,
}

/// All that is known by name, the most specific first.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Layer>);

#[derive(Clone, Debug)]
struct Layer(BTreeMap<String, (String, Origin)>);

impl Sources {
    /// Only an environment.
    #[must_use]
    pub fn environment(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::default().then(
            vars.into_iter()
                .map(|(name, text)| (name, text, Origin::Environment)),
        )
    }

    /// Only what stands in arguments of the program.
    #[must_use]
    pub fn arguments(vars: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let vars = vars.into_iter();
        Self::default().then(vars.map(|(name, text)| (name.to_owned(), text, Origin::Argument)))
    }

    /// These, and behind them others, for what these leave open.
    #[must_use]
    pub fn before(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    pub(super) fn then(mut self, vars: impl Iterator<Item = (String, String, Origin)>) -> Self {
        let layer = vars.map(|(name, text, origin)| (name, (text, origin)));
        self.0.push(Layer(layer.collect()));
        self
    }

    /// The first that has a value; an empty one is none.
    pub(super) fn find(&self, name: &str) -> Option<Found> {
        let found = self.0.iter().filter_map(|layer| layer.0.get(name));
        found
            .filter(|(text, _)| !text.trim().is_empty())
            .map(|(text, origin)| Found {
                text: text.clone(),
                origin: origin.clone(),
            })
            .next()
    }

    /// The keys of every `RUNNER_IMAGE_<KEY>`.
    pub(super) fn image_keys(&self) -> Vec<String> {
        let names = self.0.iter().flat_map(|layer| layer.0.keys());
        names
            .filter_map(|name| name.strip_prefix("RUNNER_IMAGE_"))
            .map(str::to_owned)
            .collect()
    }
}
