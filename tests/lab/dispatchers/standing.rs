//! What an HF job is good for: it works, it is supply (booting or idle), or it is nothing and ends.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    acting,
    looking::{self, HfJob, Repo, Runner, View},
    reconciling::{LEFT_BEHIND, Reconciler, Waiting},
    wire::Failure,
};

/// Not even a booting runner is given up sooner: demand may come back.
const YOUNG: Duration = Duration::from_secs(300);
/// A runner idles no longer than this, so that its HF job's timeout never falls into a job.
const OLD: Duration = Duration::from_secs(2 * 3600);

/// What a lane needs and has.
#[derive(Default)]
pub(super) struct Balance {
    pub(super) waiting: Vec<Waiting>,
    /// Jobs whose users were told.
    pub(super) given_up: Vec<Waiting>,
    pub(super) booting: Vec<HfJob>,
    pub(super) idle: Vec<HfJob>,
}

impl Balance {
    pub(super) fn supply(&self) -> usize {
        self.booting.len() + self.idle.len()
    }
}

/// Runners that GitHub says are not there, and since when, by name. It is asked seldom: it has said so.
#[derive(Default)]
pub(super) struct Absences(BTreeMap<String, Instant>);

/// What became of a runner that no list shows.
enum Absent {
    /// It is there.
    Listed(Runner),
    /// It is not, for so long.
    Gone(Duration),
    Unknown,
}

impl Reconciler {
    /// Enters an HF job in the balance of its lane, or ends it.
    pub(super) async fn stand(
        &mut self,
        repo: &Repo,
        view: &View,
        hf_job: &HfJob,
        balance: &mut Balance,
    ) {
        if self.disarmed.contains(&hf_job.id) {
            let _later = acting::cancel(&mut self.wire, &hf_job.id).await;
            return;
        }
        if view.jobs.iter().any(|job| job.runner == hf_job.runner) {
            self.is_up(hf_job);
            self.idle_since.remove(&hf_job.runner);
            return;
        }
        let mut listed = view.runners.iter();
        let runner = match listed.find(|runner| runner.name == hf_job.runner) {
            Some(runner) => {
                self.absences.0.remove(&hf_job.runner);
                Absent::Listed(runner.clone())
            }
            None => self.look_for(repo, hf_job).await,
        };
        match runner {
            Absent::Listed(runner) => self.stand_as(repo, &runner, hf_job, balance).await,
            Absent::Gone(long) if long >= LEFT_BEHIND => self.end(repo, hf_job).await,
            // A new one may not show yet.
            Absent::Gone(_) if hf_job.age < YOUNG && !self.came_up.contains(&hf_job.runner) => {
                balance.booting.push(hf_job.clone());
            }
            Absent::Gone(_) => {}
            Absent::Unknown => balance.booting.push(hf_job.clone()),
        }
    }

    async fn look_for(&mut self, repo: &Repo, hf_job: &HfJob) -> Absent {
        let since = self.absences.0.get(&hf_job.runner).copied();
        if let Some(since) = since.filter(|since| since.elapsed() < LEFT_BEHIND) {
            return Absent::Gone(since.elapsed());
        }
        match looking::runner_of(&mut self.wire, repo, hf_job.runner_id).await {
            Ok(Some(runner)) => {
                self.absences.0.remove(&hf_job.runner);
                Absent::Listed(runner)
            }
            Ok(None) => {
                let since = self.absences.0.entry(hf_job.runner.clone());
                Absent::Gone(since.or_insert_with(Instant::now).elapsed())
            }
            Err(_) => Absent::Unknown,
        }
    }

    async fn stand_as(
        &mut self,
        repo: &Repo,
        runner: &Runner,
        hf_job: &HfJob,
        balance: &mut Balance,
    ) {
        if runner.is_busy {
            // Taken, though its job does not show it yet: it is that job's supply.
            self.is_up(hf_job);
            self.idle_since.remove(&hf_job.runner);
            balance.idle.push(hf_job.clone());
        } else if runner.is_online {
            self.is_up(hf_job);
            let since = self.idle_since.entry(hf_job.runner.clone());
            if since.or_insert_with(Instant::now).elapsed() >= OLD {
                self.end(repo, hf_job).await;
            } else {
                balance.idle.push(hf_job.clone());
            }
        } else if hf_job.age < self.orders.boot_deadline {
            balance.booting.push(hf_job.clone());
        } else {
            self.end(repo, hf_job).await;
            if self.disarmed.contains(&hf_job.id) {
                let lane = (hf_job.repo, hf_job.label.clone());
                self.troubles.fails(&lane, Failure::Unknown);
            } else {
                // Until its registration is gone it may still come up.
                balance.booting.push(hf_job.clone());
            }
        }
    }

    fn is_up(&mut self, hf_job: &HfJob) {
        self.came_up.insert(hf_job.runner.clone());
        self.troubles.is_over(&(hf_job.repo, hf_job.label.clone()));
    }

    /// Ends an HF job: first its runner must be sure to get no job.
    async fn end(&mut self, repo: &Repo, hf_job: &HfJob) {
        if acting::disarm(&mut self.wire, repo, hf_job).await.is_ok() {
            self.disarmed.insert(hf_job.id.clone());
            let _later = acting::cancel(&mut self.wire, &hf_job.id).await;
        }
    }

    /// How long a runner has been idle.
    fn idles(&self, hf_job: &HfJob) -> Duration {
        let since = self.idle_since.get(&hf_job.runner);
        since.map_or(Duration::ZERO, Instant::elapsed)
    }

    pub(super) fn longest_idle(&self, balance: &Balance) -> Duration {
        let idle = balance.idle.iter().map(|hf_job| self.idles(hf_job));
        idle.max().unwrap_or_default()
    }

    /// Gives up HF jobs that nothing waits for: boots first, then those that have idled for long enough.
    pub(super) async fn reduce(&mut self, repo: &Repo, balance: &Balance, too_many: usize) {
        let booting = balance.booting.iter().filter(|hf_job| hf_job.age >= YOUNG);
        let long = |hf_job: &&HfJob| self.idles(hf_job) >= self.orders.idle_timeout;
        let idle = balance.idle.iter().filter(long);
        let surplus: Vec<HfJob> = booting.chain(idle).take(too_many).cloned().collect();
        for hf_job in surplus {
            self.end(repo, &hf_job).await;
        }
    }
}
