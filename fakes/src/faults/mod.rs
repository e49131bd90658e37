//! Faults: rules that make the world misbehave on purpose.
//!
//! A rule has places, a condition and one effect. The place that is about to act asks `Faults::strike`
//! and applies what it is given; every application is recorded as `fault.applied`. Draws are keyed by
//! what is struck, so that removing one rule or job leaves the others' fate as it was.

mod live;
mod rule;
mod store;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{
    env::Env,
    history::{History, What},
    ids::{EventId, JobId},
};

pub use live::{FaultState, Window};
pub use rule::{Effect, Failing, FaultRule, Omit, Only, RunnerPoint};
pub use store::StoreFate;

/// What is about to be struck.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Subject<'a> {
    /// The place, or the call's name.
    pub(crate) place: &'a str,
    /// The key of its draws: `J3.queued`, `hf.create#2`, `hf-job#4`.
    pub(crate) entity: &'a str,
    /// The job concerned, with its name.
    pub(crate) job: Option<(JobId, &'a str)>,
    /// Names of further jobs concerned (all jobs of a run that is asked about).
    pub(crate) job_names: &'a [String],
    /// A webhook's action.
    pub(crate) action: Option<&'a str>,
    /// `owner/name`.
    pub(crate) repo: Option<&'a str>,
    /// The hardware flavor of an HF job.
    pub(crate) flavor: Option<&'a str>,
    /// Whether only rules that name jobs are asked: the others were, when there was no job yet.
    pub(crate) only_by_job: bool,
}

/// One effect to apply, and the rule it came from.
#[derive(Clone, Debug)]
pub(crate) struct Strike {
    pub(crate) fault: usize,
    pub(crate) effect: Effect,
}

impl Strike {
    /// The purpose under which this strike draws: `fault3.delay`.
    pub(crate) fn purpose(&self, what: &str) -> String {
        format!("fault{}.{what}", self.fault)
    }
}

struct Installed {
    rule: FaultRule,
    open: bool,
    left: Option<u32>,
    /// Whether it was closed before.
    ended: bool,
    /// Told when the rule is closed.
    closed: Arc<Notify>,
}

impl Installed {
    fn new(rule: FaultRule) -> Self {
        Self {
            open: rule.open,
            left: rule.times,
            ended: false,
            rule,
            closed: Arc::default(),
        }
    }

    fn close(&mut self) {
        self.open = false;
        self.ended = true;
        self.closed.notify_waiters();
    }

    fn active(&self) -> bool {
        self.open && self.left != Some(0)
    }
}

/// The faults of one world. Clones share them.
#[derive(Clone)]
pub struct Faults {
    env: Env,
    history: History,
    rules: Arc<Mutex<Vec<Installed>>>,
}

impl Faults {
    pub(crate) fn new(env: Env, history: History) -> Self {
        Self {
            env,
            history,
            rules: Arc::default(),
        }
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Installed>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts these rules in place of all others.
    pub fn install(&self, rules: Vec<FaultRule>) {
        let mut installed = self.rules();
        installed.iter_mut().for_each(Installed::close);
        *installed = rules.into_iter().map(Installed::new).collect();
    }

    /// Lets the rule at this index strike.
    pub fn open(&self, index: usize) {
        if let Some(installed) = self.rules().get_mut(index) {
            installed.open = true;
        }
    }

    /// Stops the rule at this index.
    pub fn close(&self, index: usize) {
        if let Some(installed) = self.rules().get_mut(index) {
            installed.close();
        }
    }

    /// Stops every rule.
    pub fn heal(&self) {
        self.rules().iter_mut().for_each(Installed::close);
    }

    /// Waits until the rule at this index is closed.
    pub(crate) async fn released(&self, index: usize) {
        let Some(closed) = self.rules().get(index).map(|rule| rule.closed.clone()) else {
            return;
        };
        // Registered before the look, so that a rule that closes in between is not missed.
        let told = closed.notified();
        if self.rules().get(index).is_some_and(|rule| rule.open) {
            told.await;
        }
    }

    /// Whether any rule could still strike.
    #[must_use]
    pub fn any_active(&self) -> bool {
        self.rules().iter().any(Installed::active)
    }

    /// The effects that strike here and now, in the order of the rules. At most one of them is final
    /// (ends the matter by itself); rules behind it are not asked and lose nothing.
    pub(crate) fn strike(&self, subject: &Subject<'_>, kinds: fn(&Effect) -> bool) -> Vec<Strike> {
        self.strike_where(subject, kinds, |_| true)
    }

    /// The same, but only what `lands`: a lie that would change nothing is not told and not counted.
    pub(crate) fn strike_where(
        &self,
        subject: &Subject<'_>,
        kinds: fn(&Effect) -> bool,
        mut lands: impl FnMut(&Strike) -> bool,
    ) -> Vec<Strike> {
        let mut strikes = Vec::new();
        let mut rules = self.rules();
        if rules.is_empty() {
            return strikes;
        }
        for (fault, installed) in rules.iter_mut().enumerate() {
            let rule = &installed.rule;
            if !installed.active() || !kinds(&rule.effect) || !rule.matches(subject) {
                continue;
            }
            let misses = rule.chance.is_some_and(|chance| {
                !self
                    .env
                    .happens(chance, subject.entity, &format!("fault{fault}.chance"))
            });
            if misses {
                continue;
            }
            let effect = installed.rule.effect.clone();
            let is_final = effect.is_final();
            let strike = Strike { fault, effect };
            if !lands(&strike) {
                continue;
            }
            installed.left = installed.left.map(|left| left - 1);
            strikes.push(strike);
            if is_final {
                break;
            }
        }
        strikes
    }

    /// Whether a rule of this kind could strike the subject, were it to come now.
    pub(crate) fn threatens(&self, subject: &Subject<'_>, kinds: fn(&Effect) -> bool) -> bool {
        self.rules().iter().any(|installed| {
            installed.active() && kinds(&installed.rule.effect) && installed.rule.matches(subject)
        })
    }

    /// Records that a strike took place.
    pub(crate) fn applied(
        &self,
        strike: &Strike,
        subject: &Subject<'_>,
        because: Option<EventId>,
    ) -> EventId {
        self.history.record(
            because,
            What::FaultApplied {
                fault: strike.fault,
                place: subject.place.to_owned(),
                effect: strike.effect.name().to_owned(),
                job: subject.job.map(|(job, _)| job),
            },
        )
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults")
            .field("rules", &self.rules().len())
            .finish_non_exhaustive()
    }
}
