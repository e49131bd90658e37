//! What `config.sh` is told, and what it refuses.

use super::arguments::Arguments;
use crate::github::Credential;

/// What `config.sh` is told.
#[derive(Clone)]
pub(super) struct Registration {
    pub(super) token: String,
    /// The machine's name if none is given.
    pub(super) name: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) default_labels: bool,
    /// `owner/name` of a repository, or an organisation.
    pub(super) owner: String,
    pub(super) group: Option<String>,
    pub(super) ephemeral: bool,
    pub(super) replace: bool,
}

/// Why `config.sh` refuses its arguments, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadArguments(pub(super) String);

impl Registration {
    /// Reads it out of the arguments. Nobody is there to be asked for what is missing.
    pub(super) fn read(arguments: &Arguments) -> Result<Self, BadArguments> {
        let must_have = |name: &str| {
            arguments.value(name).ok_or_else(|| {
                BadArguments(format!(
                    "Invalid configuration provided for {name}. Terminating unattended configuration."
                ))
            })
        };
        let url = must_have("url")?;
        let token = must_have("token")?;
        let owner = owner_in(url).ok_or_else(|| {
            BadArguments(format!("'{url}' should point to an org or repository."))
        })?;
        let labels = split_labels(arguments.value("labels").unwrap_or_default());
        let default_labels = !arguments.flag("no-default-labels");
        if !default_labels && labels.is_empty() {
            let why = "Disabling default labels via --no-default-labels without specifying --labels is not supported";
            return Err(BadArguments(why.to_owned()));
        }
        Ok(Self {
            token: token.to_owned(),
            name: arguments.value("name").map(str::to_owned),
            labels,
            default_labels,
            owner,
            group: arguments.value("runnergroup").map(str::to_owned),
            ephemeral: arguments.flag("ephemeral"),
            replace: arguments.flag("replace"),
        })
    }

    /// As it goes to GitHub.
    pub(super) fn credential(self, machine: &str) -> Credential {
        Credential::Registration {
            token: self.token,
            name: self.name.unwrap_or_else(|| machine.to_owned()),
            labels: self.labels,
            default_labels: self.default_labels,
            repo: self.owner,
            group: self.group,
            ephemeral: self.ephemeral,
            replace: self.replace,
        }
    }
}

pub(super) fn split_labels(text: &str) -> Vec<String> {
    let labels = text.split(',').map(str::trim);
    labels
        .filter(|label| !label.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `owner/name` or the organisation in `https://github.com/owner/name`.
fn owner_in(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [_] | [_, _] => Some(parts.join("/")),
        _ => None,
    }
}
