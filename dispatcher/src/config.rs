//! Configuration from environment variables. The names are those of the dispatcher people run today, plus a few.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use crate::{
    core::{CredentialKind, Secret, Settings, Unservable},
    github::AppKey,
    labels::Labels,
    signature::Secrets,
};

/// The environment variables, with what each is for: the text of `--help` and the list that configuration reads.
pub const ENVIRONMENT: &str = "\
Required:
  GH_APP_ID                     number (or client id) of the GitHub App
  GH_APP_PRIVATE_KEY            its private key, PEM; line breaks may be written as \\n
  GH_WEBHOOK_SECRET             secret of the App's webhook
  HF_TOKEN                      Hugging Face token that may start and manage Jobs
  HF_NAMESPACE                  user or organisation that pays (else SPACE_AUTHOR_NAME, else the owner in SPACE_ID)
Optional:
  GH_WEBHOOK_SECRET_PREVIOUS    accepted as well, while a rotation lasts
  ALLOWED_GITHUB_REPOSITORIES   owner/name,owner/name; unset means every repository of the App
  GITHUB_API_URL                default https://api.github.com
  GITHUB_SERVER_URL             default https://github.com
  HF_ENDPOINT                   default https://huggingface.co
  RUNNER_IMAGE_CPU              default ubuntu:24.04
  RUNNER_IMAGE_GPU              default nvidia/cuda:12.9.2-runtime-ubuntu24.04
  RUNNER_IMAGE_<KEY>            image of the labels hf-jobs-<flavor>:<key>
  RUNNER_VERSION                of actions/runner, for images without one; default 2.336.0
  RUNNER_CREDENTIAL             jit (default) or registration-token
  RUNNER_IDLE_TIMEOUT           default 300 (seconds, or 5m)
  JOB_TIMEOUT                   how long a job may run, once its runner has it; default 1h
  BOOT_DEADLINE                 HF job created to runner online; default 15m
  SLOW_BOOT_DEADLINE            the same after two failed boots; default 50m
  JIT_LIFETIME                  how long a just-in-time configuration is taken to live; default 5m
  MAX_JOBS_TOTAL, MAX_JOBS_PER_REPO   HF jobs alive at once; default unlimited
  UNSERVABLE                    cancel-run (default) or leave: what to do with a run nobody can serve
  UNSERVABLE_TRIES, UNSERVABLE_AFTER  failed tries (6) over at least (1h) until then
  HF_POLL_INTERVAL              between lists of our HF jobs; default 60s
  SURVEY_INTERVAL               between searches for lost webhooks; default 5m";

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
        let vars: BTreeMap<String, String> = vars.into_iter().collect();
        let keys: Vec<String> = vars
            .keys()
            .filter_map(|name| name.strip_prefix("RUNNER_IMAGE_"))
            .map(str::to_owned)
            .collect();
        Self::read(&|name| vars.get(name).cloned(), &keys)
    }

    /// Reads variables by name. Since a look-up cannot list names, the image keys are those in `RUNNER_IMAGE_KEYS`.
    ///
    /// # Errors
    /// Every variable that is missing or makes no sense.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let keys = list(lookup("RUNNER_IMAGE_KEYS").as_deref());
        Self::read(&lookup, &keys)
    }

    fn read(
        lookup: &dyn Fn(&str) -> Option<String>,
        image_keys: &[String],
    ) -> Result<Self, ConfigErrors> {
        let mut vars = Vars {
            lookup,
            wrong: Vec::new(),
        };
        let space_owner = vars
            .optional("SPACE_ID")
            .and_then(|id| id.split_once('/').map(|(owner, _)| owner.to_owned()));
        let namespace = vars
            .optional("HF_NAMESPACE")
            .or_else(|| vars.optional("SPACE_AUTHOR_NAME"))
            .or(space_owner);
        let images = vars.images(image_keys);
        let secret = vars.required("GH_WEBHOOK_SECRET");
        let previous = vars.optional("GH_WEBHOOK_SECRET_PREVIOUS");
        let allowed = list(vars.optional("ALLOWED_GITHUB_REPOSITORIES").as_deref());
        let app_key = vars.app_key();
        let app_id = vars.required("GH_APP_ID");
        let github_api_url = vars.url("GITHUB_API_URL", "https://api.github.com");
        let github_server_url = vars.url("GITHUB_SERVER_URL", "https://github.com");
        let hf_endpoint = vars.url("HF_ENDPOINT", "https://huggingface.co");
        let hf_token = Secret::new(vars.required("HF_TOKEN"));
        let hf_namespace = namespace.unwrap_or_else(|| vars.required("HF_NAMESPACE"));
        let runner_version = vars
            .optional("RUNNER_VERSION")
            .unwrap_or_else(|| "2.336.0".to_owned());
        let job_timeout = vars.duration("JOB_TIMEOUT", Duration::from_secs(3600));
        let settings = vars.settings(&images);
        match app_key {
            Some(app_key) if vars.wrong.is_empty() => Ok(Self {
                app_id,
                app_key,
                webhook_secrets: Secrets::new(
                    secret.as_bytes(),
                    previous.as_deref().map(str::as_bytes),
                ),
                allowed_repositories: allowed.iter().map(|name| name.to_lowercase()).collect(),
                github_api_url,
                github_server_url,
                hf_endpoint,
                hf_token,
                hf_namespace,
                images,
                runner_version,
                job_timeout,
                settings,
            }),
            _ => Err(ConfigErrors(vars.wrong)),
        }
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

struct Vars<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    wrong: Vec<String>,
}

