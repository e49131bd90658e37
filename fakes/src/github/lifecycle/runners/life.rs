//! The life of a runner's record: made, idle, through with a job, lost, away for too long, removed.

use super::assigning::millis;
use crate::{
    github::{
        handle::Github,
        objects::runner_refusal::RunnerRefusal,
        state::{
            accounts::owner::Owner,
            queue::agenda::Duty,
            records::State,
            runners::{
                labels::RunnerLabels,
                orders::ToRunner,
                record::{Jit, Link, Runner},
            },
            runs::job::Status,
        },
    },
    history::{Conclusion, Removal, What},
    ids::{EventId, HfJobId, JobId, RunnerId},
};

/// A runner somebody registers without a process of its own.
#[derive(Clone, Debug)]
pub struct NewRunner {
    /// `owner/name` of a repository, or the login of an organisation.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Exactly its labels.
    pub labels: Vec<String>,
    /// The runner group it is in; none is the default one.
    pub group: Option<String>,
    /// Whether its record goes after one job.
    pub ephemeral: bool,
}

/// What a runner's record is made from.
pub(in crate::github) struct Registration {
    pub(in crate::github) owner: Owner,
    pub(in crate::github) name: String,
    pub(in crate::github) labels: RunnerLabels,
    pub(in crate::github) group: u64,
    pub(in crate::github) jit: Option<Jit>,
    pub(in crate::github) ephemeral: bool,
}

impl Github {
    /// Registers a runner as `config.sh` does without `--replace`. It is offline until
    /// [`Github::connect_runner`].
    ///
    /// # Errors
    /// GitHub's refusal: there is no such owner or group, the name is taken, or the group is full.
    pub fn register_runner(
        &self,
        runner: NewRunner,
        because: Option<EventId>,
    ) -> Result<RunnerId, RunnerRefusal> {
        let mut state = self.state();
        let owner = state.accounts.owner_named(&runner.owner);
        let owner = owner.ok_or(RunnerRefusal::NotFound)?;
        let group = state.runners.group_named(&owner, runner.group.as_deref())?;
        if state.runners.named(owner.scope(), &runner.name).is_some() {
            return Err(RunnerRefusal::NameTaken(runner.name));
        }
        self.group_must_have_room(&state, &owner, group)?;
        let registration = Registration {
            owner,
            name: runner.name,
            labels: RunnerLabels::new(runner.labels, false),
            group,
            jit: None,
            ephemeral: runner.ephemeral,
        };
        Ok(self.add_runner(&mut state, registration, because))
    }

    /// A new runner record.
    pub(in crate::github) fn add_runner(
        &self,
        state: &mut State,
        wanted: Registration,
        because: Option<EventId>,
    ) -> RunnerId {
        let id = state.runners.next_id();
        let created = What::RunnerCreated {
            runner: id,
            name: wanted.name.clone(),
            repo: wanted.owner.name().to_owned(),
            labels: wanted.labels.names(),
        };
        let created = self.history().record(because, created);
        self.inner.calls.faults.know_runner(id, &wanted.name);
        state.runners.insert(Runner {
            id,
            name: wanted.name,
            owner: wanted.owner,
            group: wanted.group,
            labels: wanted.labels,
            ephemeral: wanted.ephemeral,
            jit: wanted.jit,
            link: Link::Never,
            job: None,
            pickup_ms: None,
            lingers: false,
            hf_job: None,
            online_ms: 0,
            online_event: created,
            away: None,
        });
        self.age(state, id, created);
        id
    }

    /// Whether the group can take one runner more.
    pub(in crate::github) fn group_must_have_room(
        &self,
        state: &State,
        owner: &Owner,
        group: u64,
    ) -> Result<(), RunnerRefusal> {
        let settings = &self.settings().runners;
        if state.runners.group_size(owner.scope(), group) < settings.group_runners_max {
            return Ok(());
        }
        Err(self.group_is_full())
    }

    /// The refusal of a runner more than a group can have.
    pub(in crate::github) fn group_is_full(&self) -> RunnerRefusal {
        let settings = &self.settings().runners;
        RunnerRefusal::GroupFull {
            most: settings.group_runners_max,
            status: settings.group_full_status,
        }
    }

