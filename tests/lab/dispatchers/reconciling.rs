//! The loop that both dispatchers share: look at everything, compare supply with demand lane by lane, act on the difference.
//! Nothing is stored: what counts is what GitHub shows and what the labels of HF jobs say.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dispatchlab::{target::Place, transport::TaskGroup};
use scenarios::plan::Plan;
use tokio::{sync::Notify, time::Instant};

use super::{
    acting::{self, Trouble},
    looking::{self, HfJob, Repo, Runner, View},
    wire::{Failure, Wire},
};

/// How often everything is looked at.
const EVERY: Duration = Duration::from_secs(30);
/// The least time between two looks, however much news comes.
const NEWS_WAITS: Duration = Duration::from_secs(3);
/// A runner that is idle for so long although jobs are queued shows that these are not to be had yet.
const UNTAKEN: Duration = Duration::from_secs(60);
/// How many runners a lane is given before any was seen to be taken.
const FIRST_WINDOW: usize = 4;
/// Not even a booting runner is given up sooner: demand may come back.
const YOUNG: Duration = Duration::from_secs(300);
/// A runner idles no longer than this, so that its HF job's timeout never falls into a job.
const OLD: Duration = Duration::from_secs(2 * 3600);
/// How long something must look left behind until it is believed.
const LEFT_BEHIND: Duration = Duration::from_secs(120);

/// What the user of a plan orders.
#[derive(Clone)]
pub(super) struct Orders {
    allowed: Option<BTreeSet<String>>,
    total: Option<usize>,
    per_repo: Option<usize>,
    idle_timeout: Duration,
    boot_deadline: Duration,
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
            idle_timeout: dispatcher.idle_timeout.map_or(YOUNG, |length| length.0),
            boot_deadline: dispatcher
                .boot_deadline
                .map_or(Duration::from_secs(900), |length| length.0),
            job_timeout: dispatcher
                .job_timeout
                .map_or(Duration::from_secs(3600), |length| length.0),
        }
    }

    fn allows(&self, repo: &str) -> bool {
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

/// Word that something happened.
#[derive(Clone, Default)]
pub(super) struct News {
    came: Arc<Notify>,
    endings: Arc<AtomicU64>,
}

impl News {
    /// Something happened; `ends` if it ended a job.
    pub(super) fn come(&self, ends: bool) {
        self.endings.fetch_add(u64::from(ends), Ordering::Relaxed);
        self.came.notify_one();
    }

    pub(super) fn endings(&self) -> u64 {
        self.endings.load(Ordering::Relaxed)
    }
}

/// A repository's number and a label.
pub(super) type Lane = (u64, String);

/// The loop and what it keeps in mind until it crashes.
pub(super) struct Reconciler {
    pub(super) wire: Wire,
    pub(super) orders: Orders,
    pub(super) habits: Habits,
    pub(super) news: News,
    pub(super) flavors: BTreeSet<String>,
    /// How many HF jobs may boot or idle in a lane at once.
    windows: BTreeMap<Lane, usize>,
    /// Since when runners idle, by name.
    idle_since: BTreeMap<String, Instant>,
    /// Since when runners and HF jobs look left behind, by runner name.
    left_since: BTreeMap<String, Instant>,
    pub(super) troubles: BTreeMap<Lane, Trouble>,
    pub(super) told: BTreeSet<u64>,
    pub(super) named: u64,
}

/// A job that waits.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) id: u64,
    pub(super) commit: String,
    pub(super) created_at: String,
}

/// What a lane needs and has.
#[derive(Default)]
struct Balance {
    waiting: Vec<Waiting>,
    booting: Vec<HfJob>,
    idle: Vec<HfJob>,
}

impl Reconciler {
    pub(super) fn new(
        place: &Place,
        tasks: &TaskGroup,
        orders: Orders,
        habits: Habits,
        news: News,
    ) -> Self {
        Self {
            wire: Wire::new(place, tasks),
            orders,
            habits,
            news,
            flavors: BTreeSet::new(),
            windows: BTreeMap::new(),
            idle_since: BTreeMap::new(),
            left_since: BTreeMap::new(),
            troubles: BTreeMap::new(),
            told: BTreeSet::new(),
            named: 0,
        }
    }

    /// Looks and acts, for ever.
    pub(super) async fn run(mut self) {
        loop {
            // What fails is tried again in the next round; who failed is remembered by the wire.
            let _failed = self.round().await;
            tokio::time::sleep(NEWS_WAITS).await;
            let came = self.news.came.clone();
            let _nothing = tokio::time::timeout(EVERY - NEWS_WAITS, came.notified()).await;
        }
    }

