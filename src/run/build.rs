//! Building the world of a plan on a clock, the same for both tiers.

use std::sync::Arc;

use fakes::{
    Boot, World,
    env::{Clock, Draw, Env, Spawner},
    history::{History, What},
};
use scenarios::{Keyed, plan::Plan};

use super::budget;
use crate::{translate, transport::TaskGroup};

/// The keyed generator of a plan, as the fakes draw from it.
#[derive(Debug)]
struct PlanDraw(Keyed);

impl Draw for PlanDraw {
    fn bits(&self, entity: &str, purpose: &str) -> u64 {
        self.0.bits(entity, purpose)
    }
}

/// A world in which nothing has happened yet, and what it lives on.
pub(super) struct Built {
    /// The world.
    pub(super) world: World,
    /// Its environment.
    pub(super) env: Env,
    /// Its tasks.
    pub(super) tasks: TaskGroup,
}

/// Builds the world of `plan` with its faults on `clock`; the URLs are where its fakes are reached, and `boot` is
/// who runs HF jobs.
pub(super) fn build(
    plan: &Plan,
    clock: Clock,
    github_url: &str,
    hf_url: &str,
    boot: Boot,
) -> Built {
    let tasks = TaskGroup::default();
    let spawner = tasks.clone();
    let env = Env {
        clock,
        draw: Arc::new(PlanDraw(Keyed::new(plan.seed))),
        spawner: Spawner::new(move |task| spawner.spawn(task)),
    };
    let history = History::new(clock);
    let started = What::WorldStarted {
        scenario: plan.title.clone(),
        seed: plan.seed,
    };
    history.limit(budget::budget(plan));
    history.record(None, started);
    let mut settings = translate::world::settings(plan, github_url, hf_url);
    settings.hf.boot = boot;
    let world = World::new(env.clone(), settings, history);
    world.faults().install(translate::fault::fault_rules(plan));
    Built { world, env, tasks }
}
