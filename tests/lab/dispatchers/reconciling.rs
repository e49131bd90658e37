//! The loop that both dispatchers share: look at everything, compare supply with demand lane by lane, act on the difference.
//! Nothing is stored: what counts is what GitHub shows and what the labels of HF jobs say.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use dispatchlab::{target::Place, transport::TaskGroup};
use tokio::time::Instant;

use super::{
    acting,
    keeping::Own,
    looking::{self, HfJob, Job, Repo, View},
    news::News,
    orders::{Alive, Habits, Orders},
    standing::{Absences, Balance},
    troubles::Troubles,
    windows::Windows,
    wire::{Failure, Wire},
};

/// How often everything is looked at.
const EVERY: Duration = Duration::from_secs(30);
/// The same once nothing has changed for [`QUIET`].
const SELDOM: Duration = Duration::from_secs(120);
const QUIET: Duration = Duration::from_secs(600);
/// The least time between two looks, however much news comes.
const NEWS_WAITS: Duration = Duration::from_secs(3);
/// What a call costs: with so long between any two, a look at many runs does not become a burden by being repeated.
const CALL_WAITS: Duration = Duration::from_millis(3_700);
/// How long something must look left behind until it is believed.
pub(super) const LEFT_BEHIND: Duration = Duration::from_secs(180);
/// The same of a registration without an HF job of ours: HF lists at once what it created.
const UNCLAIMED: Duration = Duration::from_secs(45);
/// For so long a repository may be out of sight.
const OUT_OF_SIGHT: Duration = Duration::from_secs(300);

/// A repository's number and a label.
pub(super) type Lane = (u64, String);

/// The loop and what it keeps in mind until it crashes.
pub(super) struct Reconciler {
    pub(super) wire: Wire,
    pub(super) orders: Orders,
    pub(super) habits: Habits,
    pub(super) news: News,
    pub(super) own: Own,
    pub(super) troubles: Troubles,
    pub(super) windows: Windows,
    pub(super) absences: Absences,
    /// Since when runners idle, by name.
    pub(super) idle_since: BTreeMap<String, Instant>,
    /// Runners that came up once.
    pub(super) came_up: BTreeSet<String>,
    /// HF jobs whose runner can get no job any more.
    pub(super) disarmed: BTreeSet<String>,
    pub(super) named: u64,
    flavors: BTreeSet<String>,
    repos: Vec<Repo>,
    /// What the last look showed, lane by lane, and since when it is the same.
    sight: (Vec<String>, Instant),
    /// Since when registrations look left behind, and HF jobs out of sight, by runner.
    left_since: BTreeMap<String, Instant>,
}

/// A job that waits.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) id: u64,
    pub(super) run: u64,
    /// Whether no other job of its run is at work.
    pub(super) is_alone: bool,
    pub(super) commit: String,
    pub(super) created_at: String,
}

/// HF jobs that a lane lacks.
struct Need {
    repo: Repo,
    lane: Lane,
    /// How many job endings had been heard of by then.
    endings: u64,
    since: String,
    supply: usize,
    missing: usize,
    waiting: Vec<Waiting>,
    given_up: Vec<Waiting>,
}

