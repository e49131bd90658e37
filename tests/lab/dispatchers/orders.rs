//! What the user of a plan orders, and in what the two dispatchers differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use scenarios::plan::Plan;

/// Where the user names no length.
const IDLE: Duration = Duration::from_secs(300);
const BOOT: Duration = Duration::from_secs(900);
const JOB: Duration = Duration::from_secs(3600);

/// What the user of a plan orders.
#[derive(Clone)]
pub(super) struct Orders {
    allowed: Option<BTreeSet<String>>,
    pub(super) total: Option<usize>,
    pub(super) per_repo: Option<usize>,
    pub(super) idle_timeout: Duration,
    pub(super) boot_deadline: Duration,
    pub(super) job_timeout: Duration,
}

impl Orders {
    pub(super) fn of(plan: &Plan) -> Self {
        let dispatcher = &plan.world.dispatcher;
        let names = |repos: &Vec<scenarios::plan::RepoName>| {
            repos.iter().map(|repo| repo.0.to_lowercase()).collect()
        };
        Self {
            allowed: dispatcher.allow_repos.as_ref().map(names),
            total: dispatcher.caps.total.map(|cap| cap as usize),
            per_repo: dispatcher.caps.per_repo.map(|cap| cap as usize),
            idle_timeout: dispatcher.idle_timeout.map_or(IDLE, |length| length.0),
            boot_deadline: dispatcher.boot_deadline.map_or(BOOT, |length| length.0),
            job_timeout: dispatcher.job_timeout.map_or(JOB, |length| length.0),
        }
    }

    pub(super) fn allows(&self, repo: &str) -> bool {
        let allowed = self.allowed.as_ref();
        allowed.is_none_or(|allowed| allowed.contains(&repo.to_lowercase()))
    }
}

/// In what the dispatchers differ.
#[derive(Clone)]
pub(super) struct Habits {
    /// What its HF jobs and runners are marked with.
    pub(super) name: &'static str,
    /// Idle runners to keep in each repository, by label.
    pub(super) warm: BTreeMap<String, usize>,
}

/// HF jobs that are alive, for the caps.
pub(super) struct Alive {
    total: usize,
    by_repo: BTreeMap<u64, usize>,
}

impl Alive {
    pub(super) fn of(repos: impl Iterator<Item = u64>) -> Self {
        let mut alive = Self {
            total: 0,
            by_repo: BTreeMap::new(),
        };
        repos.for_each(|repo| alive.add(repo));
        alive
    }

    pub(super) fn add(&mut self, repo: u64) {
        self.total += 1;
        *self.by_repo.entry(repo).or_default() += 1;
    }

    pub(super) fn has_room(&self, orders: &Orders, repo: u64) -> bool {
        let of_repo = self.by_repo.get(&repo).copied().unwrap_or(0);
        orders.total.is_none_or(|cap| self.total < cap)
            && orders.per_repo.is_none_or(|cap| of_repo < cap)
    }
}
