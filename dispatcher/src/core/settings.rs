//! The times and limits the core decides by.

use std::{collections::BTreeSet, time::Duration};

use super::model::CredentialKind;

/// What to do with a run whose job can never be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unservable {
    /// Cancel the run, so that its user sees it.
    CancelRun,
    /// Leave it queued; the reason is on the status page and in the log.
    Leave,
}

/// Times and limits, one for each rule.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Launches alive at once, all repositories together.
    pub max_total: usize,
    /// Launches alive at once in one repository.
    pub max_per_repo: usize,
    /// How long a runner may be surplus, or idle beside a queue that GitHub blocks.
    pub idle_timeout: Duration,
    /// How long an HF job may take until its runner is online.
    pub boot_deadline: Duration,
    /// The same for later tries, with a registration token.
    pub slow_boot_deadline: Duration,
    /// How long a just-in-time configuration is taken to live: when half of that is over, none is used any more.
    pub jit_lifetime: Duration,
    /// The credential of the first try.
    pub credential: CredentialKind,
    /// Labels whose image only knows registration tokens.
    pub token_only: BTreeSet<String>,
    /// Between two lists of our HF jobs while something boots.
    pub hf_poll: Duration,
    /// Between two surveys.
    pub survey_every: Duration,
    /// Before a queued job is asked about.
    pub queued_check: Duration,
    /// Before a running job is asked about.
    pub running_check: Duration,
    /// From the end of a job to the end of its HF job.
    pub finish_grace: Duration,
    /// Between a create whose answer was lost and the look that may tell that it was in vain, and between that and the next.
    pub lookup_gap: Duration,
    /// Between two readings of one doubted runner.
    pub reading_gap: Duration,
    /// After this a queued job is dead.
    pub queue_limit: Duration,
    /// Failed tries before a job is called unservable …
    pub unservable_tries: u32,
    /// … and how long it must have failed.
    pub unservable_after: Duration,
    /// What happens then.
    pub unservable: Unservable,
    /// How long ended jobs and launches are remembered.
    pub memory: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self {
            max_total: usize::MAX,
            max_per_repo: usize::MAX,
            idle_timeout: Duration::from_secs(300),
            boot_deadline: minutes(15),
            slow_boot_deadline: minutes(25),
            jit_lifetime: minutes(5),
            credential: CredentialKind::Jit,
            token_only: BTreeSet::new(),
            hf_poll: minutes(1),
            survey_every: minutes(5),
            queued_check: minutes(6),
            running_check: minutes(10),
            finish_grace: minutes(1),
            lookup_gap: minutes(1),
            reading_gap: Duration::from_secs(15),
            queue_limit: minutes(24 * 60),
            unservable_tries: 6,
            unservable_after: minutes(50),
            unservable: Unservable::CancelRun,
            memory: minutes(24 * 60),
        }
    }
}
