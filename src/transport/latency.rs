//! The network between two hosts: how long a request and its answer travel.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::body::Body;
use fakes::env::{Env, Length};
use http::Request;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use super::HttpService;

/// Delays each request and each answer by a draw of its own.
///
/// A delay is keyed by direction, method, path and how often that path was called before. No two messages
/// arrive in the same millisecond: what would happen then depends on how many steps a transport takes, and
/// two transports must give one history. So each line has a millisecond in eight of its own for each
/// direction, and a message arrives in the first of them that is free once its draw is over.
#[derive(Clone, Debug)]
pub struct Latency {
    env: Env,
    each_way: Length,
    traffic: Arc<Mutex<Traffic>>,
}

/// What is on its way.
#[derive(Debug, Default)]
struct Traffic {
    counts: BTreeMap<String, u32>,
    /// Milliseconds at which a message arrives.
    arrivals: BTreeSet<u64>,
}

impl Traffic {
    /// The first free millisecond of this slot from `wanted` on; it is taken then.
    fn book(&mut self, now_ms: u64, wanted: u64, slot: u64) -> u64 {
        self.arrivals = self.arrivals.split_off(&now_ms);
        let mut arrival = wanted + (SLOTS + slot - wanted % SLOTS) % SLOTS;
        while !self.arrivals.insert(arrival) {
            arrival += SLOTS;
        }
        arrival
    }
}

/// Milliseconds after which a line's turn comes again: two for each line, and some to spare.
const SLOTS: u64 = 8;

/// Who calls whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The dispatcher calls GitHub.
    ToGithub,
    /// The dispatcher calls HF.
    ToHf,
    /// GitHub delivers a webhook to the dispatcher.
    ToDispatcher,
}

impl Line {
    /// The calling side, as draws name it.
    const fn from(self) -> &'static str {
        match self {
            Self::ToGithub | Self::ToHf => "dispatcher",
            Self::ToDispatcher => "github",
        }
    }

    const fn slot(self, direction: Direction) -> u64 {
        2 * self as u64 + direction as u64
    }
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Request,
    Answer,
}

impl Latency {
    /// A network that takes `each_way` in each direction.
    #[must_use]
    pub fn new(env: Env, each_way: Length) -> Self {
        Self {
            env,
            each_way,
            traffic: Arc::default(),
        }
    }

    /// `inner`, reached over this network.
    #[must_use]
    pub fn in_front_of(&self, line: Line, inner: HttpService) -> HttpService {
        let network = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let entity = network.name(line.from(), &request);
            let (network, inner) = (network.clone(), inner.clone());
            async move {
                network.travel(&entity, line, Direction::Request).await;
                let answer = inner.oneshot(request).await;
                network.travel(&entity, line, Direction::Answer).await;
                answer
            }
        }))
    }

    async fn travel(&self, entity: &str, line: Line, direction: Direction) {
        let purpose = match direction {
            Direction::Request => "request",
            Direction::Answer => "answer",
        };
        let now_ms = self.env.clock.elapsed_ms();
        let drawn = self.env.within(self.each_way, entity, purpose).as_millis() as u64;
        let arrival = self
            .traffic()
            .book(now_ms, now_ms + drawn, line.slot(direction));
        tokio::time::sleep(Duration::from_millis(arrival - now_ms)).await;
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, from: &str, request: &Request<Body>) -> String {
        let mut name = format!("{from} {} {}", request.method(), request.uri().path());
        let mut traffic = self.traffic();
        let count = traffic.counts.entry(name.clone()).or_insert(0);
        *count += 1;
        name.push_str(&format!("#{count}"));
        name
    }
}
