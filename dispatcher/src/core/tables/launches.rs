//! Launches that are alive: by id, repository, runner's name, HF job, and the job they run.

use std::{collections::BTreeMap, ops::Deref, time::Duration};

use super::{
    book::{Role, STALE_READS},
    groups::Groups,
    table::Table,
};
use crate::core::{
    engine::{later, since},
    model::{HfJobId, JobId, JobKey, Launch, LaunchId, RepoId, RunId, State},
};

/// What the indexes hold of a launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) role: Role,
    /// Its HF job may be alive, or may still be made: it takes a slot of the caps.
    slot: bool,
    runner: String,
    hf_job: Option<HfJobId>,
    job: Option<JobId>,
}

impl Standing {
    pub(super) fn of(launch: &Launch, idle_timeout: Duration) -> Self {
        let supply = |rank, idle_long| Role::Supply {
            rank,
            intended_at: launch.intended_at,
            surplus: launch.live.surplus_since.is_some(),
            idle_long,
            tries: launch.tries(),
        };
        let mut running = None;
        let role = match &launch.state {
            State::Intended { .. } => supply(0, false),
            State::Credentialed => supply(1, false),
            State::Creating { .. } => supply(2, false),
            State::Booting { .. } => supply(3, false),
            State::Idle { since: idle_since } => {
                let shown = launch.live.online_at.unwrap_or(*idle_since);
                supply(4, since(shown, *idle_since) >= idle_timeout)
            }
            State::Busy {
                job,
                since: busy_since,
                done_at,
            } => {
                running = *job;
                let unknown = job.is_none() && done_at.is_none();
                Role::Busy {
                    done: done_at.is_some(),
                    stand_in: unknown.then(|| later(*busy_since, STALE_READS)),
                }
            }
            State::Retiring { removed, never_ran } => Role::Leaving {
                reachable: !removed && !never_ran && !launch.live.hf_over,
            },
        };
        Self {
            role,
            slot: !launch.live.hf_over,
            runner: launch.runner.clone(),
            hf_job: launch.hf_job.clone(),
            job: running,
        }
    }

    fn is_steady(&self) -> bool {
        matches!(self.role, Role::Busy { .. })
    }

    /// The job that the runner's name names.
    pub(super) fn namesake(&self) -> Option<(RunId, JobId)> {
        namesake(&self.runner)
    }
}

/// The run and the job in a runner's name: `hfjobs-RUN-JOB`, or that with a suffix after another `-`.
fn namesake(runner: &str) -> Option<(RunId, JobId)> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|n| n.to_string() == text);
    let mut parts = runner.strip_prefix("hfjobs-")?.split('-');
    let run = number(parts.next()?)?;
    let job = number(parts.next()?)?;
    Some((RunId(run), JobId(job)))
}

/// The live launches. They are changed by [`Core::with_launch`](crate::core::Core) and its like, and read like a map.
#[derive(Debug, Default)]
pub(in crate::core) struct Launches {
    table: Table<LaunchId, Launch>,
    by_repo: Groups<RepoId>,
    by_runner: Groups<String>,
    by_hf_job: Groups<HfJobId>,
    by_job: Groups<JobKey>,
    with_hf_job: usize,
    unsteady: usize,
    slots: usize,
    slots_by_repo: BTreeMap<RepoId, usize>,
}

impl Deref for Launches {
    type Target = Table<LaunchId, Launch>;

    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

impl Launches {
    pub(in crate::core) fn of_repo(&self, repo: RepoId) -> impl Iterator<Item = &LaunchId> {
        self.by_repo.of(&repo)
    }

    pub(in crate::core) fn count_of_repo(&self, repo: RepoId) -> usize {
        self.by_repo.count(&repo)
    }

    /// Slots of the caps that are taken: by launches whose HF job may be alive, or may still be made.
    pub(in crate::core) fn slots(&self) -> usize {
        self.slots
    }

    /// The same, in one repository.
    pub(in crate::core) fn slots_of_repo(&self, repo: RepoId) -> usize {
        self.slots_by_repo.get(&repo).copied().unwrap_or(0)
    }

    /// Launches whose runner has this name, in whatever repository.
    pub(in crate::core) fn of_runner(&self, name: &str) -> impl Iterator<Item = &LaunchId> {
        self.by_runner.of(name)
    }

    /// The names of their runners that begin like this.
    pub(in crate::core) fn names_from<'a>(
        &'a self,
        beginning: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        self.by_runner
            .keys_from(beginning)
            .map(String::as_str)
            .take_while(move |name| name.starts_with(beginning))
    }

    pub(in crate::core) fn of_hf_job(&self, id: &HfJobId) -> impl Iterator<Item = &LaunchId> {
        self.by_hf_job.of(id)
    }

    /// Launches whose runner has this job, done with it or not.
    pub(in crate::core) fn of_job(&self, key: JobKey) -> impl Iterator<Item = &LaunchId> {
        self.by_job.of(&key)
    }

    /// Launches that have an HF job.
    pub(in crate::core) fn with_hf_job(&self) -> usize {
        self.with_hf_job
    }

    /// Launches that have an HF job and are not busy.
    pub(in crate::core) fn unsteady(&self) -> usize {
        self.unsteady
    }

    pub(super) fn table_mut(&mut self) -> &mut Table<LaunchId, Launch> {
        &mut self.table
    }

    pub(super) fn file(&mut self, id: &LaunchId, repo: RepoId, standing: &Standing) {
        self.by_repo.add(repo, id);
        if standing.slot {
            self.slots += 1;
            *self.slots_by_repo.entry(repo).or_default() += 1;
        }
        self.by_runner.add(standing.runner.clone(), id);
        if let Some(hf_job) = &standing.hf_job {
            self.by_hf_job.add(hf_job.clone(), id);
            self.with_hf_job += 1;
            self.unsteady += usize::from(!standing.is_steady());
        }
        if let Some(job) = standing.job {
            self.by_job.add(JobKey { repo, job }, id);
        }
    }

    pub(super) fn unfile(&mut self, id: &LaunchId, repo: RepoId, standing: &Standing) {
        self.by_repo.remove(&repo, id);
        if standing.slot {
            self.slots = self.slots.saturating_sub(1);
            let slots = self.slots_by_repo.entry(repo).or_default();
            *slots = slots.saturating_sub(1);
            if *slots == 0 {
                self.slots_by_repo.remove(&repo);
            }
        }
        self.by_runner.remove(&standing.runner, id);
        if let Some(hf_job) = &standing.hf_job {
            self.by_hf_job.remove(hf_job, id);
            self.with_hf_job = self.with_hf_job.saturating_sub(1);
            let unsteady = usize::from(!standing.is_steady());
            self.unsteady = self.unsteady.saturating_sub(unsteady);
        }
        if let Some(job) = standing.job {
            self.by_job.remove(&JobKey { repo, job }, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runners_name_names_its_job_with_or_without_a_suffix() {
        let of = |name| namesake(name).map(|(run, job)| (run.0, job.0));
        assert_eq!(of("hfjobs-7-12"), Some((7, 12)));
        assert_eq!(of("hfjobs-7-12-00ab"), Some((7, 12)));
        for other in [
            "hfjobs-7",
            "hfjobs-7-x",
            "hfjobs-07-1",
            "else-7-12",
            "hfjobs-7-+1",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
