//! The core's state and its one entry, [`Core::step`].

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    hf_jobs::HfPoll,
    message::{Access, Command, Input},
    model::{InstallationId, JobKey, LaunchId, Repo, RepoId, Trust},
    redeliveries::Deliveries,
    settings::Settings,
    surveys::SurveyPoll,
    tables::{Closed, DueQueue, Ended, Jobs, Lanes, Launches, Starved, Subject, Table, Touched},
};

/// Keyed randomness: the same key always gives the same bits, so that decisions replay.
pub type Draw = Arc<dyn Fn(&str) -> u64 + Send + Sync>;

/// The whole state of the dispatcher's decisions. Maps are ordered, so that equal inputs give equal commands.
pub struct Core {
    pub(super) settings: Settings,
    pub(super) draw: Draw,
    pub(super) repos: Table<RepoId, Repo>,
    pub(super) jobs: Jobs,
    pub(super) closed: Closed,
    pub(super) launches: Launches,
    pub(super) ended: Ended,
    pub(super) lanes: Lanes,
    /// What has to be looked at again.
    pub(super) touched: Touched,
    /// When something will have to be looked at again; the earliest of these times wakes the core.
    pub(super) due: DueQueue<Subject>,
    /// The same for what may as well wait until something else happens.
    pub(super) overdue: DueQueue<Subject>,
    /// Lanes that caps keep from launching what they want.
    pub(super) starved: Starved,
    pub(super) started_at: Timestamp,
    /// When old things were last looked for.
    pub(super) expired_at: Timestamp,
    pub(super) hf_poll: HfPoll,
    pub(super) survey_poll: SurveyPoll,
    pub(super) deliveries: Deliveries,
    pub(super) calls: Vec<Command>,
    pub(super) dirty: BTreeSet<Dirty>,
    /// Repositories whose runners have to be read in this step.
    pub(super) wanted_readings: BTreeSet<RepoId>,
    /// A launch left supply during this pass: count again.
    pub(super) again: bool,
    /// The earliest time that a rule found itself too early for, since this was last taken.
    noted: Option<Timestamp>,
    wake: Option<Timestamp>,
    stepped_at: Timestamp,
}

/// What has changed since the last write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dirty {
    Job(JobKey),
    Launch(LaunchId),
    Repo(RepoId),
    Deliveries,
}

impl Core {
    /// An empty core at time `now`.
    #[must_use]
    pub fn new(now: Timestamp, settings: Settings, draw: Draw) -> Self {
        Self {
            settings,
            draw,
            repos: Table::default(),
            jobs: Jobs::default(),
            closed: Closed::default(),
            launches: Launches::default(),
            ended: Ended::default(),
            lanes: Lanes::default(),
            touched: Touched::default(),
            due: DueQueue::default(),
            overdue: DueQueue::default(),
            starved: Starved::default(),
            started_at: now,
            expired_at: now,
            hf_poll: HfPoll::default(),
            survey_poll: SurveyPoll::starting(now),
            deliveries: Deliveries::default(),
            calls: Vec::new(),
            dirty: BTreeSet::new(),
            wanted_readings: BTreeSet::new(),
            again: false,
            noted: None,
            wake: None,
            stepped_at: now,
        }
    }

