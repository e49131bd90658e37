//! The core's state and its one entry, [`Core::step`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    health::LaneState,
    hf_jobs::HfPoll,
    message::{Access, Command, Input},
    model::{ClosedJob, EndedLaunch, Job, JobKey, Lane, Launch, LaunchId, Repo, RepoId, Trust},
    redeliveries::Deliveries,
    settings::Settings,
    surveys::SurveyPoll,
};

/// Keyed randomness: the same key always gives the same bits, so that decisions replay.
pub type Draw = Arc<dyn Fn(&str) -> u64 + Send + Sync>;

/// The whole state of the dispatcher's decisions. Maps are ordered, so that equal inputs give equal commands.
pub struct Core {
    pub(super) settings: Settings,
    pub(super) draw: Draw,
    pub(super) repos: BTreeMap<RepoId, Repo>,
    pub(super) jobs: BTreeMap<JobKey, Job>,
    pub(super) closed: BTreeMap<JobKey, ClosedJob>,
    pub(super) launches: BTreeMap<LaunchId, Launch>,
    pub(super) ended: BTreeMap<LaunchId, EndedLaunch>,
    pub(super) lanes: BTreeMap<Lane, LaneState>,
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
    wake: Option<Timestamp>,
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
            repos: BTreeMap::new(),
            jobs: BTreeMap::new(),
            closed: BTreeMap::new(),
            launches: BTreeMap::new(),
            ended: BTreeMap::new(),
            lanes: BTreeMap::new(),
            started_at: now,
            expired_at: now,
            hf_poll: HfPoll::default(),
            survey_poll: SurveyPoll::starting(now),
            deliveries: Deliveries::default(),
            calls: Vec::new(),
            dirty: BTreeSet::new(),
            wanted_readings: BTreeSet::new(),
            again: false,
            wake: None,
        }
    }

    /// Takes one input and returns the writes and calls that follow, writes first.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Command> {
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
            Input::RunCancelled(key, answer) => self.run_cancelled(now, key, answer),
            Input::Surveyed(survey) => self.surveyed(now, survey),
            Input::DeliveriesListed(answer) => self.deliveries_listed(now, answer),
        }
    }

    /// Compares what is with what should be, and asks for the difference. Each rule that finds itself too early
    /// notes when it will be due, and the earliest of these is when the core wants to be woken.
    fn reconcile(&mut self, now: Timestamp) {
        self.wake = None;
        self.expire(now);
        self.ask_installations(now);
        self.turn_away_foreign_jobs(now);
        self.balance(now);
        self.advance_launches(now);
        self.read_runners(now);
        self.poll_hf(now);
        self.check_jobs(now);
        self.poll_github(now);
    }

    /// True when `at` has come; otherwise the core asks to be woken then.
    pub(super) fn due(&mut self, now: Timestamp, at: Timestamp) -> bool {
        if at <= now {
            return true;
        }
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
        false
    }

    /// The right to act in a repository, if GitHub has confirmed it.
    pub(super) fn access(&self, repo: RepoId) -> Option<Access> {
        let known = self.repos.get(&repo)?;
        match known.trust {
            Trust::Confirmed(installation) => Some(Access {
                repo,
                name: known.name.clone(),
                installation,
            }),
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
