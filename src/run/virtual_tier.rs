//! The virtual tier: one seed, one thread, one paused clock. A virtual hour takes milliseconds.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use dispatcher::Config;
use fakes::{
    Boot, World,
    env::Clock,
    history::{Event, What},
};
use futures_util::future::{Either, select};
use jiff::Timestamp;
use scenarios::plan::{Connection, Plan, Step, Verb};

use super::{
    End, Outcome, Run, Tested,
    build::{Built, build},
    driver::{Driver, Pace},
    terms,
    watchdog::{Patience, Watchdog},
};
use crate::{
    properties::Twin,
    target::{self, Maker, Place, Reference, Seams, Target, TargetError},
    transport::{Connections, Latency, Listener, Transport},
};

/// When every virtual world begins: Monday 5 January 2026, 08:00 UTC.
const EPOCH: Timestamp = Timestamp::constant(1_767_600_000, 0);

/// Where the fake GitHub is reached in a virtual world.
pub const GITHUB_URL: &str = "http://github.lab";
/// The same for the fake HF.
pub const HF_URL: &str = "http://hf.lab";

pub(super) const PACE: Pace = Pace {
    look_every: Duration::from_secs(30),
    settle: Duration::from_secs(120),
};

/// Why a plan could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The reference dispatcher does not accept what the plan sets.
    #[error("the reference dispatcher cannot be configured for this plan: {0}")]
    Config(String),
    /// The target did not do as it was told.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// No runtime could be built.
    #[error("failed to build a runtime: {0}")]
    Runtime(#[from] std::io::Error),
    /// Nothing happened any more in real time: no verdict follows from that.
    #[error("{}", stalled(*.for_s, *.at_ms, *.events))]
    Stalled {
        /// For so many seconds of real time.
        for_s: u64,
        /// The world's own time, milliseconds.
        at_ms: u64,
        /// How many events there were by then.
        events: usize,
    },
}

/// What is said of a run in which nothing happens any more.
pub(crate) fn stalled(for_s: u64, at_ms: u64, events: usize) -> String {
    format!(
        "nothing has happened for {for_s} s of real time, at {}.{:03} s of the world's own time, after {events} events: \
         the dispatcher or the lab spins without a call, or blocks its thread\n  there is no verdict",
        at_ms / 1000,
        at_ms % 1000
    )
}

/// Runs plans in the virtual tier: against the reference dispatcher, or against another one that lives in this process.
#[derive(Clone, Debug, Default)]
pub struct Lab {
    /// How requests travel.
    transport: Transport,
    subject: Subject,
    /// Configurations already read, by environment: parsing the App's key takes as long as a whole run.
    configs: Configs,
    /// How long nothing may happen in real time.
    patience: Patience,
}

/// Who is put into the world.
#[derive(Clone)]
enum Subject {
    /// The reference dispatcher, with these changes to its seams (saboteurs).
    Reference(Seams),
    /// What this makes.
    Other(Maker),
}

impl Subject {
    const fn tested(&self) -> Tested {
        match self {
            Self::Reference(_) => Tested::Reference,
            Self::Other(_) => Tested::Other,
        }
    }
}

impl Default for Subject {
    fn default() -> Self {
        Self::Reference(Seams::default())
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(seams) => f.debug_tuple("Reference").field(seams).finish(),
            Self::Other(_) => f.write_str("Other"),
        }
    }
}

/// Makes the target of one world.
type Making<'a> = Box<dyn FnOnce(Place) -> Box<dyn Target> + 'a>;

/// What came of a plan, before it is judged.
struct Lived {
    events: Vec<Event>,
    end: End,
    /// What the target could not be given, each with the reason.
    not_given: Vec<String>,
}

type Configs = Arc<Mutex<BTreeMap<BTreeMap<String, String>, Config>>>;

impl Lab {
    /// A lab with this transport, and the reference dispatcher with these seams.
    #[must_use]
    pub fn new(transport: Transport, seams: Seams) -> Self {
        Self {
            transport,
            subject: Subject::Reference(seams),
            ..Self::default()
        }
    }

    /// A lab with this transport, and in each world the dispatcher that `make` makes for it.
    #[must_use]
    pub fn of(
        transport: Transport,
        make: impl Fn(Place, &Plan) -> Box<dyn Target> + Send + Sync + 'static,
    ) -> Self {
        Self {
            transport,
            subject: Subject::Other(Arc::new(make)),
            ..Self::default()
        }
    }

    /// The same lab with this patience.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Runs and judges one plan.
    ///
    /// # Errors
    /// If the plan cannot be run at all. A violated property is no error.
    pub fn run(&self, plan: &Plan) -> Result<Run, RunError> {
        let Lived {
            events,
            end,
            not_given,
        } = self.live(plan)?;
        let twin = self.twin(plan)?;
        let outcome = Outcome::judge(plan, &events, &end, self.subject.tested(), twin);
        let outcome = outcome.without(not_given);
        Ok(Run { events, outcome })
    }

