//! Faults: rules that make the world misbehave on purpose.
//!
//! A rule has places, a condition and one effect. The place that is about to act asks `Faults::strike`
//! and applies what it is given; every application is recorded as `fault.applied`. Draws are keyed by
//! what is struck, so that removing one rule or job leaves the others' fate as it was.

mod installed;
mod known;
mod live;
mod rule;
mod store;
mod whom;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    env::Env,
    history::{Closed, History, What},
    ids::{CallId, DeliveryId, EventId, HfJobId, JobId, RunId, RunnerId},
};

pub use installed::Counts;
use installed::Installed;
use known::Known;
pub use live::{FaultState, Window};
pub use rule::FaultRule;
pub use store::StoreFate;
pub use vocabulary::{Effect, Omit, Only, RunnerPoint};
use vocabulary::{EffectKind, On};

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
    /// The delivery itself.
    pub(crate) delivery: Option<DeliveryId>,
    /// The call itself.
    pub(crate) call: Option<CallId>,
    /// The HF job concerned.
    pub(crate) hf_job: Option<&'a HfJobId>,
    /// The runner concerned.
    pub(crate) runner: Option<RunnerId>,
    /// The run concerned.
    pub(crate) run: Option<RunId>,
    /// Whether only rules that name jobs are asked: the others were, when there was no job yet.
    pub(crate) only_by_job: bool,
}

/// One effect to apply, and the rule it came from.
#[derive(Clone, Debug)]
pub(crate) struct Strike<E> {
    pub(crate) fault: usize,
    /// The effect's name in the history.
    pub(crate) key: &'static str,
    pub(crate) effect: E,
    /// The job it was narrowed to, or that it concerns anyway.
    pub(crate) job: Option<JobId>,
}

impl<E> Strike<E> {
    /// The purpose under which this strike draws: `fault3.delay`.
    pub(crate) fn purpose(&self, what: &str) -> String {
        format!("fault{}.{what}", self.fault)
    }
}

/// Something that a strike holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) fault: usize,
    /// Its `fault.applied`.
    pub(crate) strike: EventId,
}

/// The faults of one world. Clones share them.
#[derive(Clone)]
pub struct Faults {
    env: Env,
    history: History,
    rules: Arc<Mutex<Vec<Installed>>>,
    known: Known,
}

impl Faults {
    pub(crate) fn new(env: Env, history: History) -> Self {
        Self {
            env,
            history,
            rules: Arc::default(),
            known: Known::default(),
        }
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Installed>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules().is_empty()
    }

    /// Puts these rules in place of all others.
    pub fn install(&self, rules: Vec<FaultRule>) {
        let mut installed = self.rules();
        for (fault, rule) in installed.iter_mut().enumerate() {
            rule.close(fault, Closed::Removed, &self.history);
        }
        *installed = rules.into_iter().map(Installed::new).collect();
        for (fault, rule) in installed.iter_mut().enumerate() {
            rule.tell_open(fault, &self.history);
        }
    }

    /// Lets the rule at this index strike.
    pub fn open(&self, index: usize) {
        if let Some(installed) = self.rules().get_mut(index) {
            installed.open(index, &self.history);
        }
    }

    /// Stops the rule at this index: its window is over.
    pub fn close(&self, index: usize) {
        self.close_for(index, Closed::Window);
    }

    /// Stops the rule at this index, whatever its window: somebody wants it gone.
    pub fn remove(&self, index: usize) {
        self.close_for(index, Closed::Removed);
    }

    fn close_for(&self, index: usize, why: Closed) {
        if let Some(installed) = self.rules().get_mut(index) {
            installed.close(index, why, &self.history);
        }
    }

    /// Stops every rule.
    pub fn heal(&self) {
        for (fault, rule) in self.rules().iter_mut().enumerate() {
            rule.close(fault, Closed::Heal, &self.history);
        }
    }

