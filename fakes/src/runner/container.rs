//! The container of an HF job, as the runner in it sees it: command, environment and secrets.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use super::{
    arguments::Arguments,
    registration::{BadArguments, Registration, split_labels},
    script::{Script, Then},
    shell_words,
};
use crate::{
    github::{Credential, JitConfig},
    settings::RunnerVersion,
};

/// What a container is started with. Clones share it, and what was read out of it: many ask, and a command may be a
/// script of kilobytes.
#[derive(Clone)]
pub(crate) struct Container(Arc<Given>);

struct Given {
    /// Command and arguments.
    words: Vec<String>,
    environment: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    read: OnceLock<Read>,
}

/// What a command and its environment say of the runner.
struct Read {
    startup: Startup,
    allows_root: bool,
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Container")
    }
}

/// What a container does with the runner in it.
#[derive(Clone)]
pub(super) enum Startup {
    /// `run.sh` with a just-in-time configuration; none if it cannot be decoded.
    Jit(Option<JitConfig>),
    /// `config.sh`, then `run.sh`.
    Configure {
        registration: Result<Registration, BadArguments>,
        then: Then,
    },
    /// `run.sh` without anything to run.
    NotConfigured,
    /// A command that has nothing to do with runners.
    Unknown,
}

impl Container {
    pub(crate) fn new(
        words: Vec<String>,
        environment: BTreeMap<String, String>,
        secrets: BTreeMap<String, String>,
    ) -> Self {
        Self(Arc::new(Given {
            words,
            environment,
            secrets,
            read: OnceLock::new(),
        }))
    }

    /// Command and arguments.
    pub(crate) fn words(&self) -> &[String] {
        &self.0.words
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.0.environment
    }

    pub(crate) fn secrets(&self) -> &BTreeMap<String, String> {
        &self.0.secrets
    }

    /// What it does with the runner in it.
    pub(super) fn startup(&self) -> &Startup {
        &self.0.read().startup
    }

    /// What the runner in it will prove itself with. Without a name of its own it is called like its machine.
    pub(super) fn credential(&self, machine: &str) -> Option<Credential> {
        match self.startup() {
            Startup::Jit(config) => config.clone().map(Credential::Jit),
            Startup::Configure { registration, .. } => {
                let registration = registration.as_ref().ok()?;
                Some(registration.clone().credential(machine))
            }
            Startup::NotConfigured | Startup::Unknown => None,
        }
    }

    /// Whether root may run the runner: `RUNNER_ALLOW_RUNASROOT` says anything at all.
    pub(super) fn allows_root(&self) -> bool {
        self.0.read().allows_root
    }

    /// Whether `run.sh` shows that its version is deprecated.
    pub(super) fn shows_deprecation(&self) -> bool {
        self.0
            .get("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE")
            == Some("1")
    }

    /// The version of the runner in it: what `RUNNER_VERSION` says, or else a current one.
    pub(super) fn version(&self) -> RunnerVersion {
        self.0
            .get("RUNNER_VERSION")
            .and_then(|text| text.parse().ok())
            .unwrap_or(RunnerVersion::CURRENT)
    }
}

impl Given {
    fn get(&self, name: &str) -> Option<&str> {
        self.secrets
            .get(name)
            .or_else(|| self.environment.get(name))
            .map(String::as_str)
    }

    fn read(&self) -> &Read {
        self.read.get_or_init(|| {
            let variables = shell_words::Given {
                environment: &self.environment,
                secrets: &self.secrets,
            };
            let script = Script::of(&self.words, variables);
            Read {
                startup: self.startup(&script),
                allows_root: self.allows_root(&script),
            }
        })
    }

