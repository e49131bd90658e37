//! Which queued jobs and which idle runners suit each other, kept up to date as they come and go.
//!
//! Jobs with the same repository, group and labels are one class, and so are runners with the same owner,
//! group and labels. What suits what is decided once for two classes, when the younger one appears:
//! 1. A class of runners is found under each of its labels; a class of jobs under one of its labels only,
//!    its anchor, which is the one the fewest other classes of jobs had.
//! 2. A new class of jobs looks at the runners under its rarest label. A new class of runners looks at the
//!    jobs anchored at any of its labels.
//!
//! So a hundred thousand jobs that nobody can run cost nothing when a runner comes that does not suit them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::waiting_lines::{Place, WaitingLines};
use crate::{
    github::state::{
        accounts::{owner::Scope, repository::Repository},
        runners::groups::RunnerGroups,
    },
    ids::{JobId, RunnerId},
};

/// What makes runners interchangeable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) struct RunnerKind {
    pub(in crate::github) scope: Scope,
    pub(in crate::github) group: u64,
    /// In lower case, sorted.
    pub(in crate::github) labels: Vec<String>,
}

/// What makes jobs interchangeable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) struct JobKind {
    pub(in crate::github) repo: u64,
    pub(in crate::github) organization: Option<u64>,
    /// The group that `runs-on` names, in lower case.
    pub(in crate::github) group: Option<String>,
    /// In lower case, sorted.
    pub(in crate::github) labels: Vec<String>,
}

impl JobKind {
    fn scopes(&self) -> impl Iterator<Item = Scope> {
        let own = std::iter::once(Scope::Repository(self.repo));
        own.chain(self.organization.map(Scope::Organization))
    }
}

/// A class of jobs or of runners. Numbers are not used twice.
pub(in crate::github) type Class = u64;

struct IdleClass {
    kind: Arc<RunnerKind>,
    /// Since when each is idle, and its id.
    members: BTreeSet<(u64, RunnerId)>,
    suits: BTreeSet<Class>,
}

struct WaitingClass {
    kind: Arc<JobKind>,
    repo: Arc<Repository>,
    anchor: String,
    members: WaitingLines,
    suits: BTreeSet<Class>,
}

/// The index.
#[derive(Default)]
pub(in crate::github) struct Matching {
    idle: BTreeMap<Class, IdleClass>,
    waiting: BTreeMap<Class, WaitingClass>,
    idle_of: BTreeMap<Arc<RunnerKind>, Class>,
    waiting_of: BTreeMap<Arc<JobKind>, Class>,
    /// Where each runner and each job stands.
    runner_places: BTreeMap<RunnerId, (Class, u64)>,
    job_places: BTreeMap<JobId, (Class, Place)>,
    idle_with: BTreeMap<(Scope, String), BTreeSet<Class>>,
    anchored_at: BTreeMap<(Scope, String), BTreeSet<Class>>,
    /// How many classes of jobs want each label.
    wanted: BTreeMap<String, usize>,
    /// Classes of jobs that some idle runner suits.
    servable: BTreeSet<Class>,
    last_class: Class,
}

impl Matching {
    /// An idle runner is there, since this time.
    pub(in crate::github) fn add_runner(
        &mut self,
        runner: RunnerId,
        since_ms: u64,
        kind: RunnerKind,
        groups: &BTreeMap<u64, RunnerGroups>,
    ) {
        let class = match self.idle_of.get(&kind) {
            Some(known) => *known,
            None => self.new_idle_class(kind, groups),
        };
        if let Some(found) = self.idle.get_mut(&class) {
            found.members.insert((since_ms, runner));
        }
        self.runner_places.insert(runner, (class, since_ms));
    }