    /// What the plan comes to without its crashes, stops and restarts, if it has any.
    ///
    /// # Errors
    /// If the plan cannot be run at all.
    pub fn twin(&self, plan: &Plan) -> Result<Option<Twin>, RunError> {
        let is_down =
            |step: &Step| matches!(step.verb, Verb::Crash(_) | Verb::Stop(_) | Verb::Restart);
        if !plan.timeline.iter().any(is_down) {
            return Ok(None);
        }
        let mut spared = plan.clone();
        spared.timeline.retain(|step| !is_down(step));
        let spared_life = self.live(&spared)?;
        let twin = terms::twin(&spared, &spared_life.events, &spared_life.end);
        Ok(Some(twin))
    }

    /// Lives through a plan, from a world in which nothing has happened to the end.
    fn live(&self, plan: &Plan) -> Result<Lived, RunError> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build()?;
        runtime.block_on(self.run_on_this_clock(plan))
    }

    fn config(&self, plan: &Plan) -> Result<Config, RunError> {
        let environment = target::environment(plan, GITHUB_URL, HF_URL);
        let mut known = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = known.get(&environment) {
            return Ok(config.clone());
        }
        let config = Config::from_lookup(|name| environment.get(name).cloned())
            .map_err(|errors| RunError::Config(errors.to_string()))?;
        known.insert(environment, config.clone());
        Ok(config)
    }

    /// Makes the target once there is a place for it. What a plan cannot configure shows before any world is built.
    fn maker<'a>(&'a self, plan: &'a Plan) -> Result<Making<'a>, RunError> {
        Ok(match &self.subject {
            Subject::Reference(seams) => {
                let config = self.config(plan)?;
                Box::new(move |place| Box::new(Reference::new(config, place, seams.clone())))
            }
            Subject::Other(make) => Box::new(move |place| make(place, plan)),
        })
    }

    async fn run_on_this_clock(&self, plan: &Plan) -> Result<Lived, RunError> {
        let make = self.maker(plan)?;
        let clock = Clock::starting_at(EPOCH);
        let Built { world, env, tasks } = build(plan, clock, GITHUB_URL, HF_URL, Boot::Model);
        let (github, hf) = (Listener::default(), Listener::default());
        github.open(world.github_service(), tasks.clone());
        hf.open(world.hf_service(), tasks.clone());
        let place_of_fakes = [github.clone(), hf.clone()];
        let place = Place {
            env: env.clone(),
            clock_skew_ms: plan.world.dispatcher.clock_skew.0,
            transport: self.transport,
            network: Latency::new(env, plan.world.latency),
            github,
            hf,
            caller: tasks,
            deliveries: connections(plan).unwrap_or(Connections::Kept),
            faults: world.faults().clone(),
        };
        let mut target = make(place);
        let not_given = target.cannot_be_given(plan);
        let end = self.watched(plan, &world, target.as_mut()).await;
        // The dispatcher holds the fakes' routers and GitHub holds the dispatcher's: a world that is not
        // taken apart would live for ever.
        place_of_fakes.iter().for_each(Listener::close);
        target.crash()?;
        world.deliver_to_nobody();
        let end = end?;
        let events = world.history().take();
        Ok(Lived {
            events,
            end,
            not_given,
        })
    }
}

impl Lab {
    /// Drives the plan under the eyes of a watchdog.
    async fn watched(
        &self,
        plan: &Plan,
        world: &World,
        target: &mut dyn Target,
    ) -> Result<End, RunError> {
        let history = world.history().clone();
        let watchdog = Watchdog::over(&self.patience, move || history.len());
        let driven = std::pin::pin!(drive(plan, world, target, PACE));
        let given_up = std::pin::pin!(watchdog.given_up());
        match select(given_up, driven).await {
            Either::Left(_) => Err(RunError::Stalled {
                for_s: self.patience.stalled.as_secs(),
                at_ms: world.history().clock().elapsed_ms(),
                events: world.history().len(),
            }),
            Either::Right((end, _)) => Ok(end?),
        }
    }
}

/// What the plan says of the connections that carry deliveries.
pub(super) fn connections(plan: &Plan) -> Option<Connections> {
    plan.world.webhooks.connection.map(|named| match named {
        Connection::New => Connections::New,
        Connection::Kept => Connections::Kept,
    })
}

/// Starts the target in a world that is set up, and drives the plan through it.
pub(super) async fn drive(
    plan: &Plan,
    world: &World,
    target: &mut dyn Target,
    pace: Pace,
) -> Result<End, TargetError> {
    for (job, actions) in plan.recorded_actions() {
        world.github().expect_recorded(job, actions);
    }
    world.deliver_to(target.webhooks());
    let driven = std::pin::pin!(async {
        target.start().await?;
        world.history().record(None, What::DispatcherStarted {});
        Driver::new(plan, world, target, terms::terms_of(plan), pace)
            .drive()
            .await
    });
    // The first of the two is always asked first: no event comes between the one that spends the budget and the end.
    let exhausted = std::pin::pin!(world.history().exhausted());
    match select(exhausted, driven).await {
        Either::Left(_) => Ok(End::spent(plan, world, pace)),
        Either::Right((end, _)) => end,
    }
}