impl Need {
    /// What shows in this lane.
    fn sight(&self) -> String {
        let waiting = self.waiting.iter().map(|job| job.id.to_string());
        let waiting: Vec<String> = waiting.collect();
        format!("{:?}: {} for {}", self.lane, self.supply, waiting.join(" "))
    }
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
            own: Own::new(),
            troubles: Troubles::default(),
            windows: Windows::default(),
            absences: Absences::default(),
            idle_since: BTreeMap::new(),
            came_up: BTreeSet::new(),
            disarmed: BTreeSet::new(),
            named: 0,
            flavors: BTreeSet::new(),
            repos: Vec::new(),
            sight: (Vec::new(), Instant::now()),
            left_since: BTreeMap::new(),
        }
    }

    /// Looks and acts, for ever.
    pub(super) async fn run(mut self) {
        loop {
            // What fails is tried again in the next round; who failed is remembered by the wire.
            let _failed = self.round().await;
            tokio::time::sleep(NEWS_WAITS).await;
            let is_quiet = self.sight.1.elapsed() >= QUIET;
            let next = if is_quiet { SELDOM } else { EVERY };
            let next = next.max(CALL_WAITS * self.wire.take_calls()) - NEWS_WAITS;
            let _nothing = tokio::time::timeout(next, self.news.next()).await;
        }
    }

    async fn round(&mut self) -> Result<(), Failure> {
        if self.flavors.is_empty() {
            self.flavors = looking::flavors(&mut self.wire).await?;
        }
        let seen = self.own.look(&mut self.wire, self.habits.name).await?;
        for hf_job in &seen.ended {
            let is_slip = !self.came_up.remove(&hf_job.runner);
            let was_ours = self.disarmed.remove(&hf_job.id);
            if is_slip && !was_ours {
                let lane = (hf_job.repo, hf_job.label.clone());
                self.troubles.fails(&lane, Failure::Unknown);
            }
        }
        match looking::repos(&mut self.wire).await {
            Ok((repos, true)) => {
                self.take_down_out_of_sight(&seen.alive, &repos).await;
                self.repos = repos;
            }
            Ok((repos, false)) => self.repos = repos,
            // They were there a while ago.
            Err(_) => {}
        }
        let mut sight: Vec<String> = seen.alive.iter().map(|hf_job| hf_job.id.clone()).collect();
        let mut needs = Vec::new();
        for repo in self.repos.clone() {
            if self.orders.allows(&repo.name) {
                needs.extend(self.needs_of(&repo, &seen.alive).await);
            }
        }
        sight.extend(needs.iter().map(Need::sight));
        if self.wire.take_written() || self.sight.0 != sight {
            self.sight = (sight, Instant::now());
        }
        // Who has waited longest comes first.
        needs.sort_by(|one, other| one.since.cmp(&other.since));
        let mut alive = Alive::of(
            seen.alive
                .iter()
                .map(|hf_job| (hf_job.repo, hf_job.label.as_str())),
        );
        for need in needs {
            self.meet(&need, &mut alive).await;
        }
        Ok(())
    }

    /// Ends HF jobs of repositories that are gone. GitHub says no more of their runners, so their own logs must.
    async fn take_down_out_of_sight(&mut self, own: &[HfJob], repos: &[Repo]) {
        for hf_job in own {
            let is_out = repos.iter().all(|repo| repo.id != hf_job.repo);
            let long = self.looks_so_for(&format!("out of sight: {}", hf_job.id), is_out);
            if long >= OUT_OF_SIGHT
                && looking::has_begun(&mut self.wire, &hf_job.id).await == Ok(false)
            {
                self.disarmed.insert(hf_job.id.clone());
                let _later = acting::cancel(&mut self.wire, &hf_job.id).await;
            }
        }
    }

    /// For how long something has looked like that.
    fn looks_so_for(&mut self, what: &str, looks_so: bool) -> Duration {
        if !looks_so {
            self.left_since.remove(what);
            return Duration::ZERO;
        }
        let since = self.left_since.entry(what.to_owned());
        since.or_insert_with(Instant::now).elapsed()
    }

    /// Clears up in a repository, gives up what is too much there, and says what is missing.
    async fn needs_of(&mut self, repo: &Repo, hf_jobs: &[HfJob]) -> Vec<Need> {
        let endings = self.news.endings();
        let own = hf_jobs.iter().filter(|hf_job| hf_job.repo == repo.id);
        let own: Vec<HfJob> = own.cloned().collect();
        let Ok(view) = looking::view(&mut self.wire, repo, &own).await else {
            return Vec::new();
        };
        self.clear_up(repo, &view, &own).await;
        let mut needs = Vec::new();
        for (label, balance) in self.balances(repo, &view, &own).await {
            let lane = (repo.id, label);
            self.troubles.see(&balance.waiting);
            let idles = self.longest_idle(&balance);
            let warm = self.habits.warm.get(&lane.1).copied().unwrap_or(0);
            let target = self.windows.target(&lane, &balance, idles, warm);
            let supply = balance.supply();
            if supply > target {
                self.reduce(repo, &balance, supply - target).await;
            }
            let since = balance.waiting.iter().map(|job| &job.created_at).min();
            needs.push(Need {
                repo: repo.clone(),
                lane,
                endings,
                // What waits comes before what is only kept warm.
                since: since.map_or_else(|| "later".to_owned(), String::clone),
                supply,
                missing: target.saturating_sub(supply),
                waiting: balance.waiting,
                given_up: balance.given_up,
            });
        }
        needs
    }

    /// Removes registrations that no HF job of ours stands behind.
    async fn clear_up(&mut self, repo: &Repo, view: &View, own: &[HfJob]) {
        let prefix = acting::prefix(self.habits.name, repo.id);
        for runner in &view.runners {
            let is_left = runner.name.starts_with(&prefix)
                && own.iter().all(|hf_job| hf_job.runner != runner.name)
                && !runner.is_online
                && !runner.is_busy;
            if self.looks_so_for(&runner.name, is_left) >= UNCLAIMED {
                let _later = acting::deregister(&mut self.wire, repo, runner.id).await;
            }
        }
    }

    /// Every lane with something in it.
    async fn balances(
        &mut self,
        repo: &Repo,
        view: &View,
        own: &[HfJob],
    ) -> BTreeMap<String, Balance> {
        let mut lanes: BTreeMap<String, Balance> = BTreeMap::new();
        for label in self.habits.warm.keys() {
            lanes.entry(label.clone()).or_default();
        }
        for job in view.jobs.iter().filter(|job| job.is_queued) {
            let Some(label) = self.label(&job.labels) else {
                continue;
            };
            let works = |other: &Job| other.run == job.run && !other.runner.is_empty();
            let waiting = Waiting {
                id: job.id,
                run: job.run,
                is_alone: !view.jobs.iter().any(works),
                commit: job.commit.clone(),
                created_at: job.created_at.clone(),
            };
            let balance = lanes.entry(label).or_default();
            if self.troubles.is_told(job.id) {
                balance.given_up.push(waiting);
            } else {
                balance.waiting.push(waiting);
            }
        }
        for hf_job in own {
            let balance = lanes.entry(hf_job.label.clone()).or_default();
            self.stand(repo, view, hf_job, balance).await;
        }
        lanes
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

    /// Creates what a lane lacks, as far as its jobs are still queued when asked one by one.
    async fn meet(&mut self, need: &Need, alive: &mut Alive) {
        let mut missing = need.missing;
        let may_create = missing > 0
            && acting::is_due(&self.wire, &need.lane)
            && alive.has_room(&self.orders, &need.lane);
        if !need.waiting.is_empty() && may_create {
            let gone = self.gone_meanwhile(need).await;
            missing = missing.saturating_sub(gone);
        }
        for _ in 0..missing {
            let is_free = alive.has_room(&self.orders, &need.lane);
            if !is_free || self.news.endings() != need.endings {
                break;
            }
            let supplied = acting::supply(self, &need.repo, &need.lane, need.endings).await;
            if supplied.is_err() {
                break;
            }
            alive.add(need.lane.0, &need.lane.1);
        }
        self.troubles
            .tell(&mut self.wire, &need.repo, &need.lane, &need.waiting)
            .await;
        acting::end_runs(&mut self.wire, &need.repo, &need.given_up).await;
    }

    /// How many of the jobs that were listed as queued are not. The first that show a need are enough.
    async fn gone_meanwhile(&mut self, need: &Need) -> usize {
        let enough = need.supply + need.missing;
        let (mut queued, mut gone) = (0, 0);
        for job in &need.waiting {
            if queued >= enough {
                return 0;
            }
            match looking::is_queued(&mut self.wire, &need.repo, job.id).await {
                Ok(true) | Err(_) => queued += 1,
                Ok(false) => gone += 1,
            }
        }
        gone
    }
}