    async fn round(&mut self) -> Result<(), Failure> {
        if self.flavors.is_empty() {
            self.flavors = looking::flavors(&mut self.wire).await?;
        }
        let hf_jobs = looking::hf_jobs(&mut self.wire, self.habits.name).await?;
        let repos = looking::repos(&mut self.wire).await?;
        let mut alive = Alive::of(&hf_jobs);
        let mut short = Vec::new();
        for repo in &repos {
            if !self.orders.allows(&repo.name) {
                continue;
            }
            let endings = self.news.endings();
            let Ok(view) = looking::view(&mut self.wire, repo).await else {
                continue;
            };
            let own: Vec<HfJob> = hf_jobs
                .iter()
                .filter(|hf_job| hf_job.repo == repo.id)
                .cloned()
                .collect();
            self.clear_up(repo, &view, &own).await;
            let needs = self.balance(repo, &view, &own).await;
            let needs = needs.into_iter().map(|need| (repo.clone(), endings, need));
            short.extend(needs);
        }
        // Who has waited longest comes first.
        short.sort_by(|(_, _, one), (_, _, other)| one.since.cmp(&other.since));
        for (repo, endings, need) in short {
            for _ in 0..need.missing {
                if !alive.has_room(&self.orders, repo.id) || self.news.endings() != endings {
                    break;
                }
                if acting::supply(self, &repo, &need.lane, endings)
                    .await
                    .is_err()
                {
                    break;
                }
                alive.add(repo.id);
            }
            acting::tell_of_trouble(self, &repo, &need.lane, &need.waiting).await;
        }
        Ok(())
    }

    /// Removes registrations that no HF job of ours stands behind.
    async fn clear_up(&mut self, repo: &Repo, view: &View, own: &[HfJob]) {
        let prefix = acting::prefix(self.habits.name, repo.id);
        for runner in &view.runners {
            let is_ours = runner.name.starts_with(&prefix);
            let has_hf_job = own.iter().any(|hf_job| hf_job.runner == runner.name);
            let is_left = is_ours && !has_hf_job && !runner.is_online && !runner.is_busy;
            if self.is_left_behind(&runner.name, is_left, has_hf_job) {
                let _later = acting::deregister(&mut self.wire, repo, runner.id).await;
            }
        }
    }

    /// Whether something has looked left behind for long enough.
    fn is_left_behind(&mut self, runner: &str, looks_so: bool, is_other: bool) -> bool {
        if !looks_so {
            if !is_other {
                self.left_since.remove(runner);
            }
            return false;
        }
        let now = Instant::now();
        let since = *self.left_since.entry(runner.to_owned()).or_insert(now);
        now - since >= LEFT_BEHIND
    }

    /// Gives up what is too much or overdue, and says what is missing.
    async fn balance(&mut self, repo: &Repo, view: &View, own: &[HfJob]) -> Vec<Need> {
        let mut lanes: BTreeMap<String, Balance> = BTreeMap::new();
        for label in self.habits.warm.keys() {
            lanes.entry(label.clone()).or_default();
        }
        for job in view.jobs.iter().filter(|job| job.is_queued) {
            if let Some(label) = self.label(&job.labels) {
                lanes.entry(label).or_default().waiting.push(Waiting {
                    id: job.id,
                    commit: job.commit.clone(),
                    created_at: job.created_at.clone(),
                });
            }
        }
        for hf_job in own {
            let balance = lanes.entry(hf_job.label.clone()).or_default();
            self.sort(repo, view, hf_job, balance).await;
        }
        let mut needs = Vec::new();
        for (label, balance) in lanes {
            let lane = (repo.id, label);
            let target = self.target(&lane, &balance);
            let supply = balance.booting.len() + balance.idle.len();
            if supply > target {
                self.reduce(repo, &balance, supply - target).await;
            }
            let missing = target.saturating_sub(supply);
            let since = balance.waiting.iter().map(|job| &job.created_at).min();
            if missing > 0 {
                needs.push(Need {
                    // What waits comes before what is only kept warm.
                    since: since.map_or_else(|| "later".to_owned(), String::clone),
                    lane,
                    missing,
                    waiting: balance.waiting,
                });
            }
        }
        needs
    }

    /// The one label of a job of ours.
    fn label(&self, labels: &[String]) -> Option<String> {
        let set: BTreeSet<String> = labels
            .iter()
            .map(|label| label.trim().to_lowercase())
            .collect();
        let label = set.first().filter(|_| set.len() == 1)?;
        let flavor = label.strip_prefix("hf-jobs-")?;
        let flavor = match flavor.split_once(':') {
            Some((_, image)) if image.is_empty() || image.contains(':') => return None,
            Some((flavor, _)) => flavor,
            None => flavor,
        };
        self.flavors.contains(flavor).then(|| label.clone())
    }

