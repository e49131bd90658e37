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
    pub(super) per_flavor: Option<usize>,
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
            per_flavor: dispatcher.caps.per_flavor.map(|cap| cap as usize),
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

/// The hardware flavor that a label asks for.
pub(super) fn flavor(label: &str) -> &str {
    let flavor = label.trim_start_matches("hf-jobs-");
    flavor.split(':').next().unwrap_or(flavor)
}

/// HF jobs that are alive, for the caps: the repository and the flavor of each.
pub(super) struct Alive(Vec<(u64, String)>);

impl Alive {
    pub(super) fn of<'a>(lanes: impl Iterator<Item = (u64, &'a str)>) -> Self {
        let mut alive = Self(Vec::new());
        lanes.for_each(|(repo, label)| alive.add(repo, label));
        alive
    }

    pub(super) fn add(&mut self, repo: u64, label: &str) {
        self.0.push((repo, flavor(label).to_owned()));
    }

    /// Whether another one may be created in this lane.
    pub(super) fn has_room(&self, orders: &Orders, (repo, label): &(u64, String)) -> bool {
        let below = |cap: Option<usize>, counts: &dyn Fn(&(u64, String)) -> bool| {
            cap.is_none_or(|cap| self.0.iter().filter(|one| counts(one)).count() < cap)
        };
        below(orders.total, &|_| true)
            && below(orders.per_repo, &|one| one.0 == *repo)
            && below(orders.per_flavor, &|one| one.1 == flavor(label))
    }
}