    /// Records of every rule how often it could have struck, and how often it did: for the end of a world.
    pub fn count(&self) {
        for (fault, rule) in self.rules().iter().enumerate() {
            let Counts {
                reached,
                matched,
                open,
                occasions,
                strikes,
            } = rule.counts;
            self.history.record(
                None,
                What::FaultCounted {
                    fault,
                    reached,
                    matched,
                    open,
                    occasions,
                    strikes,
                },
            );
        }
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

    /// The effects that strike here and now, of those that come at such a moment and in the order of the rules. At most one of
    /// them is final (ends the matter by itself); rules behind it are not asked and lose nothing.
    pub(crate) fn strike<E: On>(&self, subject: &Subject<'_>) -> Vec<Strike<E>> {
        self.strike_where(subject, |_, _| true)
    }

    /// The same, but only what `lands`: a lie that would change nothing is not told and not counted. It is asked
    /// whether a strike would land, and told with `true` when it does.
    pub(crate) fn strike_where<E: On>(
        &self,
        subject: &Subject<'_>,
        mut lands: impl FnMut(&Strike<E>, bool) -> bool,
    ) -> Vec<Strike<E>> {
        let mut strikes = Vec::new();
        let mut decided = false;
        // What comes after the history's end is not told, and so not counted.
        if self.history.is_over() {
            return strikes;
        }
        for (fault, installed) in self.rules().iter_mut().enumerate() {
            let kind = installed.rule.effect.kind();
            if !E::comes(kind) {
                continue;
            }
            let (reached, matched) = installed.looks_at(subject, &self.known);
            // What an earlier rule has decided is no occasion for this one.
            if !installed.meets(reached && !subject.only_by_job, matched)
                || !installed.active()
                || decided
            {
                continue;
            }
            let misses = installed.rule.chance.is_some_and(|chance| {
                !self
                    .env
                    .happens(chance, subject.entity, &format!("fault{fault}.chance"))
            });
            let Some(effect) = E::of(&installed.rule.effect) else {
                continue;
            };
            let strike = Strike {
                fault,
                key: kind.key(),
                effect,
                job: subject.job.map(|(job, _)| job),
            };
            if !lands(&strike, !misses) {
                continue;
            }
            installed.has_occasion(misses);
            if misses {
                continue;
            }
            installed.left = installed.left.map(|left| left - 1);
            decided = kind.is_final();
            strikes.push(strike);
        }
        strikes
    }

    /// Something came to a place, but what was decided earlier leaves effects of this kind nothing to do.
    pub(crate) fn pass_by<E: On>(&self, subject: &Subject<'_>) {
        if self.history.is_over() {
            return;
        }
        for installed in self.rules().iter_mut() {
            if E::comes(installed.rule.effect.kind()) {
                let (reached, matched) = installed.looks_at(subject, &self.known);
                installed.meets(reached, matched);
            }
        }
    }

    /// Whether a rule of this kind could strike the subject, were it to come now.
    pub(crate) fn threatens(&self, subject: &Subject<'_>, kind: EffectKind) -> bool {
        self.rules().iter().any(|installed| {
            installed.active()
                && installed.rule.effect.kind() == kind
                && installed.looks_at(subject, &self.known).1
        })
    }

    /// Records that a strike took place.
    pub(crate) fn applied<E>(
        &self,
        strike: &Strike<E>,
        subject: &Subject<'_>,
        because: Option<EventId>,
    ) -> EventId {
        let applied = self.history.record(
            because,
            What::FaultApplied {
                fault: strike.fault,
                place: subject.place.to_owned(),
                effect: strike.key.to_owned(),
                job: subject.job.map(|(job, _)| job),
                delivery: subject.delivery,
                call: subject.call,
                hf_job: subject.hf_job.cloned(),
                runner: subject.runner,
                run: subject.run,
                repo: subject.repo.map(str::to_owned),
                flavor: subject.flavor.map(str::to_owned),
            },
        );
        if let Some(installed) = self.rules().get_mut(strike.fault) {
            installed.struck(strike.fault, applied, &self.history);
        }
        applied
    }

    /// Records that what a strike held back goes on.
    pub(crate) fn let_on(&self, held: Held, subject: &Subject<'_>) -> EventId {
        self.history.record(
            Some(held.strike),
            What::FaultReleased {
                fault: held.fault,
                strike: held.strike,
                job: subject.job.map(|(job, _)| job),
                delivery: subject.delivery,
                call: subject.call,
                hf_job: subject.hf_job.cloned(),
                runner: subject.runner,
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