    /// What it is started with. Secrets are part of the environment.
    fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.environment.iter().chain(&self.secrets);
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn startup(&self, script: &Script<'_>) -> Startup {
        let given = |command: Option<&[Cow<'_, str>]>| {
            let all = self.variables().chain(script.assigned());
            Arguments::read(all, command.unwrap_or_default())
        };
        // A script that has both asks for the configuration first.
        if let Some(encoded) = given(script.run_sh()).value("jitconfig") {
            return Startup::Jit(JitConfig::decode(encoded));
        }
        if let Some((words, then)) = script.config_sh() {
            let registration = Registration::read(&given(Some(words)));
            return Startup::Configure { registration, then };
        }
        // What is left is a boot script of the image's own, of which only the environment can be seen.
        let then = Then {
            swallows_failure: false,
            runs: true,
        };
        if let Some(registration) = self.boot_script() {
            let registration = Ok(registration);
            return Startup::Configure { registration, then };
        }
        if script.run_sh().is_some() {
            return Startup::NotConfigured;
        }
        let arguments = given(None);
        if arguments.value("token").is_some() || arguments.value("url").is_some() {
            let registration = Registration::read(&arguments);
            return Startup::Configure { registration, then };
        }
        Startup::Unknown
    }

    /// The words that boot scripts read from the environment.
    fn boot_script(&self) -> Option<Registration> {
        Some(Registration {
            token: self.get("RUNNER_TOKEN")?.to_owned(),
            name: Some(self.get("RUNNER_NAME")?.to_owned()),
            labels: split_labels(self.get("RUNNER_LABELS")?),
            default_labels: self.get("RUNNER_DEFAULT_LABELS") == Some("true"),
            owner: self.get("GH_REPO")?.to_owned(),
            group: self.get("RUNNER_GROUP").map(str::to_owned),
            ephemeral: self.get("RUNNER_EPHEMERAL") != Some("false"),
            replace: self.get("RUNNER_REPLACE") != Some("false"),
        })
    }

