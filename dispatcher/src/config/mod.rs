//! Configuration: from environment variables, whose names are those of the dispatcher people run today plus a few, and from a
//! TOML file with the same names. Every value is checked here, and the origin of each is remembered ([`Reading`]).

#[cfg(feature = "program")]
mod file;
mod help;
mod sources;
mod values;
mod vars;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    time::Duration,
};

#[cfg(feature = "program")]
pub use self::file::{ConfigFile, FileError};
pub use self::{
    help::{ENVIRONMENT, deadlines, default_deadlines},
    sources::{Entry, Origin, Reading, Sources},
};
use self::{sources::Found, vars::Vars};
use crate::{
    core::{Secret, Settings},
    github::AppKey,
    labels::Labels,
    signature::Secrets,
};

/// How long a job may run, unless said otherwise.
const JOB_TIMEOUT: Duration = Duration::from_secs(3600);

/// How the program writes its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// Who may read the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusAccess {
    /// Nobody, until something is said.
    Closed,
    /// Whoever knows the token.
    Token(Secret),
    /// Everybody.
    Public,
}

/// Where the journal is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// Nowhere: it ends with the process.
    Memory,
    /// In a file, with SQLite.
    File(PathBuf),
    /// In Postgres, by its URL, which has a password.
    Postgres(Secret),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("in memory"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(_) => f.write_str("in Postgres"),
        }
    }
}

/// What only the program needs, not whoever embeds the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramSettings {
    /// `host:port`.
    pub listen: String,
    /// Where the journal is.
    pub database: Database,
    /// PEM file of certificates that Postgres' is held against, besides the public ones.
    pub database_ca: Option<PathBuf>,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What is logged: a filter.
    pub log_level: String,
}

/// Docker images for runners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// For flavors without a GPU.
    pub cpu: String,
    /// For flavors with one.
    pub gpu: String,
    /// By image key, lower case.
    pub by_key: BTreeMap<String, String>,
}

/// Everything the dispatcher is told.
#[derive(Clone)]
pub struct Config {
    /// The App's id or client id.
    pub app_id: String,
    /// The App's private key.
    pub app_key: AppKey,
    /// What webhooks are signed with.
    pub webhook_secrets: Secrets,
    /// `owner/name` in lower case; empty means every repository.
    pub allowed_repositories: BTreeSet<String>,
    /// GitHub's API, without a trailing slash.
    pub github_api_url: String,
    /// GitHub itself, where runners register.
    pub github_server_url: String,
    /// The Hub, without a trailing slash.
    pub hf_endpoint: String,
    /// The Hub token.
    pub hf_token: Secret,
    /// Who pays.
    pub hf_namespace: String,
    /// Runner images.
    pub images: Images,
    /// Which runner to install where the image has none.
    pub runner_version: String,
    /// How long a job may run, once its runner has it.
    pub job_timeout: Duration,
    /// The core's times and limits.
    pub settings: Settings,
    /// What only the program needs.
    pub program: ProgramSettings,
    /// Who may read the state.
    pub status: StatusAccess,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("app_id", &self.app_id)
            .field("github_api_url", &self.github_api_url)
            .field("hf_endpoint", &self.hf_endpoint)
            .field("hf_namespace", &self.hf_namespace)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Everything that is wrong with a configuration, at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad configuration:\n  {}", .0.join("\n  "))]
pub struct ConfigErrors(pub Vec<String>);

impl Config {
    /// Reads a whole environment; knows every `RUNNER_IMAGE_<KEY>`.
    ///
    /// # Errors
    /// Every variable that is missing or makes no sense.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        Self::from_sources(&Sources::environment(vars)).config
    }

