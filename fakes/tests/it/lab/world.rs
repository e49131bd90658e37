//! The world of a test, and what happened in it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use fakes::{
    Clock, Draw, Env, Length, NewJob, Settings, Spawner, World,
    history::{Event, History, What},
    ids::EventId,
};

use super::hooks::{Received, Target};

const START: &str = "2026-11-03T10:00:00Z";

/// Keyed randomness, good enough for tests.
pub(crate) struct SeededDraw(pub(crate) u64);

impl Draw for SeededDraw {
    fn bits(&self, entity: &str, purpose: &str) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in entity.bytes().chain([0]).chain(purpose.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= hash >> 31;
        hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash ^ (hash >> 29)
    }
}

/// A world, the routers of its fakes, and a target of its webhooks.
#[derive(Clone)]
pub(crate) struct Lab {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(super) received: Arc<Mutex<Vec<Received>>>,
    pub(super) target: Arc<Mutex<VecDeque<Target>>>,
    /// The body of the webhook target's answers.
    pub(super) says: Arc<Mutex<String>>,
    pub(super) github: axum::Router,
    pub(super) hf: axum::Router,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A world with settings of its own, seed 1.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::seeded(1, change)
    }

    pub(crate) fn seeded(seed: u64, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        settings.github.webhook_delay = Length::fixed(Duration::ZERO);
        change(&mut settings);
        let clock = Clock::starting_at(START.parse().unwrap());
        let env = Env {
            clock,
            draw: Arc::new(SeededDraw(seed)),
            spawner: spawner(),
        };
        let world = World::new(env, settings, History::new(clock));
        let (github, hf) = (world.github_router(), world.hf_router());
        let lab = Self {
            world,
            clock,
            received: Arc::default(),
            target: Arc::default(),
            says: Arc::new(Mutex::new("{\"ok\":true}".to_owned())),
            github,
            hf,
        };
        lab.world.deliver_to(lab.webhook_target());
        lab
    }

    pub(crate) async fn sleep(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    pub(crate) fn queue(&self, name: &str, labels: &[&str]) -> fakes::ids::JobId {
        self.world.github().queue(job(name, labels), None).unwrap()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.world.history().snapshot()
    }

    /// The first event that fits, with its id.
    pub(crate) fn find(&self, fits: impl Fn(&What) -> bool) -> Option<Event> {
        self.events().into_iter().find(|event| fits(&event.event))
    }

    pub(crate) fn count(&self, fits: impl Fn(&What) -> bool) -> usize {
        self.events()
            .iter()
            .filter(|event| fits(&event.event))
            .count()
    }

    /// Whether the chain of causes of `event` passes through one that fits.
    pub(crate) fn is_caused_by(&self, event: &Event, fits: impl Fn(&What) -> bool) -> bool {
        let mut cause: Option<EventId> = event.because;
        while let Some(id) = cause {
            let found = self.world.history().get(id).unwrap();
            if fits(&found.event) {
                return true;
            }
            cause = found.because;
        }
        false
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test is the one who owns the tasks"
)]
fn spawner() -> Spawner {
    Spawner::new(|task| {
        tokio::spawn(task);
    })
}

/// A job of `octo/app` that runs for a minute and succeeds.
pub(crate) fn job(name: &str, labels: &[&str]) -> NewJob {
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    NewJob::new(name, "octo/app", labels)
}