    fn new_idle_class(&mut self, kind: RunnerKind, groups: &BTreeMap<u64, RunnerGroups>) -> Class {
        self.last_class += 1;
        let (class, kind) = (self.last_class, Arc::new(kind));
        let mut suits = BTreeSet::new();
        for label in &kind.labels {
            let key = (kind.scope, label.clone());
            for job_class in self.anchored_at.get(&key).into_iter().flatten() {
                let Some(jobs) = self.waiting.get_mut(job_class) else {
                    continue;
                };
                if suit(&kind, &jobs.kind, &jobs.repo, groups) {
                    jobs.suits.insert(class);
                    suits.insert(*job_class);
                }
            }
            self.idle_with.entry(key).or_default().insert(class);
        }
        self.servable.extend(&suits);
        self.idle_of.insert(kind.clone(), class);
        let members = BTreeSet::new();
        self.idle.insert(
            class,
            IdleClass {
                kind,
                members,
                suits,
            },
        );
        class
    }

    /// A runner is no longer idle, or no longer what it was.
    pub(in crate::github) fn remove_runner(&mut self, runner: RunnerId) {
        let Some((class, since_ms)) = self.runner_places.remove(&runner) else {
            return;
        };
        let Some(found) = self.idle.get_mut(&class) else {
            return;
        };
        found.members.remove(&(since_ms, runner));
        if !found.members.is_empty() {
            return;
        }
        let Some(gone) = self.idle.remove(&class) else {
            return;
        };
        self.idle_of.remove(&gone.kind);
        for label in &gone.kind.labels {
            leave(
                &mut self.idle_with,
                &(gone.kind.scope, label.clone()),
                class,
            );
        }
        for job_class in gone.suits {
            if let Some(jobs) = self.waiting.get_mut(&job_class) {
                jobs.suits.remove(&class);
                if jobs.suits.is_empty() {
                    self.servable.remove(&job_class);
                }
            }
        }
    }

    /// A queued job is there, with this place in the line. One without labels suits nobody.
    pub(in crate::github) fn add_job(
        &mut self,
        job: JobId,
        place: Place,
        kind: JobKind,
        repo: &Arc<Repository>,
        groups: &BTreeMap<u64, RunnerGroups>,
    ) {
        let class = match self.waiting_of.get(&kind) {
            Some(known) => *known,
            None => match self.new_waiting_class(kind, repo, groups) {
                Some(made) => made,
                None => return,
            },
        };
        if let Some(found) = self.waiting.get_mut(&class) {
            found.members.insert(job, &place);
        }
        self.job_places.insert(job, (class, place));
    }

    fn new_waiting_class(
        &mut self,
        kind: JobKind,
        repo: &Arc<Repository>,
        groups: &BTreeMap<u64, RunnerGroups>,
    ) -> Option<Class> {
        let uses = |label: &&String| self.wanted.get(*label).copied().unwrap_or(0);
        let anchor = kind.labels.iter().min_by_key(uses)?.clone();
        self.last_class += 1;
        let (class, kind) = (self.last_class, Arc::new(kind));
        for label in &kind.labels {
            *self.wanted.entry(label.clone()).or_insert(0) += 1;
        }
        let mut suits = BTreeSet::new();
        for scope in kind.scopes() {
            let key = (scope, anchor.clone());
            self.anchored_at.entry(key).or_default().insert(class);
            for runner_class in self.fewest_with(scope, &kind.labels) {
                let Some(runners) = self.idle.get_mut(&runner_class) else {
                    continue;
                };
                if suit(&runners.kind, &kind, repo, groups) {
                    runners.suits.insert(class);
                    suits.insert(runner_class);
                }
            }
        }
        if !suits.is_empty() {
            self.servable.insert(class);
        }
        self.waiting_of.insert(kind.clone(), class);
        let made = WaitingClass {
            kind,
            repo: repo.clone(),
            anchor,
            members: WaitingLines::default(),
            suits,
        };
        self.waiting.insert(class, made);
        Some(class)
    }