    /// Reads variables by name. Since a look-up cannot list names, the image keys are those in `RUNNER_IMAGE_KEYS`.
    ///
    /// # Errors
    /// Every variable that is missing or makes no sense.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let keys = values::list(lookup("RUNNER_IMAGE_KEYS").as_deref().unwrap_or_default());
        let found = |name: &str| {
            lookup(name).map(|text| Found {
                text,
                origin: Origin::Environment,
            })
        };
        Self::read(&found, &keys).config
    }

    /// Reads all there is, and tells where each value came from, whether they make sense or not.
    #[must_use]
    pub fn from_sources(sources: &Sources) -> Reading {
        Self::read(&|name| sources.find(name), &sources.image_keys())
    }

    fn read(lookup: &dyn Fn(&str) -> Option<Found>, image_keys: &[String]) -> Reading {
        let mut vars = Vars::new(lookup);
        let app_id = vars.app_id();
        let app_key = vars.app_key();
        let secret = vars.required_secret("GH_WEBHOOK_SECRET");
        let previous = vars.secret("GH_WEBHOOK_SECRET_PREVIOUS");
        let hf_token = vars.required_secret("HF_TOKEN");
        let hf_namespace = vars.namespace();
        let allowed_repositories = vars.repositories("ALLOWED_GITHUB_REPOSITORIES");
        let (github_api_url, github_server_url) = vars.github_urls();
        let hf_endpoint = vars.url("HF_ENDPOINT", "https://huggingface.co");
        let images = vars.images(image_keys);
        let runner_version = vars.runner_version();
        let job_timeout = vars.duration("JOB_TIMEOUT", JOB_TIMEOUT);
        let settings = vars.settings(&images);
        let program = vars.program();
        let status = vars.status_access();
        let (wrong, entries) = vars.into_parts();
        let config = match app_key {
            Some(app_key) if wrong.is_empty() => Ok(Self {
                app_id,
                app_key,
                webhook_secrets: Secrets::new(
                    secret.expose().as_bytes(),
                    previous.as_ref().map(|secret| secret.expose().as_bytes()),
                ),
                allowed_repositories,
                github_api_url,
                github_server_url,
                hf_endpoint,
                hf_token,
                hf_namespace,
                images,
                runner_version,
                job_timeout,
                settings,
                program,
                status,
            }),
            _ => Err(ConfigErrors(wrong)),
        };
        Reading { entries, config }
    }

    /// The routing table of this configuration.
    #[must_use]
    pub fn labels(&self) -> Labels {
        Labels::new(&self.images)
    }

    /// Whether jobs of this repository may be served.
    #[must_use]
    pub fn allows(&self, repository: &str) -> bool {
        self.allowed_repositories.is_empty()
            || self
                .allowed_repositories
                .contains(&repository.to_lowercase())
    }
}

