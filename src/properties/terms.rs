//! [`Terms`]: what a scenario says that a property needs to know and no history shows. Units are in the names.

use std::collections::{BTreeMap, BTreeSet};

use fakes::ids::JobId;
use scenarios::plan::{Fault, Waiver};

use super::{Expectations, Rules, Twin, lanes::LabelSet};

/// What a scenario says that a property needs to know and no history shows.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Which label set goes to which flavor.
    pub rules: Rules,
    /// How many HF jobs a declared pool keeps for a label set, folded, beyond what jobs ask for.
    pub warm: BTreeMap<LabelSet, usize>,
    /// Repositories the dispatcher must not serve (not installed, or outside its allow-list).
    pub unserved_repos: BTreeSet<String>,
    /// Every repository of the scenario's GitHub, served or not; empty where that is not known.
    pub repos: BTreeSet<String>,
    /// The jobs that a recording starts or ends: GitHub gives them to no runner.
    pub recorded_jobs: BTreeSet<JobId>,
    /// How many HF jobs the dispatcher may hold.
    pub caps: Caps,
    /// The bounds that properties about time apply.
    pub bounds: Bounds,
    /// What a dispatcher may ask for.
    pub budgets: Budgets,
    /// How long what the lab's services issue is valid.
    pub lives: Lives,
    /// What the lab itself delays by, at the most.
    pub delays: Delays,
    /// What the dispatcher was told about the life of a runner.
    pub told: DispatcherTimes,
    /// How far GitHub's clock is ahead of the world's; behind, if negative.
    pub github_clock_skew_ms: i64,
    /// How far the dispatcher's clock is ahead of the world's; behind, if negative.
    pub dispatcher_clock_skew_ms: i64,
    /// How many repositories the dispatcher serves.
    pub served_repos: u64,
    /// What the same plan came to without its crashes, stops and restarts, where it could be run so.
    pub twin: Option<Twin>,
    /// Lines of the scenario's steps whose trigger never came.
    pub steps_not_taken: Vec<usize>,
    /// The faults of the plan, in its order: `fault` of an event is a place in this list.
    pub faults: Vec<Fault>,
    /// Counts and budgets the scenario asks for.
    pub expect: Expectations,
    /// Properties the user does not want judged.
    pub waived: BTreeMap<String, Waiver>,
}

/// How many HF jobs the dispatcher may hold; what is missing is not capped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// In all.
    pub total: Option<u32>,
    /// For one repository.
    pub per_repo: Option<u32>,
    /// Of one flavor.
    pub per_flavor: Option<u32>,
}

impl Caps {
    /// True if nothing is capped.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.total.is_none() && self.per_repo.is_none() && self.per_flavor.is_none()
    }
}

/// The bounds that properties about time apply, all of them in `expect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How long a job may wait for its start.
    pub served_within_ms: u64,
    /// How many times `served_within_ms` it may wait while a fault without an end lets some tries through.
    pub patience: u32,
    /// How soon a user is told of a job that a fault without an end keeps from being served.
    pub told_within_ms: u64,
    /// How long an HF job or a registration may live without work or a reason.
    pub reclaimed_within_ms: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            served_within_ms: 30 * 60_000,
            patience: 2,
            told_within_ms: 60 * 60_000,
            reclaimed_within_ms: 20 * 60_000,
        }
    }
}

/// What a dispatcher may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Requests a minute to a place that has failed for [`Budgets::FAILING_FOR_MS`].
    pub requests_per_minute: u32,
    /// Calls for each job served.
    pub calls_per_job: u32,
}

impl Budgets {
    /// Calls an hour, besides those for jobs: what a dispatcher with nothing to do may ask.
    pub const CALLS_PER_HOUR: u32 = 1_000;
    /// Calls an hour for each HF job that lives in it: what a dispatcher may ask that watches each.
    pub const CALLS_PER_HF_JOB: u32 = 400;
    /// How long a place has to fail until requests to it are counted by the minute.
    pub const FAILING_FOR_MS: u64 = 5 * 60_000;
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            requests_per_minute: 30,
            calls_per_job: 100,
        }
    }
}

/// How long what the lab's services issue is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lives {
    /// An installation token.
    pub installation_token_ms: u64,
    /// A registration token.
    pub registration_token_ms: u64,
    /// A just-in-time configuration.
    pub jit_config_ms: u64,
}

impl Default for Lives {
    fn default() -> Self {
        Self {
            installation_token_ms: 3_600_000,
            registration_token_ms: 3_600_000,
            jit_config_ms: 3_600_000,
        }
    }
}

/// What the lab itself delays by, at the most, without any fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// How long GitHub waits for the answer to a delivery.
    pub webhook_timeout_ms: u64,
    /// Of one message between the dispatcher and a fake, each direction.
    pub latency_ms_max: u64,
    /// From creating an HF job to its listening runner, by flavor; `default` stands for those not named.
    pub cold_start_ms_max: BTreeMap<String, u64>,
}

impl Delays {
    /// The longest cold start of a flavor.
    #[must_use]
    pub fn cold_start_of(&self, flavor: &str) -> u64 {
        let known = self.cold_start_ms_max.get(flavor);
        let known = known.or_else(|| self.cold_start_ms_max.get("default"));
        known.copied().unwrap_or_default()
    }
}

/// What the dispatcher was told about the life of a runner; what is missing is its own choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatcherTimes {
    /// How long a runner may be idle.
    pub idle_timeout_ms: Option<u64>,
    /// How long a job may run.
    pub job_timeout_ms: Option<u64>,
}

impl Default for Terms {
    /// The terms of a scenario that says nothing.
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            warm: BTreeMap::new(),
            unserved_repos: BTreeSet::new(),
            repos: BTreeSet::new(),
            recorded_jobs: BTreeSet::new(),
            caps: Caps::default(),
            bounds: Bounds::default(),
            budgets: Budgets::default(),
            lives: Lives::default(),
            delays: Delays::default(),
            told: DispatcherTimes::default(),
            github_clock_skew_ms: 0,
            dispatcher_clock_skew_ms: 0,
            served_repos: 1,
            twin: None,
            steps_not_taken: Vec::new(),
            faults: Vec::new(),
            expect: Expectations::default(),
            waived: BTreeMap::new(),
        }
    }
}

impl Terms {
    /// How many HF jobs the declared pool keeps for these labels.
    #[must_use]
    pub fn warm_of(&self, labels: &LabelSet) -> usize {
        self.warm.get(labels).copied().unwrap_or(0)
    }

    /// True if a job with these labels looks meant for the dispatcher although nothing routes it.
    #[must_use]
    pub fn looks_meant(&self, labels: &[String]) -> bool {
        let labels = || labels.iter().map(String::as_str);
        self.rules.flavor(labels()).is_none() && self.rules.routed().seems_meant_by(labels())
    }
}
