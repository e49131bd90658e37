//! Runs that may not begin yet: those of a busy concurrency group, and those of forks.
//!
//! In a group one run goes at a time, and one more may wait. A third takes the place of the one that
//! waits, which is cancelled. The jobs of a run that is held come into being when it is let go.

use crate::{
    github::{
        handle::Github,
        state::{
            records::{Job, Run, State},
            runs::standing::{RunConclusion, RunStatus, Standing},
        },
    },
    history::{Conclusion, What},
    ids::{EventId, RunId},
};

/// A workflow's `concurrency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// The group: one run of it goes at a time in a repository. Case makes no difference.
    pub group: String,
    /// Whether a new run cancels the one that goes.
    pub cancel_in_progress: bool,
}

/// Why a run has no jobs yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) enum Hold {
    /// A maintainer has to approve it, since it comes from a fork.
    Fork,
    /// Another run of its concurrency group comes first.
    Group,
}

impl Hold {
    /// How GitHub shows such a run. That a fork's is completed with `action_required` is how people
    /// report it; GitHub does not document it.
    pub(in crate::github) const fn standing(self) -> Standing {
        match self {
            Self::Fork => Standing {
                status: RunStatus::Completed,
                conclusion: Some(RunConclusion::Jobs(Conclusion::ActionRequired)),
            },
            Self::Group => Standing {
                status: RunStatus::Pending,
                conclusion: None,
            },
        }
    }
}

/// The runs of a group.
pub(in crate::github) struct Group {
    /// The one that goes.
    holder: RunId,
    /// The one that comes next.
    waiting: Option<RunId>,
}

/// A group's name within its repository.
pub(in crate::github) type GroupKey = (u64, String);

/// What a run gets when it asks its group to begin.
enum Claim {
    /// It may begin.
    Granted,
    /// It was held before, and still is.
    Held,
    /// It is held from now on.
    Blocked {
        holder: RunId,
        displaced: Option<RunId>,
    },
}

fn key_of(run: &Run) -> Option<GroupKey> {
    let concurrency = run.concurrency.as_ref()?;
    Some((run.repo.id, concurrency.group.to_lowercase()))
}

impl Github {
    /// Puts a new job into the world, now or when its run may begin.
    pub(in crate::github) fn bring(&self, state: &mut State, job: Job, because: Option<EventId>) {
        let run = job.run;
        let claim = state.claim(run);
        if let Claim::Granted = claim {
            self.begin_job(state, job, because, true);
            return;
        }
        state.names.insert(job.name.clone(), job.id);
        state.unborn.entry(run).or_default().push(job);
        state.refile(run);
        let Claim::Blocked { holder, displaced } = claim else {
            return;
        };
        if let Some(displaced) = displaced {
            let event = self.cancel_asked(displaced, because);
            self.cancel_jobs(state, displaced, event);
        }
        if state.cancels_in_progress(run) {
            let event = self.cancel_asked(holder, because);
            self.cancel_jobs(state, holder, event);
        }
    }

    fn cancel_asked(&self, run: RunId, because: Option<EventId>) -> EventId {
        self.history()
            .record(because, What::RunCancelRequested { run, call: None })
    }

    /// If the run is over, the next of its group begins.
    pub(in crate::github) fn pass_group_on(&self, state: &mut State, run: RunId, because: EventId) {
        let Some(key) = state
            .runs
            .get(&run)
            .filter(|run| run.standing.status == RunStatus::Completed)
            .and_then(key_of)
        else {
            return;
        };
        let Some(group) = state
            .groups
            .get_mut(&key)
            .filter(|group| group.holder == run)
        else {
            return;
        };
        match group.waiting.take() {
            Some(next) => {
                group.holder = next;
                self.let_go(state, next, Some(because));
            }
            None => {
                state.groups.remove(&key);
            }
        }
    }

    /// The run is held no longer: its jobs begin.
    pub(in crate::github) fn let_go(
        &self,
        state: &mut State,
        run: RunId,
        because: Option<EventId>,
    ) {
        if let Some(run) = state.runs.get_mut(&run) {
            run.hold = None;
        }
        let now = self.now();
        for job in state.unborn.remove(&run).unwrap_or_default() {
            let job = Job {
                created_at: now,
                ..job
            };
            self.bring(state, job, because);
        }
        state.refile(run);
    }
}

impl State {
    fn claim(&mut self, id: RunId) -> Claim {
        let Some(run) = self.runs.get_mut(&id) else {
            return Claim::Granted;
        };
        if run.hold.is_some() {
            return Claim::Held;
        }
        let Some(key) = key_of(run) else {
            return Claim::Granted;
        };
        let group = self.groups.entry(key).or_insert(Group {
            holder: id,
            waiting: None,
        });
        if group.holder == id {
            return Claim::Granted;
        }
        run.hold = Some(Hold::Group);
        Claim::Blocked {
            holder: group.holder,
            displaced: group.waiting.replace(id),
        }
    }

    fn cancels_in_progress(&self, run: RunId) -> bool {
        let concurrency = self.runs.get(&run).and_then(|run| run.concurrency.as_ref());
        concurrency.is_some_and(|concurrency| concurrency.cancel_in_progress)
    }

    /// Ends a run that never began, if it is one. Its jobs never come into being.
    pub(in crate::github) fn end_held(&mut self, id: RunId, conclusion: RunConclusion) -> bool {
        let Some(run) = self.runs.get_mut(&id).filter(|run| run.hold.is_some()) else {
            return false;
        };
        run.hold = None;
        run.ended = Some(conclusion);
        let group = key_of(run).and_then(|key| self.groups.get_mut(&key));
        if let Some(group) = group.filter(|group| group.waiting == Some(id)) {
            group.waiting = None;
        }
        self.unborn.remove(&id);
        self.refile(id);
        true
    }
}