/// Whether the image brings the older dispatcher's own entry point, which only knows registration tokens.
#[must_use]
pub fn has_own_entrypoint(image: &str) -> bool {
    image.contains("jobs-actions-runner")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A throw-away key made for these tests.
    const KEY: &str = include_str!("../../tests/app-key.pem");

    fn minimal(name: &str) -> Option<String> {
        let value = match name {
            "GH_APP_ID" => "1",
            "GH_APP_PRIVATE_KEY" => return Some(KEY.replace('\n', "\\n")),
            "GH_WEBHOOK_SECRET" | "HF_TOKEN" => "secret-value",
            "SPACE_ID" => "alice/dispatcher",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn takes_the_namespace_from_the_space() {
        let config = Config::from_lookup(minimal).unwrap();
        assert_eq!(config.hf_namespace, "alice");
        assert_eq!(config.settings.idle_timeout, Duration::from_secs(300));
        assert!(config.allows("any/repo"));
    }

    #[test]
    fn names_everything_that_is_wrong_at_once() {
        let errors = Config::from_lookup(|name| (name == "JOB_TIMEOUT").then(|| "soon".to_owned()))
            .unwrap_err();
        assert_eq!(errors.0.len(), 6, "{errors}");
        assert!(errors.to_string().contains("GH_WEBHOOK_SECRET is not set"));
    }

    #[test]
    fn finds_image_keys_in_a_whole_environment() {
        let vars = [
            "GH_APP_ID",
            "GH_APP_PRIVATE_KEY",
            "GH_WEBHOOK_SECRET",
            "HF_TOKEN",
            "SPACE_ID",
        ];
        let vars = vars.map(|name| (name.to_owned(), minimal(name).unwrap()));
        let image = (
            "RUNNER_IMAGE_TORCH".to_owned(),
            "x/jobs-actions-runner".to_owned(),
        );
        let config = Config::from_vars(vars.into_iter().chain([image])).unwrap();
        assert_eq!(config.images.by_key.keys().collect::<Vec<_>>(), ["torch"]);
        assert!(
            config
                .settings
                .token_only
                .contains("hf-jobs-t4-small:torch")
        );
    }

    #[test]
    fn every_variable_is_explained_and_no_secret_is_shown() {
        let vars = Sources::environment(
            [
                "GH_APP_ID",
                "GH_APP_PRIVATE_KEY",
                "GH_WEBHOOK_SECRET",
                "HF_TOKEN",
            ]
            .map(|name| (name.to_owned(), minimal(name).unwrap())),
        );
        let reading = Config::from_sources(&vars);
        assert!(reading.entries.len() > 30);
        for Entry { name, shown, .. } in &reading.entries {
            let explained = ENVIRONMENT.split(|c: char| !c.is_ascii_uppercase() && c != '_');
            assert!(explained.clone().any(|word| word == name), "{name}");
            assert!(
                !shown.contains("secret-value") && !shown.contains("BEGIN"),
                "{name}"
            );
        }
        assert_eq!(reading.config.unwrap_err().0, ["HF_NAMESPACE is not set"]);
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable_and_what_is_allowed() {
        for (name, value, told) in [
            (
                "GH_APP_ID",
                "12 34",
                r#"GH_APP_ID is "12 34" (environment): it must be the App's number or client id"#,
            ),
            (
                "JOB_TIMEOUT",
                "soon",
                r#"JOB_TIMEOUT is "soon" (environment): it must be a time of 1s to 30d, such as 300, 90s, 15m or 1h"#,
            ),
            ("JOB_TIMEOUT", "31d", "30d"),
            ("RUNNER_IDLE_TIMEOUT", "0", "RUNNER_IDLE_TIMEOUT is \"0\""),
            ("UNSERVABLE_TRIES", "1.5", "a whole number"),
            ("MAX_JOBS_PER_REPO", "-1", "a whole number"),
            ("MAX_JOBS_PER_REPO", "many", "a whole number"),
            ("UNSERVABLE", "explode", "cancel-run or leave"),
            ("RUNNER_CREDENTIAL", "pat", "jit or registration-token"),
            ("HF_ENDPOINT", "huggingface.co", "a URL such as"),
            (
                "GITHUB_API_URL",
                "https://api.github.com?x=1",
                "without user or query",
            ),
            (
                "HF_NAMESPACE",
                "a/b",
                "the name of a user or an organisation",
            ),
            (
                "ALLOWED_GITHUB_REPOSITORIES",
                "octo/app,octo",
                r#"is "octo" (environment): it must be owner/name"#,
            ),
            ("ALLOWED_GITHUB_REPOSITORIES", ",", "it must be owner/name"),
            (
                "RUNNER_IMAGE_CPU",
                "ubuntu 24",
                "the name of a Docker image",
            ),
            ("RUNNER_VERSION", "latest", "such as 2.336.0"),
            ("PORT", "70000", "a port, 0 to 65535"),
            ("LISTEN", "localhost", "host:port"),
            ("LOG_LEVEL", "loud", "error, warn, info"),
            ("LOG_FORMAT", "xml", "text or json"),
            ("STATUS_PUBLIC", "yes", "false or true"),
        ] {
            let lookup = |wanted: &str| {
                if wanted == name {
                    Some(value.to_owned())
                } else {
                    minimal(wanted)
                }
            };
            let errors = Config::from_lookup(lookup).unwrap_err().0;
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(
                errors[0].starts_with(name) && errors[0].contains(told),
                "{errors:?}"
            );
        }
    }

    #[test]
    fn control_characters_are_refused_and_no_secret_is_repeated() {
        for name in [
            "HF_TOKEN",
            "GH_WEBHOOK_SECRET",
            "GH_WEBHOOK_SECRET_PREVIOUS",
            "STATUS_TOKEN",
            "GH_APP_ID",
            "HF_NAMESPACE",
        ] {
            for value in [
                "abc\ndef",
                "abcdef\n",
                "abc\u{1b}def",
                "abc\0def",
                "abc\u{85}def",
            ] {
                let lookup = |wanted: &str| {
                    if wanted == name {
                        Some(value.to_owned())
                    } else {
                        minimal(wanted)
                    }
                };
                let errors = Config::from_lookup(lookup).unwrap_err().0;
                assert!(
                    errors[0].starts_with(name) && errors[0].contains("control character"),
                    "{errors:?}"
                );
                assert!(
                    errors.len() == 1 && !errors[0].contains("abc"),
                    "{errors:?}"
                );
            }
        }
        let lookup = |wanted: &str| {
            if wanted == "HF_ENDPOINT" {
                Some("https://u:secret@h".to_owned())
            } else {
                minimal(wanted)
            }
        };
        let told = Config::from_lookup(lookup).unwrap_err().to_string();
        assert!(
            told.contains("HF_ENDPOINT") && !told.contains("secret"),
            "{told}"
        );
    }

    #[test]
    fn the_key_may_be_a_path_and_what_is_neither_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.pem");
        std::fs::write(&path, KEY).unwrap();
        let path = path.to_str().unwrap().to_owned();
        for name in ["GH_APP_PRIVATE_KEY", "GH_APP_PRIVATE_KEY_PATH"] {
            let lookup = |wanted: &str| match wanted {
                _ if wanted == name => Some(path.clone()),
                "GH_APP_PRIVATE_KEY" => None,
                _ => minimal(wanted),
            };
            assert!(Config::from_lookup(lookup).is_ok(), "{name}");
        }
        let with_key = |key: &str| {
            let key = key.to_owned();
            let lookup = move |wanted: &str| {
                if wanted == "GH_APP_PRIVATE_KEY" {
                    Some(key.clone())
                } else {
                    minimal(wanted)
                }
            };
            Config::from_lookup(lookup).unwrap_err().to_string()
        };
        let told = with_key("MIIEpAIBAAKCAQEA-a-key-without-its-frame");
        assert!(
            told.contains("nor the path of a file") && !told.contains("MIIE"),
            "{told}"
        );
        let told = with_key(folder.path().to_str().unwrap());
        assert!(told.contains("which cannot be read"), "{told}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let config = Config::from_lookup(minimal).unwrap();
        assert!(!format!("{config:?}").contains("secret-value"));
    }
}