    /// Takes one input and returns the writes and calls that follow, writes first.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Command> {
        if now < self.stepped_at {
            // The clock was set back: what had come may lie ahead again.
            self.touch_everything();
        }
        self.stepped_at = now;
        self.apply(now, input);
        for _ in 0..3 {
            self.again = false;
            self.reconcile(now);
            if !self.again {
                break;
            }
        }
        if self.again {
            self.wake = Some(now);
        }
        let mut commands = self.writes();
        commands.append(&mut self.calls);
        commands
    }

    /// When to step next with [`Input::Tick`] if nothing else happens.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.wake
    }

    fn apply(&mut self, now: Timestamp, input: Input) {
        match input {
            Input::Tick => {}
            Input::Event(sighting) => self.sight_job(now, sighting),
            Input::Delivered(guid) => self.deliveries.delivered(now, guid),
            Input::Installation(repo, answer) => self.installation_answered(now, repo, answer),
            Input::Credential(launch, answer) => self.credential_answered(now, &launch, answer),
            Input::Created(launch, answer) => self.create_answered(now, &launch, answer),
            Input::TagLookedUp(launch, answer) => self.tag_answered(now, &launch, answer),
            Input::HfListed(asked_at, answer) => self.hf_listed(now, asked_at, answer),
            Input::HfInspected(launch, answer) => self.hf_inspected(now, &launch, answer),
            Input::HfCanceled(launch, answer) => self.hf_canceled(now, &launch, answer),
            Input::RunnersListed(repo, answer) => self.runners_listed(now, repo, answer),
            Input::RunnerFound(launch, answer) => self.runner_found(now, &launch, answer),
            Input::RunnerDeleted(launch, answer) => self.runner_deleted(now, &launch, answer),
            Input::JobRead(key, answer) => self.job_read(now, key, answer),
            Input::JobsRead(repo, asked, answer) => self.jobs_read(now, repo, &asked, answer),
            Input::RunRead(repo, run, answer) => self.run_read(now, repo, run, &answer),
            Input::RunCancelled(key, answer) => self.run_cancelled(now, key, answer),
            Input::Surveyed(survey) => self.surveyed(now, survey),
            Input::DeliveriesListed(answer) => self.deliveries_listed(now, answer),
        }
    }

    /// Compares what is with what should be, and asks for the difference. Only what was touched or has come due is
    /// looked at: for anything else the comparison would end as it did before. Each rule that finds itself too early
    /// notes when it will be due, and the earliest of these times is when the core wants to be woken.
    fn reconcile(&mut self, now: Timestamp) {
        self.noted = None;
        while let Some(subject) = self.due.take(now).or_else(|| self.overdue.take(now)) {
            self.touched.add(subject);
        }
        self.expire(now);
        self.ask_installations(now);
        self.turn_away_foreign_jobs(now);
        self.balance(now);
        self.advance_launches(now);
        self.read_runners();
        self.poll_hf(now);
        self.check_jobs(now);
        self.poll_github(now);
        self.wake = earlier(self.noted, self.due.first());
    }

    /// True when `at` has come; otherwise it is noted.
    pub(super) fn due(&mut self, now: Timestamp, at: Timestamp) -> bool {
        if at <= now {
            return true;
        }
        self.noted = earlier(self.noted, Some(at));
        false
    }

    /// Looks at one subject, and has it looked at again when the first of the times comes that were noted meanwhile.
    pub(super) fn look_at<R>(&mut self, subject: Subject, rules: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.noted.take();
        let result = rules(self);
        let noted = std::mem::replace(&mut self.noted, outer);
        self.due.set(subject, noted);
        result
    }

    /// The right to act in a repository, if GitHub has confirmed it.
    pub(super) fn access(&self, repo: RepoId) -> Option<Access> {
        let installation = self.installation(repo)?;
        let name = self.repos.get(&repo)?.name.clone();
        Some(Access {
            repo,
            name,
            installation,
        })
    }

    /// The installation that GitHub has confirmed for a repository.
    pub(super) fn installation(&self, repo: RepoId) -> Option<InstallationId> {
        match self.repos.get(&repo)?.trust {
            Trust::Confirmed(installation) => Some(installation),
            Trust::Unknown(_) | Trust::Refused { .. } => None,
        }
    }

    pub(super) fn bits(&self, key: &str) -> u64 {
        (self.draw)(key)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("jobs", &self.jobs)
            .field("launches", &self.launches)
            .finish_non_exhaustive()
    }
}

/// `by` after `now`.
pub(super) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// How long ago `then` was; nothing if it lies ahead.
pub(super) fn since(now: Timestamp, then: Timestamp) -> Duration {
    now.duration_since(then)
        .try_into()
        .unwrap_or(Duration::ZERO)
}

/// The earlier of two times, if there is any.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}