    /// The runner reports the end of its job. The record of an ephemeral one goes, any other is idle again.
    pub(crate) fn finish(
        &self,
        runner: RunnerId,
        job: JobId,
        conclusion: Conclusion,
        because: EventId,
    ) -> Result<EventId, RunnerRefusal> {
        let mut state = self.state();
        let found = state.runners.get(&runner);
        let Some(ephemeral) = found
            .filter(|runner| runner.job == Some(job))
            .map(|runner| runner.ephemeral)
        else {
            return Err(RunnerRefusal::NotFound);
        };
        self.conclude(&mut state, job, conclusion, because);
        let ended = state
            .runs
            .jobs
            .get(&job)
            .map_or(because, |job| job.last_event);
        state.let_go(job);
        if ephemeral {
            let busy_for = self.settings().runners.busy_after_job;
            self.retire(&mut state, runner, millis(busy_for), ended);
        } else if let Some(runner) = state.runners.get_mut(&runner) {
            runner.online_ms = self.env().clock.elapsed_ms();
            runner.online_event = ended;
            let id = runner.id;
            state.queue.idle.insert(id);
        }
        self.settle(&mut state);
        Ok(ended)
    }

    /// The record of an ephemeral runner goes, after GitHub has taken it for busy so much longer.
    fn retire(&self, state: &mut State, id: RunnerId, busy_for_ms: u64, because: EventId) {
        if busy_for_ms == 0 {
            self.remove_runner(state, id, Removal::Ephemeral, because);
            return;
        }
        let Some(runner) = state.runners.get_mut(&id) else {
            return;
        };
        runner.link = Link::Offline;
        runner.lingers = true;
        let at_ms = self.env().clock.elapsed_ms().saturating_add(busy_for_ms);
        self.plan(state, at_ms, Duty::Release(id, because));
    }

    /// The process of this runner, in this HF job, is gone. GitHub notices later.
    pub(crate) fn process_gone(&self, id: RunnerId, hf_job: &HfJobId, because: EventId) {
        let mut state = self.state();
        let is_its = state
            .runners
            .get(&id)
            .is_some_and(|runner| runner.hf_job.as_ref() == Some(hf_job) && runner.is_connected());
        if is_its {
            self.lose(&mut state, id, because);
        }
    }

    /// The runner whose session was opened from this HF job.
    pub(crate) fn session_from(&self, hf_job: &HfJobId) -> Option<RunnerId> {
        let state = self.state();
        let from = |runner: &&Runner| runner.hf_job.as_ref() == Some(hf_job);
        state.runners.values().find(from).map(|runner| runner.id)
    }

    /// Every process in this HF job is gone.
    pub(crate) fn runners_gone(&self, hf_job: &HfJobId, because: EventId) {
        let ids: Vec<RunnerId> = {
            let state = self.state();
            let from = |runner: &&Runner| runner.hf_job.as_ref() == Some(hf_job);
            let found = state.runners.values().filter(from);
            found.map(|runner| runner.id).collect()
        };
        for id in ids {
            self.process_gone(id, hf_job, because);
        }
    }

    /// A runner stopped asking for orders. GitHub notices later.
    pub(in crate::github) fn connection_lost(&self, id: RunnerId) {
        let mut state = self.state();
        let online = state
            .runners
            .get(&id)
            .and_then(|runner| runner.is_connected().then_some(runner.online_event));
        if let Some(because) = online {
            self.lose(&mut state, id, because);
        }
    }

    /// The connection is gone without a word.
    pub(in crate::github) fn lose(&self, state: &mut State, id: RunnerId, because: EventId) {
        let Some(runner) = state.runners.get_mut(&id) else {
            return;
        };
        runner.link = Link::Lost(because);
        self.after(self.settings().runners.loss_noticed_after, move |github| {
            github.notice_loss(id, because);
        });
    }

    fn notice_loss(&self, id: RunnerId, because: EventId) {
        let mut state = self.state();
        let Some(runner) = state
            .runners
            .get_mut(&id)
            .filter(|runner| matches!(runner.link, Link::Lost(why) if why == because))
        else {
            return;
        };
        runner.link = Link::Offline;
        let (job, last_online) = (runner.job, runner.online_event);
        self.leave_line(&mut state, id);
        let waits_longer = self.settings().runners.job_lost_after;
        match job {
            Some(job) if waits_longer.is_zero() => self.lose_job(&mut state, id, job, because),
            Some(job) => self.after(waits_longer, move |github| {
                github.give_up_job(id, job, last_online, because);
            }),
            None => self.age(&mut state, id, because),
        }
        self.settle(&mut state);
    }

