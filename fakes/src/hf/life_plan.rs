//! What a job's life will be as far as it is known at its creation: its cold start, and what the faults make of it.

use std::time::Duration;

use super::{
    HfJobs,
    holds::{Holds, Until},
    state::HfJob,
};
use crate::{
    faults::{Effect, Failing, Held, Subject},
    ids::{EventId, HfJobId},
};

/// The place of faults in the life of an HF job.
const PLACE: &str = "hf.schedule";

/// The course of one job.
pub(super) struct LifePlan {
    pub(super) id: HfJobId,
    pub(super) flavor: &'static str,
    /// The repository or organisation whose runner it was created for.
    pub(super) repo: Option<String>,
    pub(super) entity: String,
    pub(super) schedule: Duration,
    /// The strikes that hold it back.
    pub(super) holds: Holds,
    pub(super) pull: Duration,
    pub(super) boot: Duration,
    pub(super) timeout: Duration,
    /// It never gets its hardware; its log says that it started this often.
    pub(super) stuck: Option<Duration>,
    /// Its container never starts.
    pub(super) limbo: bool,
    /// The platform ends it, so long after its creation and because of that event.
    pub(super) failing: Option<(Duration, Failing, EventId)>,
    /// What decided its course: the creation or a fault.
    pub(super) because: EventId,
}

impl LifePlan {
    pub(super) fn subject(&self) -> Subject<'_> {
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
    pub(super) fn life_plan(&self, id: &HfJobId) -> Option<LifePlan> {
        let mut plan = self.honest_plan(self.state().get(id)?);
        let (env, faults) = (self.env(), &self.inner.calls.faults);
        for strike in faults.strike(&plan.subject(), Effect::bends_schedules) {
            plan.because = faults.applied(&strike, &plan.subject(), Some(plan.because));
            let within = |span, what| env.within(span, &plan.entity, &strike.purpose(what));
            let held = Held {
                fault: strike.fault,
                strike: plan.because,
            };
            match &strike.effect {
                Effect::Delay(span) => {
                    plan.schedule += within(*span, "delay");
                    plan.holds.add(held, Until::Schedule);
                }
                Effect::Stuck { every } => {
                    plan.stuck = Some(*every);
                    plan.holds.add(held, Until::Hardware);
                }
                Effect::Limbo => {
                    plan.limbo = true;
                    plan.holds.add(held, Until::End);
                }
                Effect::Fail(failing) => {
                    plan.holds.add(held, Until::Failure);
                    let after = within(failing.after, "fail");
                    plan.failing = Some((after, failing.clone(), plan.because));
                }
                // Nothing else bends a schedule.
                _ => {}
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
