//! One runner process, from its boot to its end.

use std::{
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::SignedDuration;
use vocabulary::OnRunner;

use super::{
    container::Startup,
    exit_codes::{FAILED, ListenerExit, RunSh},
    fate::{Coming, Done, Network, Progress, StrikesOfJob},
    handle::Runners,
    running::Start,
};
use crate::{
    calls::{CallContext, Failure, PATIENCE, Refusal, RunnerCall},
    env::Length,
    faults::{Held, RunnerPoint, Strike, Subject},
    github::{Credential, JitConfig},
    history::{CredentialKind, CredentialState, CredentialUse, What},
    ids::{EventId, JobId, RunnerId},
};

/// A clock that is off by more than this is refused.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// One process, while it runs.
pub(super) struct Life<'a> {
    pub(super) runners: &'a Runners,
    pub(super) start: &'a Start<'a>,
    boot: Duration,
    running: EventId,
    progress: Progress,
    network: Network,
    hangs: AtomicBool,
    /// Why it hangs, if a fault made it.
    hang_because: OnceLock<EventId>,
    /// How far its clock is ahead of the world's, in milliseconds.
    clock_ahead_ms: i64,
    /// Moments at which something will befall it, and whether it outlives that.
    awaited: Mutex<Vec<(RunnerPoint, bool)>>,
    /// What is in store for it because of its job.
    of_job: StrikesOfJob,
}

/// An exit code and its cause.
pub(super) type Ending = (i32, EventId);

/// A runner that GitHub knows.
pub(super) struct Agent {
    pub(super) runner: RunnerId,
    /// What it proved itself with.
    pub(super) credential: CredentialUse,
    /// Whether it takes one job after the other.
    pub(super) stays: bool,
}

impl<'a> Life<'a> {
    pub(super) fn new(runners: &'a Runners, start: &'a Start<'a>) -> Self {
        Self {
            runners,
            start,
            boot: start.boot,
            running: start.running,
            progress: Progress::new(),
            network: Network::new(),
            hangs: AtomicBool::new(false),
            hang_because: OnceLock::new(),
            clock_ahead_ms: 0,
            awaited: Mutex::default(),
            of_job: StrikesOfJob::new(),
        }
    }

    /// The same container once more: at once, and with nothing left in store for it but its clock and its hang.
    pub(super) fn again(self, because: EventId) -> Self {
        Self {
            boot: Duration::ZERO,
            running: because,
            progress: Progress::new(),
            network: Network::new(),
            awaited: Mutex::default(),
            of_job: StrikesOfJob::new(),
            ..self
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            place: "runner",
            entity: self.start.entity,
            hf_job: Some(self.start.hf_job),
            runner: self.runners.runner_in(self.start.hf_job),
            ..Subject::default()
        }
    }