impl Vars<'_> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.wrong.push(format!("{name} is not set"));
            String::new()
        })
    }

    fn app_key(&mut self) -> Option<AppKey> {
        const NAME: &str = "GH_APP_PRIVATE_KEY";
        let pem = self.optional(NAME).map(|pem| pem.replace("\\n", "\n"));
        let key = pem.map_or(Err("is not set".to_owned()), |pem| {
            AppKey::from_pem(&pem).map_err(|error| format!("is {error}"))
        });
        key.map_err(|error| self.wrong.push(format!("{NAME} {error}")))
            .ok()
    }

    fn url(&mut self, name: &str, default: &str) -> String {
        let url = self.optional(name).unwrap_or_else(|| default.to_owned());
        if !url.starts_with("http://") && !url.starts_with("https://") {
            self.wrong
                .push(format!("{name} must begin with http:// or https://"));
        }
        url.trim_end_matches('/').to_owned()
    }

    fn duration(&mut self, name: &str, default: Duration) -> Duration {
        let Some(text) = self.optional(name) else {
            return default;
        };
        duration(&text).unwrap_or_else(|| {
            self.wrong
                .push(format!("{name} must be a time such as 300, 90s, 15m or 1h"));
            default
        })
    }

    fn number<T: std::str::FromStr>(&mut self, name: &str, default: T) -> T {
        let Some(text) = self.optional(name) else {
            return default;
        };
        text.parse().unwrap_or_else(|_| {
            self.wrong.push(format!("{name} must be a whole number"));
            default
        })
    }

    fn choice<T: Copy>(&mut self, name: &str, choices: [(&str, T); 2]) -> T {
        let Some(text) = self.optional(name) else {
            return choices[0].1;
        };
        let found = choices.iter().find(|(word, _)| *word == text);
        found.map_or_else(
            || {
                self.wrong.push(format!(
                    "{name} must be {} or {}",
                    choices[0].0, choices[1].0
                ));
                choices[0].1
            },
            |(_, choice)| *choice,
        )
    }

    fn images(&self, keys: &[String]) -> Images {
        let named = |key: &str, default: &str| {
            self.optional(&format!("RUNNER_IMAGE_{key}"))
                .unwrap_or_else(|| default.to_owned())
        };
        let keys = keys
            .iter()
            .map(|key| key.to_uppercase())
            .filter(|key| key != "KEYS");
        let by_key = keys
            .filter_map(|key| {
                Some((
                    key.to_lowercase(),
                    self.optional(&format!("RUNNER_IMAGE_{key}"))?,
                ))
            })
            .collect();
        Images {
            cpu: named("CPU", "ubuntu:24.04"),
            gpu: named("GPU", "nvidia/cuda:12.9.2-runtime-ubuntu24.04"),
            by_key,
        }
    }

    fn settings(&mut self, images: &Images) -> Settings {
        let default = Settings::default();
        let own_entrypoint = |route: &&crate::labels::Route| has_own_entrypoint(&route.image);
        let table = Labels::new(images);
        Settings {
            max_total: self.number("MAX_JOBS_TOTAL", default.max_total),
            max_per_repo: self.number("MAX_JOBS_PER_REPO", default.max_per_repo),
            idle_timeout: self.duration("RUNNER_IDLE_TIMEOUT", default.idle_timeout),
            boot_deadline: self.duration("BOOT_DEADLINE", default.boot_deadline),
            slow_boot_deadline: self.duration("SLOW_BOOT_DEADLINE", default.slow_boot_deadline),
            jit_lifetime: self.duration("JIT_LIFETIME", default.jit_lifetime),
            credential: self.choice(
                "RUNNER_CREDENTIAL",
                [
                    ("jit", CredentialKind::Jit),
                    ("registration-token", CredentialKind::RegistrationToken),
                ],
            ),
            token_only: table
                .routes()
                .filter(own_entrypoint)
                .map(|route| route.label.clone())
                .collect(),
            hf_poll: self.duration("HF_POLL_INTERVAL", default.hf_poll),
            survey_every: self.duration("SURVEY_INTERVAL", default.survey_every),
            unservable_tries: self.number("UNSERVABLE_TRIES", default.unservable_tries),
            unservable_after: self.duration("UNSERVABLE_AFTER", default.unservable_after),
            unservable: self.choice(
                "UNSERVABLE",
                [
                    ("cancel-run", Unservable::CancelRun),
                    ("leave", Unservable::Leave),
                ],
            ),
            ..default
        }
    }
}

fn list(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default()
        .split(',')
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// `300`, `90s`, `15m`, `1h`, `1.5h`, `2d`; more than zero.
fn duration(text: &str) -> Option<Duration> {
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    let duration = Duration::try_from_secs_f64(number * seconds).ok()?;
    (duration >= Duration::from_secs(1)).then(|| Duration::from_secs(duration.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A throw-away key made for these tests.
    const KEY: &str = include_str!("../tests/app-key.pem");

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
    fn reads_times_with_and_without_a_unit() {
        assert_eq!(duration("300"), Some(Duration::from_secs(300)));
        assert_eq!(duration("1.5h"), Some(Duration::from_secs(5400)));
        for bad in ["", "0", "-1", "1w", "h", "nan", "1e300d"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
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
    fn debug_shows_no_secret() {
        let config = Config::from_lookup(minimal).unwrap();
        assert!(!format!("{config:?}").contains("secret-value"));
    }
}
