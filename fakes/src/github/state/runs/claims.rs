//! What a run gets when it asks its concurrency group to begin, and how it is let go.

use super::{
    hold::{Group, GroupKey, Hold},
    run::Run,
    standing::RunConclusion,
    table::Runs,
};
use crate::ids::{EventId, RunId};

/// What a run gets when it asks its group to begin.
pub(in crate::github) enum Claim {
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

impl Runs {
    pub(in crate::github) fn claim(&mut self, id: RunId) -> Claim {
        let Some(run) = self.by_id.get_mut(&id) else {
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

    pub(in crate::github) fn cancels_in_progress(&self, run: RunId) -> bool {
        let concurrency = self
            .by_id
            .get(&run)
            .and_then(|run| run.concurrency.as_ref());
        concurrency.is_some_and(|concurrency| concurrency.cancel_in_progress)
    }

    /// Ends a run that never began, if it is one. Its jobs never come into being.
    pub(in crate::github) fn end_held(&mut self, id: RunId, conclusion: RunConclusion) -> bool {
        let Some(run) = self.by_id.get_mut(&id).filter(|run| run.hold.is_some()) else {
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

pub(in crate::github) fn key_of(run: &Run) -> Option<GroupKey> {
    let concurrency = run.concurrency.as_ref()?;
    Some((run.repo.id, concurrency.group.to_lowercase()))
}

impl Runs {
    /// A job of the run ended: if it was the last one, the run's group can pass on.
    pub(in crate::github) fn note_ended(&mut self, run: RunId, because: EventId) {
        if !self.goes_on(run) {
            self.ended.push_back((run, because));
        }
    }
}