    fn allows_root(&self, script: &Script<'_>) -> bool {
        self.variables()
            .chain(script.assigned())
            .any(|(name, value)| name == "RUNNER_ALLOW_RUNASROOT" && !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(words: &[&str], environment: &[(&str, &str)]) -> Container {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Container::new(
            words.iter().map(|&word| word.to_owned()).collect(),
            environment.iter().map(own).collect(),
            BTreeMap::from([("RUNNER_TOKEN".to_owned(), "t0ken".to_owned())]),
        )
    }

    fn configured(container: &Container) -> (Registration, Then) {
        match container.startup() {
            Startup::Configure {
                registration: Ok(registration),
                then,
            } => (registration.clone(), *then),
            _ => panic!("it does not configure"),
        }
    }

    fn refused(container: &Container) -> String {
        match container.startup() {
            Startup::Configure {
                registration: Err(BadArguments(why)),
                ..
            } => why.clone(),
            _ => panic!("it is not refused"),
        }
    }

    const CONFIG: &str =
        "./config.sh --unattended --url https://github.com/octo/app --token $RUNNER_TOKEN";

    #[test]
    fn the_arguments_of_config_sh_are_read_out_of_a_shells_script() {
        let script = format!(
            "cd /home/runner && {CONFIG} --name \"r-$ID\" --labels 'a, b' --runnergroup Big --ephemeral --replace \\\n --no-default-labels && exec ./run.sh"
        );
        let (found, then) = configured(&container(&["bash", "-c", &script], &[("ID", "7")]));
        assert_eq!(
            (found.token.as_str(), found.owner.as_str()),
            ("t0ken", "octo/app")
        );
        assert_eq!(
            (found.name.as_deref(), found.group.as_deref()),
            (Some("r-7"), Some("Big"))
        );
        assert_eq!(found.labels, ["a", "b"]);
        assert!(found.ephemeral && found.replace && !found.default_labels);
        assert_eq!((then.runs, then.swallows_failure), (true, false));
    }

    #[test]
    fn without_flags_a_runner_stays_keeps_the_default_labels_and_replaces_nobody() {
        let script = format!("{CONFIG}; ./run.sh");
        let (found, _) = configured(&container(&["bash", "-c", &script], &[]));
        assert!(!found.ephemeral && !found.replace && found.default_labels);
        assert_eq!((found.name, found.group), (None, None));
    }

    #[test]
    fn arguments_come_from_the_environment_too() {
        let environment = [
            ("ACTIONS_RUNNER_INPUT_URL", "http://localhost:4010/octo"),
            ("ACTIONS_RUNNER_INPUT_TOKEN", "other"),
            ("ACTIONS_RUNNER_INPUT_LABELS", "a"),
            ("ACTIONS_RUNNER_INPUT_EPHEMERAL", "1"),
        ];
        for words in [
            &["sh", "-c", "./config.sh && ./run.sh"] as &[&str],
            &["/entrypoint.sh"],
        ] {
            let (found, _) = configured(&container(words, &environment));
            assert_eq!(
                (found.token.as_str(), found.owner.as_str()),
                ("other", "octo"),
                "{words:?}"
            );
            assert!(found.ephemeral);
        }
    }

    #[test]
    fn only_a_shell_fills_in_variables() {
        let words: Vec<&str> = CONFIG.split(' ').collect();
        let (found, then) = configured(&container(&words, &[]));
        assert_eq!(found.token, "$RUNNER_TOKEN");
        assert!(!then.runs, "nobody starts the runner");
    }

    #[test]
    fn a_script_swallows_a_failure_it_does_not_look_at() {
        let swallows = |words: &[&str]| configured(&container(words, &[])).1.swallows_failure;
        let script = |text: &str| text.replace("CONFIG", CONFIG);
        assert!(!swallows(&["bash", "-c", &script("CONFIG && ./run.sh")]));
        assert!(swallows(&["bash", "-c", &script("CONFIG; ./run.sh")]));
        assert!(swallows(&[
            "bash",
            "-c",
            &script("CONFIG || true\n./run.sh")
        ]));
        assert!(!swallows(&[
            "bash",
            "-c",
            &script("set -eu\nCONFIG\n./run.sh")
        ]));
        assert!(!swallows(&["bash", "-ec", &script("CONFIG\n./run.sh")]));
        assert!(!swallows(&["bash", "-c", &script("CONFIG\n")]));
    }

    #[test]
    fn config_sh_refuses_what_it_cannot_work_with() {
        let why = |script: &str| refused(&container(&["sh", "-c", script], &[]));
        assert!(why("./config.sh --token x").contains("provided for url"));
        assert!(why("./config.sh --url https://github.com/o/r").contains("provided for token"));
        assert!(
            why("./config.sh --token x --url https://github.com/a/b/c")
                .contains("org or repository")
        );
        let none = format!("{CONFIG} --no-default-labels");
        assert!(why(&none).contains("without specifying --labels"));
    }

    #[test]
    fn a_jit_configuration_is_an_argument_of_run_sh_or_a_variable() {
        let is_jit = |container: &Container| matches!(container.startup(), Startup::Jit(None));
        assert!(is_jit(&container(&["./run.sh", "--jitconfig", "x"], &[])));
        assert!(is_jit(&container(
            &["sh", "-c", "exec ./run.sh --jitconfig $RUNNER_TOKEN"],
            &[]
        )));
        assert!(is_jit(&container(
            &["./run.sh"],
            &[("ACTIONS_RUNNER_INPUT_JITCONFIG", "x")]
        )));
        assert!(is_jit(&container(
            &[
                "sh",
                "-c",
                "export ACTIONS_RUNNER_INPUT_JITCONFIG=x; ./run.sh"
            ],
            &[]
        )));
        assert!(matches!(
            container(&["./run.sh"], &[]).startup(),
            Startup::NotConfigured
        ));
        assert!(matches!(
            container(&["train.py"], &[]).startup(),
            Startup::Unknown
        ));
    }

    #[test]
    fn root_is_allowed_by_the_environment_or_by_the_script() {
        assert!(!container(&["./run.sh"], &[]).allows_root());
        assert!(container(&["./run.sh"], &[("RUNNER_ALLOW_RUNASROOT", "1")]).allows_root());
        assert!(container(&["sh", "-c", "RUNNER_ALLOW_RUNASROOT=1 ./run.sh"], &[]).allows_root());
    }
}
