//! What a job's life will be as far as it is known at its creation: its cold start, and what the faults make of it.

use std::time::Duration;

use vocabulary::{Failing, OnSchedule};

use super::holds::{Holds, Until};
use crate::{
    faults::{Held, Subject},
    hf::{handle::HfJobs, state::HfJob},
    ids::{EventId, HfJobId},
};

/// The place of faults in the life of an HF job.
const PLACE: &str = "hf.schedule";

/// The course of one job.
pub(in crate::hf) struct LifePlan {
    pub(in crate::hf) id: HfJobId,
    pub(in crate::hf) flavor: &'static str,
    /// The repository or organisation whose runner it was created for.
    pub(in crate::hf) repo: Option<String>,
    pub(in crate::hf) entity: String,
    pub(in crate::hf) schedule: Duration,
    /// The strikes that hold it back.
    pub(in crate::hf) holds: Holds,
    pub(in crate::hf) pull: Duration,
    pub(in crate::hf) boot: Duration,
    pub(in crate::hf) timeout: Duration,
    /// It never gets its hardware; its log says that it started this often.
    pub(in crate::hf) stuck: Option<Duration>,
    /// Its container never starts.
    pub(in crate::hf) limbo: bool,
    /// The platform ends it, so long after its creation and because of that event.
    pub(in crate::hf) failing: Option<(Duration, Failing, EventId)>,
    /// What decided its course: the creation or a fault.
    pub(in crate::hf) because: EventId,
}

impl LifePlan {
    pub(in crate::hf) fn subject(&self) -> Subject<'_> {
        Subject {
            place: PLACE,
            entity: &self.entity,
            flavor: Some(self.flavor),
            repo: self.repo.as_deref(),
            hf_job: Some(&self.id),
            ..Subject::default()
        }
    }
}

impl HfJobs {
    /// Draws a job's cold start, and lets the faults have their way with it.
    pub(in crate::hf) fn life_plan(&self, id: &HfJobId) -> Option<LifePlan> {
        let mut plan = self.honest_plan(self.state().get(id)?);
        let (env, faults) = (self.env(), &self.inner.calls.faults);
        for strike in faults.strike(&plan.subject()) {
            plan.because = faults.applied(&strike, &plan.subject(), Some(plan.because));
            let within = |span, what| env.within(span, &plan.entity, &strike.purpose(what));
            let held = Held {
                fault: strike.fault,
                strike: plan.because,
            };
            match &strike.effect {
                OnSchedule::Delay(span) => {
                    plan.schedule += within(*span, "delay");
                    plan.holds.add(held, Until::Schedule);
                }
                OnSchedule::Stuck(stuck) => {
                    plan.stuck = Some(stuck.every.0);
                    plan.holds.add(held, Until::Hardware);
                }
                OnSchedule::Limbo => {
                    plan.limbo = true;
                    plan.holds.add(held, Until::End);
                }
                OnSchedule::Fail(failing) => {
                    plan.holds.add(held, Until::Failure);
                    let after = within(failing.after, "fail");
                    plan.failing = Some((after, failing.clone(), plan.because));
                }
            }
        }
        Some(plan)
    }

    fn honest_plan(&self, job: &HfJob) -> LifePlan {
        let (env, entity) = (self.env(), job.entity());
        let flavor = job.spec.flavor.name;
        let cold_start = self.settings().cold_start_of(flavor);
        LifePlan {
            id: job.id.clone(),
            flavor,
            repo: job.repo.clone(),
            holds: Holds::default(),
            schedule: env.drawn_from(cold_start.schedule, &entity, "schedule"),
            pull: env.drawn_from(cold_start.pull, &entity, "pull"),
            boot: env.drawn_from(cold_start.boot, &entity, "boot"),
            timeout: Duration::from_secs(job.timeout_s),
            stuck: None,
            limbo: false,
            failing: None,
            because: job.last_event,
            entity,
        }
    }
}