    /// GitHub has lost communication with a runner that is working, unless it came back.
    fn give_up_job(&self, id: RunnerId, job: JobId, last_online: EventId, because: EventId) {
        let mut state = self.state();
        let is_away = state.runners.get(&id).is_some_and(|runner| {
            runner.job == Some(job)
                && runner.online_event == last_online
                && matches!(runner.link, Link::Offline)
        });
        if is_away {
            self.lose_job(&mut state, id, job, because);
            self.settle(&mut state);
        }
    }

    /// What becomes of the job of a runner that was lost, and of the runner.
    fn lose_job(&self, state: &mut State, id: RunnerId, job: JobId, because: EventId) {
        let found = state.runners.get(&id);
        let ephemeral = found.is_some_and(|runner| runner.ephemeral);
        let status = state.runs.jobs.get(&job).map(|job| job.status);
        if status == Some(Status::Queued) {
            // It was handed to the dead runner and never picked up: it waits for another one.
            self.queue_again(state, job, Some(because));
            self.age(state, id, because);
            return;
        }
        let runs = status == Some(Status::InProgress);
        let (ended, busy_for_ms) = if runs && state.runs.ends_recorded(job) {
            // The job goes on elsewhere, as it did when it was recorded.
            let back = self.unassign(state, job, Some(because));
            (back.map_or(because, |(_, event)| event), 0)
        } else if runs {
            state.let_go(job);
            self.conclude(state, job, Conclusion::Failure, because);
            let ended = state
                .runs
                .jobs
                .get(&job)
                .map_or(because, |job| job.last_event);
            (ended, millis(self.settings().runners.busy_after_loss))
        } else {
            state.let_go(job);
            (because, 0)
        };
        if ephemeral {
            self.retire(state, id, busy_for_ms, ended);
        } else {
            self.age(state, id, ended);
        }
    }

    /// The runner is not there any more. The matcher sees that as late as it sees everything.
    pub(in crate::github) fn leave_line(&self, state: &mut State, id: RunnerId) {
        let staleness = millis(self.settings().runners.staleness);
        if staleness == 0 {
            state.queue.idle.remove(&id);
        } else {
            let at_ms = self.env().clock.elapsed_ms().saturating_add(staleness);
            self.plan(state, at_ms, Duty::Unsee(id));
        }
    }

    /// The runner is not connected from now on: it will be removed if it stays away.
    pub(in crate::github) fn age(&self, state: &mut State, id: RunnerId, because: EventId) {
        let settings = &self.settings().runners;
        let Some(runner) = state.runners.get_mut(&id) else {
            return;
        };
        let kept_for = if runner.ephemeral {
            settings.ephemeral_kept_for
        } else {
            settings.kept_for
        };
        let now = self.env().clock.elapsed_ms();
        let at_ms = now.saturating_add(millis(kept_for));
        runner.away = Some((at_ms, because));
        self.plan(state, at_ms, Duty::Age(id, because));
    }

    /// Makes a runner that is not connected look as if it had been away for so much longer, and removes it if
    /// that is too long. Gives whether there is such a runner and it is not connected.
    pub fn age_runner(
        &self,
        runner: RunnerId,
        by: std::time::Duration,
        because: Option<EventId>,
    ) -> bool {
        let mut state = self.state();
        let Some(found) = state.runners.get_mut(&runner) else {
            return false;
        };
        let Some((old_ms, away_because)) = found.away else {
            return false;
        };
        let because = because.unwrap_or(away_because);
        let at_ms = old_ms.saturating_sub(millis(by));
        found.away = Some((at_ms, because));
        state
            .queue
            .agenda
            .strike(old_ms, Duty::Age(runner, away_because));
        if at_ms <= self.env().clock.elapsed_ms() {
            self.remove_runner(&mut state, runner, Removal::Aged, because);
        } else {
            self.plan(&mut state, at_ms, Duty::Age(runner, because));
        }
        true
    }

    /// Takes a runner off the list, and tells its process if it still listens.
    pub(in crate::github) fn remove_runner(
        &self,
        state: &mut State,
        id: RunnerId,
        why: Removal,
        because: EventId,
    ) {
        let Some(runner) = state.runners.remove(&id) else {
            return;
        };
        state.queue.idle.remove(&id);
        if let Some(job) = runner.job {
            state.queue.holders.remove(&job);
        }
        if let Some((at_ms, because)) = runner.away {
            state.queue.agenda.strike(at_ms, Duty::Age(id, because));
        }
        let removed = self
            .history()
            .record(Some(because), What::RunnerRemoved { runner: id, why });
        if let Link::Connected(process) = runner.link {
            // A process that is ending by itself no longer listens.
            let _ended = process.send(ToRunner::Deleted(removed));
        }
    }
}