    /// Finds out what an HF job is good for, and ends it if that is nothing.
    async fn sort(&mut self, repo: &Repo, view: &View, hf_job: &HfJob, balance: &mut Balance) {
        let is_named = view.jobs.iter().any(|job| job.runner == hf_job.runner);
        let runner = view
            .runners
            .iter()
            .find(|runner| runner.name == hf_job.runner);
        let now = Instant::now();
        let is_gone = self.is_left_behind(&hf_job.runner, runner.is_none() && !is_named, false);
        if is_named {
            self.idle_since.remove(&hf_job.runner);
            return;
        }
        match runner {
            // Taken, though its job does not show it yet: it is that job's supply.
            Some(Runner { is_busy: true, .. }) => {
                self.idle_since.remove(&hf_job.runner);
                balance.idle.push(hf_job.clone());
            }
            Some(Runner {
                is_online: true, ..
            }) => {
                let since = *self.idle_since.entry(hf_job.runner.clone()).or_insert(now);
                if now - since >= OLD {
                    let _later = acting::retire(&mut self.wire, repo, hf_job).await;
                } else {
                    balance.idle.push(hf_job.clone());
                }
            }
            Some(_) if hf_job.age >= self.orders.boot_deadline => {
                // Until it is gone it may still come up.
                if acting::retire(&mut self.wire, repo, hf_job).await.is_err() {
                    balance.booting.push(hf_job.clone());
                }
            }
            Some(_) => balance.booting.push(hf_job.clone()),
            None if is_gone => {
                let _later = acting::retire(&mut self.wire, repo, hf_job).await;
            }
            None => {}
        }
    }

    /// How long a runner has been idle.
    fn idles(&self, hf_job: &HfJob) -> Duration {
        let since = self.idle_since.get(&hf_job.runner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// How many HF jobs a lane should have booting or idle. Jobs that GitHub shows as queued may have to wait for their
    /// turn, which nothing says; so a lane gets more only as fast as its runners are taken.
    fn target(&mut self, lane: &Lane, balance: &Balance) -> usize {
        let untaken = balance
            .idle
            .iter()
            .any(|hf_job| self.idles(hf_job) >= UNTAKEN);
        let warm = self.habits.warm.get(&lane.1).copied().unwrap_or(0);
        let window = self.windows.entry(lane.clone()).or_insert(FIRST_WINDOW);
        if !balance.waiting.is_empty() {
            if untaken && balance.idle.len() > warm {
                *window = 1;
            } else if balance.idle.is_empty() && balance.booting.is_empty() {
                *window = (*window * 2).min(64);
            }
        }
        balance.waiting.len().min(*window) + warm
    }

    /// Gives up HF jobs that nothing waits for: boots first, then those that have idled for long enough.
    async fn reduce(&mut self, repo: &Repo, balance: &Balance, too_many: usize) {
        let old = |hf_job: &&HfJob| hf_job.age >= YOUNG;
        let booting = balance.booting.iter().filter(old);
        let long = |hf_job: &&HfJob| self.idles(hf_job) >= self.orders.idle_timeout;
        let idle = balance.idle.iter().filter(long);
        let surplus: Vec<HfJob> = booting.chain(idle).take(too_many).cloned().collect();
        for hf_job in surplus {
            let _later = acting::retire(&mut self.wire, repo, &hf_job).await;
        }
    }
}

/// HF jobs that a lane lacks.
struct Need {
    since: String,
    lane: Lane,
    missing: usize,
    waiting: Vec<Waiting>,
}

/// How many HF jobs are alive, for the caps.
struct Alive {
    total: usize,
    by_repo: BTreeMap<u64, usize>,
}

impl Alive {
    fn of(hf_jobs: &[HfJob]) -> Self {
        let mut alive = Self {
            total: 0,
            by_repo: BTreeMap::new(),
        };
        hf_jobs.iter().for_each(|hf_job| alive.add(hf_job.repo));
        alive
    }

    fn add(&mut self, repo: u64) {
        self.total += 1;
        *self.by_repo.entry(repo).or_default() += 1;
    }

    fn has_room(&self, orders: &Orders, repo: u64) -> bool {
        let of_repo = self.by_repo.get(&repo).copied().unwrap_or(0);
        orders.total.is_none_or(|cap| self.total < cap)
            && orders.per_repo.is_none_or(|cap| of_repo < cap)
    }
}