    /// The classes of runners with the label that the fewest of them have; none if a label is on nobody.
    fn fewest_with(&self, scope: Scope, labels: &[String]) -> BTreeSet<Class> {
        let with = |label: &String| self.idle_with.get(&(scope, label.clone()));
        let size = |label: &&String| with(label).map_or(0, BTreeSet::len);
        let rarest = labels.iter().min_by_key(size).and_then(with);
        rarest.cloned().unwrap_or_default()
    }

    /// A job is no longer queued.
    pub(in crate::github) fn remove_job(&mut self, job: JobId) {
        let Some((class, place)) = self.job_places.remove(&job) else {
            return;
        };
        let Some(found) = self.waiting.get_mut(&class) else {
            return;
        };
        found.members.remove(job, &place);
        if !found.members.is_empty() {
            return;
        }
        let Some(gone) = self.waiting.remove(&class) else {
            return;
        };
        self.waiting_of.remove(&gone.kind);
        self.servable.remove(&class);
        for label in &gone.kind.labels {
            if let Some(uses) = self.wanted.get_mut(label) {
                *uses -= 1;
                if *uses == 0 {
                    self.wanted.remove(label);
                }
            }
        }
        for scope in gone.kind.scopes() {
            leave(&mut self.anchored_at, &(scope, gone.anchor.clone()), class);
        }
        for runner_class in gone.suits {
            if let Some(runners) = self.idle.get_mut(&runner_class) {
                runners.suits.remove(&class);
            }
        }
    }

    /// The classes of jobs that some idle runner suits.
    pub(in crate::github) fn servable(&self) -> impl Iterator<Item = Class> {
        self.servable.iter().copied()
    }

    /// The classes of jobs that this idle runner suits.
    pub(in crate::github) fn suited_by(&self, runner: RunnerId) -> impl Iterator<Item = Class> {
        let place = self.runner_places.get(&runner);
        let found = place.and_then(|(class, _)| self.idle.get(class));
        found
            .into_iter()
            .flat_map(|runners| &runners.suits)
            .copied()
    }

    /// The queued jobs of a class.
    pub(in crate::github) fn line(&self, class: Class) -> Option<&WaitingLines> {
        self.waiting.get(&class).map(|jobs| &jobs.members)
    }

    /// The idle runners that suit a class of jobs, class by class.
    fn suitable(&self, class: Class) -> impl Iterator<Item = &IdleClass> {
        let suits = self.waiting.get(&class).map(|jobs| &jobs.suits);
        suits
            .into_iter()
            .flatten()
            .filter_map(|runners| self.idle.get(runners))
    }

    /// The runner that suits a class of jobs and has been idle longest.
    pub(in crate::github) fn longest_idle(&self, class: Class) -> Option<(u64, RunnerId)> {
        self.suitable(class)
            .filter_map(|runners| runners.members.first())
            .min()
            .copied()
    }

    /// All runners that suit a class of jobs: since when they are idle, and their folded labels.
    pub(in crate::github) fn all_idle(
        &self,
        class: Class,
    ) -> impl Iterator<Item = (u64, RunnerId, &[String])> {
        self.suitable(class).flat_map(|runners| {
            let labels = runners.kind.labels.as_slice();
            let members = runners.members.iter();
            members.map(move |(since_ms, runner)| (*since_ms, *runner, labels))
        })
    }

    /// Groups have changed: what suits what is decided anew.
    pub(in crate::github) fn decide_anew(&mut self, groups: &BTreeMap<u64, RunnerGroups>) {
        let old = std::mem::take(self);
        self.last_class = old.last_class;
        for runners in old.idle.into_values() {
            for (since_ms, runner) in runners.members {
                self.add_runner(runner, since_ms, RunnerKind::clone(&runners.kind), groups);
            }
        }
        for jobs in old.waiting.into_values() {
            for (job, place) in jobs.members.into_places() {
                let kind = JobKind::clone(&jobs.kind);
                self.add_job(job, place, kind, &jobs.repo, groups);
            }
        }
    }
}

fn leave(
    index: &mut BTreeMap<(Scope, String), BTreeSet<Class>>,
    key: &(Scope, String),
    class: Class,
) {
    if let Some(classes) = index.get_mut(key) {
        classes.remove(&class);
        if classes.is_empty() {
            index.remove(key);
        }
    }
}

