//! What a user reads about the configuration: the variables, and how the times in it go together.

use std::{fmt::Write, time::Duration};

use crate::{
    core::{CredentialKind, Settings},
    hf::lifetime,
};

/// The environment variables, with what each is for: the text of `--help` and the list that configuration reads.
pub const ENVIRONMENT: &str = "\
Required:
  GH_APP_ID                     number (or client id) of the GitHub App
  GH_APP_PRIVATE_KEY            its private key, PEM (line breaks may be written as \\n) or the path of a file with it
  GH_WEBHOOK_SECRET             secret of the App's webhook
  HF_TOKEN                      Hugging Face token that may start and manage Jobs
  HF_NAMESPACE                  user or organisation that pays (else SPACE_AUTHOR_NAME, else the owner in
                                SPACE_ID)
Optional:
  GH_APP_PRIVATE_KEY_PATH       the path of that file, instead
  GH_WEBHOOK_SECRET_PREVIOUS    accepted as well, while a rotation lasts
  ALLOWED_GITHUB_REPOSITORIES   owner/name,owner/name; unset means every repository of the App
  GITHUB_API_URL                default https://api.github.com
  GITHUB_SERVER_URL             default https://github.com, or what belongs to GITHUB_API_URL
  HF_ENDPOINT                   default https://huggingface.co
  RUNNER_IMAGE_CPU              default ubuntu:24.04
  RUNNER_IMAGE_GPU              default nvidia/cuda:12.9.2-runtime-ubuntu24.04
  RUNNER_IMAGE_<KEY>            image of the labels hf-jobs-<flavor>:<key>
  RUNNER_VERSION                of actions/runner, for images without one; default 2.336.0
  RUNNER_CREDENTIAL             jit (default) or registration-token
  RUNNER_IDLE_TIMEOUT           default 300 (seconds, or 5m)
  JOB_TIMEOUT                   how long a job may run, once its runner has it; default 1h
  BOOT_DEADLINE                 HF job created to runner online; default 15m
  SLOW_BOOT_DEADLINE            the same after two failed boots; default 25m
  JIT_LIFETIME                  how long a just-in-time configuration is taken to live; default 5m
  LOOKUP_GAP                    between two looks for an HF job whose create was not answered; default 1m
  MAX_JOBS_TOTAL                HF jobs alive at once; default unlimited; 0 launches nothing
  MAX_JOBS_PER_REPO             the same, of each repository
  UNSERVABLE                    cancel-run (default) or leave: what to do with a run nobody can serve
  UNSERVABLE_TRIES              failed tries until then; default 6
  UNSERVABLE_AFTER              over at least; default 50m
  HF_POLL_INTERVAL              between lists of our HF jobs; default 60s
  SURVEY_INTERVAL               between searches for lost webhooks; default 5m
  HOST                          where to listen; default 127.0.0.1
  PORT                          default 7860
  LISTEN                        both in one, host:port
  DATABASE                      file of the journal, postgres://USER:PASSWORD@HOST/NAME for replicas that share one, or
                                \"memory\"; default jobs-dispatcher.db
  DATABASE_CA                   PEM file of certificates that Postgres' is held against, besides the public ones
  LOG_FORMAT                    text (default) or json
  LOG_LEVEL                     error, warn, info (default), debug, or a filter such as dispatcher=debug
  STATUS_TOKEN                  whoever knows it may read /status
  STATUS_PUBLIC                 true: everybody may; default false
Each may also stand in a TOML file (--config), in lower case: `job_timeout = \"2h\"`; what the environment sets goes first.
Lists and tables are welcome there: `allowed_github_repositories = [\"a/b\"]`, `[runner_image]` with `cpu = ...`.";

/// How long what may take, and which value says so.
#[must_use]
pub fn deadlines(settings: &Settings, job_timeout: Duration) -> String {
    let limit = |kind| written(lifetime(settings, job_timeout, kind));
    let slow = settings.boot_deadline.max(settings.slow_boot_deadline);
    let lines = [
        (
            "a runner comes online",
            format!("within {} of its HF job (BOOT_DEADLINE)", written(settings.boot_deadline)),
        ),
        (
            "after two boots failed",
            format!("within {} of its HF job, with a registration token (SLOW_BOOT_DEADLINE)", written(slow)),
        ),
        (
            "a configuration",
            format!("is not used when half of {} is over (JIT_LIFETIME)", written(settings.jit_lifetime)),
        ),
        (
            "a boot that takes longer",
            "is given up and replaced: that long, and a cold start, a job may wait after any trouble".to_owned(),
        ),
        (
            "a job runs",
            format!("for at most {} (JOB_TIMEOUT), from when its runner has it", written(job_timeout)),
        ),
        (
            "an HF job lives",
            format!(
                "for at most {}, or {} with a registration token: boot, RUNNER_IDLE_TIMEOUT and JOB_TIMEOUT",
                limit(CredentialKind::Jit),
                limit(CredentialKind::RegistrationToken)
            ),
        ),
        (
            "an idle runner ends",
            format!("after {} without a job (RUNNER_IDLE_TIMEOUT)", written(settings.idle_timeout)),
        ),
        (
            "a job nobody can serve",
            format!(
                "is told after {} failed tries over {} (UNSERVABLE_TRIES, UNSERVABLE_AFTER)",
                settings.unservable_tries,
                written(settings.unservable_after)
            ),
        ),
    ];
    lines.iter().fold(String::new(), |mut text, (what, how)| {
        let _infallible = writeln!(text, "  {what:<26}{how}");
        text
    })
}

/// The model of times with the defaults.
#[must_use]
pub fn default_deadlines() -> String {
    deadlines(&Settings::default(), super::JOB_TIMEOUT)
}

/// `90s`, `15m`, `1h 10m`.
pub(super) fn written(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if parts.is_empty() {
        "0s".to_owned()
    } else {
        parts.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_times_for_people() {
        for (seconds, text) in [
            (0, "0s"),
            (90, "1m 30s"),
            (900, "15m"),
            (4200, "1h 10m"),
            (86_401, "24h 1s"),
        ] {
            assert_eq!(written(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn the_defaults_agree_with_each_other() {
        let settings = Settings::default();
        assert!(settings.jit_lifetime <= settings.boot_deadline);
        assert!(settings.boot_deadline <= settings.slow_boot_deadline);
        // A job of an hour has its hour after the longest boot and wait.
        for kind in [CredentialKind::Jit, CredentialKind::RegistrationToken] {
            let boot = match kind {
                CredentialKind::Jit => settings.boot_deadline,
                CredentialKind::RegistrationToken => settings.slow_boot_deadline,
            };
            let life = lifetime(&settings, super::super::JOB_TIMEOUT, kind);
            assert!(life >= super::super::JOB_TIMEOUT + boot + settings.idle_timeout);
        }
        // Nobody is told that a job cannot be served before the slowest boot had its time.
        assert!(settings.unservable_after >= settings.slow_boot_deadline);
        let told = default_deadlines();
        for name in [
            "JIT_LIFETIME",
            "BOOT_DEADLINE",
            "SLOW_BOOT_DEADLINE",
            "JOB_TIMEOUT",
            "RUNNER_IDLE_TIMEOUT",
            "UNSERVABLE_AFTER",
        ] {
            assert!(told.contains(name) && ENVIRONMENT.contains(name), "{name}");
        }
    }
}