    /// What a strike hits: a rule that is narrowed to a job strikes because of it.
    fn subject_of(&self, strike: &Strike<OnRunner>) -> Subject<'_> {
        Subject {
            // Its name was looked at when it struck, and is not told.
            job: strike.job.map(|job| (job, "")),
            ..self.subject()
        }
    }

    pub(super) fn running(&self) -> EventId {
        self.running
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(super) fn of_job(&self) -> &StrikesOfJob {
        &self.of_job
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    pub(super) fn hang(&self) {
        self.hangs.store(true, Ordering::Relaxed);
    }

    /// The same because of a fault.
    fn hang_for(&self, strike: &Strike<OnRunner>) {
        let applied = self.applied(strike);
        self.hang_because.get_or_init(|| applied);
        self.hang();
    }

    /// Why it hangs instead of ending, if it does.
    pub(super) fn hang_because(&self, ending: EventId) -> Option<EventId> {
        let hangs = self.hangs.load(Ordering::Relaxed);
        hangs.then(|| self.hang_because.get().copied().unwrap_or(ending))
    }

    pub(super) fn drawn(&self, span: Length, purpose: &str) -> Duration {
        let env = &self.runners.calls.env;
        env.within(span, self.start.entity, purpose)
    }

    pub(super) fn applied(&self, strike: &Strike<OnRunner>) -> EventId {
        let faults = &self.runners.calls.faults;
        let repo = self.repo();
        let subject = Subject {
            repo: repo.as_deref(),
            ..self.subject_of(strike)
        };
        faults.applied(strike, &subject, Some(self.running))
    }

    /// Records that what a strike took from it is back.
    pub(super) fn let_on(&self, strike: &Strike<OnRunner>, applied: EventId) {
        let held = Held {
            fault: strike.fault,
            strike: applied,
        };
        self.runners
            .calls
            .faults
            .let_on(held, &self.subject_of(strike));
    }

    /// The repository or organisation whose runner it is.
    fn repo(&self) -> Option<String> {
        match self.credential()? {
            Credential::Registration { repo, .. } => Some(repo),
            Credential::Jit(config) => self.runners.github.repo_of(config.runner),
        }
    }

    /// GitHub cannot reach it any more, and has not noticed.
    pub(super) fn cut_off(&self, because: EventId) {
        self.runners.process_gone(self.start.hf_job, because);
    }

    /// What the faults have in store for this process. A hang and a wrong clock are applied at once, the rest
    /// when it comes.
    pub(super) fn faults(&mut self) -> Vec<Coming> {
        let repo = self.repo();
        let subject = Subject {
            repo: repo.as_deref(),
            ..self.subject()
        };
        let faults = &self.runners.calls.faults;
        let mut later = Vec::new();
        for strike in faults.strike(&subject) {
            match Done::by(&strike.effect) {
                Done::Hangs => self.hang_for(&strike),
                Done::ClockIsOff(ahead) => {
                    let (env, purpose) = (&self.runners.calls.env, strike.purpose("wrong_clock"));
                    self.clock_ahead_ms = env.shifted(ahead, self.start.entity, &purpose);
                    self.running = self.applied(&strike);
                }
                Done::Later(moment, blow) => later.push(Coming {
                    strike,
                    moment,
                    blow,
                }),
            }
        }
        self.await_all(&later);
        later
    }

    /// What the faults have in store for a process with this job. Rules that name no job were asked before.
    pub(super) fn faults_of_job(&self, job: JobId, name: &str, repo: Option<&str>) {
        let entity = format!("{}.{name}", self.start.entity);
        let subject = Subject {
            entity: &entity,
            job: Some((job, name)),
            repo,
            only_by_job: true,
            ..self.subject()
        };
        let mut coming = Vec::new();
        for strike in self.runners.calls.faults.strike(&subject) {
            match Done::by(&strike.effect) {
                Done::Hangs => self.hang_for(&strike),
                // A container has its clock from its boot on, and no rule for that can name a job.
                Done::ClockIsOff(_) => {}
                Done::Later(moment, blow) => coming.push(Coming {
                    strike,
                    moment,
                    blow,
                }),
            }
        }
        self.await_all(&coming);
        for coming in coming {
            self.of_job.come(coming);
        }
    }

    fn await_all(&self, coming: &[Coming]) {
        let awaited = coming
            .iter()
            .map(|coming| (coming.moment.at, coming.is_survived()));
        self.awaited().extend(awaited);
    }

    fn awaited(&self) -> MutexGuard<'_, Vec<(RunnerPoint, bool)>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn credential(&self) -> Option<Credential> {
        self.start.container.credential(&self.start.hf_job.0)
    }

    /// A moment of its life. What is to befall it there goes first.
    pub(super) async fn reach(&self, point: RunnerPoint) {
        self.progress.reach(point);
        let (is_awaited, ends_it) = {
            let awaited = self.awaited();
            let is_awaited = awaited.iter().any(|(at, _)| *at == point);
            (is_awaited, awaited.contains(&(point, false)))
        };
        if !is_awaited {
            return;
        }
        tokio::task::yield_now().await;
        if ends_it && point == RunnerPoint::AfterJob {
            // There is nothing left to do but to wait for it.
            std::future::pending::<()>().await;
        }
    }

    /// A call to GitHub, which during an outage is not made.
    pub(super) async fn call<T, R: Refusal>(
        &self,
        call: RunnerCall<'_>,
        effect: impl FnOnce(CallContext) -> Result<T, R>,
    ) -> Result<T, Failure> {
        if let Some(event) = self.network.outage()
            && tokio::time::timeout(PATIENCE, self.network.up())
                .await
                .is_err()
        {
            let why = "timed out".to_owned();
            let status = None;
            return Err(Failure { status, why, event });
        }
        self.runners.calls.by_runner(call, effect).await
    }

    /// Records that this process will never listen.
    pub(super) fn refused(
        &self,
        why: &str,
        credential: CredentialUse,
        because: EventId,
    ) -> EventId {
        let refused = What::RunnerRefused {
            hf_job: self.start.hf_job.clone(),
            why: why.to_owned(),
            credential,
        };
        self.runners.calls.history.record(Some(because), refused)
    }

    /// Whether GitHub refuses what this process signs with its clock.
    pub(super) fn clock_is_wrong(&self) -> bool {
        Duration::from_millis(self.clock_ahead_ms.unsigned_abs()) > CLOCK_TOLERANCE
    }

    pub(super) fn log_timed(&self, text: &str) {
        let ahead = SignedDuration::from_millis(self.clock_ahead_ms);
        let now = self.runners.calls.env.clock.now() + ahead;
        self.start.log.timed(now, text);
    }

    /// Whether the runner's scripts refuse to be run by this user.
    pub(super) fn is_forbidden_root(&self) -> bool {
        self.runners.as_root && !self.start.container.allows_root()
    }

    /// The container from its boot to its end.
    pub(super) async fn course(&self) -> Ending {
        tokio::time::sleep(self.boot).await;
        self.reach(RunnerPoint::Boot).await;
        match self.start.container.startup().clone() {
            Startup::Unknown => (FAILED, self.running),
            Startup::NotConfigured => self.run_sh(None, self.running).await,
            Startup::Jit(Some(config)) => {
                let agent = self.unpacked(config);
                self.run_sh(Some(agent), self.running).await
            }
            Startup::Jit(None) => self.undecodable(),
            Startup::Configure { registration, then } => match self.configure(registration).await {
                Ok((agent, _)) if then.runs => self.run_sh(Some(agent), self.running).await,
                Ok((_, event)) => (0, event),
                Err(event) if !then.swallows_failure => (FAILED, event),
                Err(event) if then.runs => self.run_sh(None, event).await,
                Err(event) => (0, event),
            },
        }
    }

    fn unpacked(&self, config: JitConfig) -> Agent {
        Agent {
            runner: config.runner,
            credential: self.runners.github.look_at(&Credential::Jit(config)),
            stays: false,
        }
    }

    /// `run.sh` with a configuration that is none.
    fn undecodable(&self) -> Ending {
        let log = &self.start.log;
        if self.is_forbidden_root() {
            return self.refuses_root();
        }
        log.line("The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters.");
        let credential = CredentialUse {
            kind: CredentialKind::JitConfig,
            state: CredentialState::Unknown,
        };
        let why = "the just-in-time configuration cannot be decoded";
        let event = self.refused(why, credential, self.running);
        let (code, _) = self.after_listener(ListenerExit::TERMINATED);
        (code.unwrap_or_default(), event)
    }

    fn refuses_root(&self) -> Ending {
        let log = &self.start.log;
        log.line("Must not run interactively with sudo");
        log.line("Exiting runner...");
        (FAILED, self.running)
    }

    /// `run.sh`: the listener, again as often as it asks for that.
    async fn run_sh(&self, agent: Option<Agent>, because: EventId) -> Ending {
        let log = &self.start.log;
        if self.is_forbidden_root() {
            return self.refuses_root();
        }
        let Some(agent) = agent else {
            log.line(
                "An error occurred: Not configured. Run config.(sh/cmd) to configure the runner.",
            );
            let (code, _) = self.after_listener(ListenerExit::TERMINATED);
            return (code.unwrap_or_default(), because);
        };
        self.reach(RunnerPoint::Registered).await;
        loop {
            let (exit, event) = self.listener(&agent).await;
            match self.after_listener(exit) {
                (Some(code), _) => return (code, event),
                (None, pause) => tokio::time::sleep(pause).await,
            }
            log.line("Restarting runner...");
        }
    }

    /// What `run.sh` makes of the listener's end: an exit code, or a pause before the next try.
    fn after_listener(&self, exit: ListenerExit) -> (Option<i32>, Duration) {
        let log = &self.start.log;
        let (after, said) = RunSh::after(exit, self.start.container.shows_deprecation());
        log.line(&said);
        match after {
            RunSh::Exit(code) => {
                log.line("Exiting runner...");
                (Some(code), Duration::ZERO)
            }
            RunSh::Relaunch(pause) => (None, pause),
        }
    }
}