/// Whether such a runner may run such a job: it carries every label, and its group serves the repository.
fn suit(
    runner: &RunnerKind,
    job: &JobKind,
    repo: &Repository,
    groups: &BTreeMap<u64, RunnerGroups>,
) -> bool {
    job.labels
        .iter()
        .all(|label| runner.labels.binary_search(label).is_ok())
        && RunnerGroups::serve(
            groups,
            runner.scope,
            runner.group,
            repo,
            job.group.as_deref(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{GithubSettings, RepoSettings};

    fn repo() -> Arc<Repository> {
        let settings = RepoSettings::installed("octo/app");
        Arc::new(Repository::new(
            &settings,
            7,
            None,
            &GithubSettings::default(),
        ))
    }

    fn runner(labels: &[&str]) -> RunnerKind {
        RunnerKind {
            scope: Scope::Repository(7),
            group: 1,
            labels: crate::github::state::runners::labels::folded_set(labels.iter().copied()),
        }
    }

    fn job(labels: &[&str]) -> JobKind {
        JobKind {
            repo: 7,
            organization: None,
            group: None,
            labels: crate::github::state::runners::labels::folded_set(labels.iter().copied()),
        }
    }

    fn place(precedence: u64) -> Place {
        Place {
            precedence,
            since_ms: precedence,
            matrix: crate::github::state::runs::job::Matrix {
                run: crate::ids::RunId(1),
                name: None,
            },
        }
    }

    /// The label sets of every subset relation among these, found by the index in both orders of arrival.
    #[test]
    fn the_index_finds_what_a_comparison_of_all_pairs_finds() {
        let sets: Vec<Vec<&str>> = (1_u32..32)
            .map(|bits| {
                let labels = ["a", "b", "c", "d", "e"].into_iter().enumerate();
                let chosen = labels.filter(|(place, _)| bits & (1 << place) != 0);
                chosen.map(|(_, label)| label).collect()
            })
            .collect();
        for runners_first in [true, false] {
            let (mut index, groups, repo) = (Matching::default(), BTreeMap::new(), repo());
            let add_runners = |index: &mut Matching| {
                for (id, set) in (0..).zip(&sets) {
                    index.add_runner(RunnerId(id), id, runner(set), &groups);
                }
            };
            if runners_first {
                add_runners(&mut index);
            }
            for (id, set) in (0..).zip(&sets) {
                index.add_job(JobId(id), place(id), job(set), &repo, &groups);
            }
            if !runners_first {
                add_runners(&mut index);
            }
            for (id, wanted) in (0..).zip(&sets) {
                let class = index.job_places[&JobId(id)].0;
                let mut found: Vec<u64> = index.all_idle(class).map(|(_, id, _)| id.0).collect();
                found.sort_unstable();
                let covers = |set: &&Vec<&str>| wanted.iter().all(|label| set.contains(label));
                let all = (0..).zip(&sets).filter(|(_, set)| covers(set));
                assert_eq!(found, all.map(|(id, _)| id).collect::<Vec<u64>>());
            }
        }
    }

    #[test]
    fn nothing_is_left_of_what_went() {
        let (mut index, groups, repo) = (Matching::default(), BTreeMap::new(), repo());
        index.add_runner(RunnerId(1), 0, runner(&["a", "b"]), &groups);
        index.add_job(JobId(1), place(0), job(&["a"]), &repo, &groups);
        assert_eq!(index.servable().count(), 1);
        index.remove_runner(RunnerId(1));
        assert_eq!(index.servable().count(), 0);
        index.remove_job(JobId(1));
        assert!(index.idle_with.is_empty() && index.anchored_at.is_empty());
        assert!(index.wanted.is_empty() && index.servable.is_empty());
        assert!(index.idle_of.is_empty() && index.waiting_of.is_empty());
    }
}
