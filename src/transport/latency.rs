//! The network between two hosts: how long a request and its answer travel.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::body::Body;
use fakes::env::{Env, Length};
use http::{Request, Response};
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use super::{BoxError, HttpService};

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
    /// For each slot the stretches of its milliseconds at which a message arrives, the first to the last of each: a burst
    /// is one stretch, so the next free one is found without a walk over all that are on their way.
    arrivals: [BTreeMap<u64, u64>; SLOTS as usize],
}

impl Traffic {
    /// The first free millisecond of this slot from `wanted` on; it is taken then. Nobody asks for one before `now_ms`.
    fn book(&mut self, now_ms: u64, wanted: u64, slot: u64) -> u64 {
        let stretches = &mut self.arrivals[(slot % SLOTS) as usize];
        while let Some(first) = stretches.first_entry()
            && *first.get() < now_ms
        {
            first.remove();
        }
        let wanted = wanted + (SLOTS + slot - wanted % SLOTS) % SLOTS;
        let before = stretches.range(..=wanted).next_back();
        let before = before.map(|(first, last)| (*first, *last));
        // A stretch that ends right before it grows; one that begins right behind it is joined to it.
        let (first, arrival) = match before {
            Some((first, last)) if last + SLOTS >= wanted => (first, last + SLOTS),
            Some(_) | None => (wanted, wanted),
        };
        let last = stretches.remove(&(arrival + SLOTS)).unwrap_or(arrival);
        stretches.insert(first, last);
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
        let network = Arc::new(self.clone());
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let (network, inner) = (Arc::clone(&network), inner.clone());
            async move { network.carry(line, inner, request).await }
        }))
    }

    /// Takes a request to `inner`, and its answer back.
    pub(super) async fn carry(
        &self,
        line: Line,
        inner: HttpService,
        request: Request<Body>,
    ) -> Result<Response<Body>, BoxError> {
        let entity = self.name(line.from(), &request);
        self.travel(&entity, line, Direction::Request).await;
        let answer = inner.oneshot(request).await;
        self.travel(&entity, line, Direction::Answer).await;
        answer
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
        let (method, path) = (request.method().as_str(), request.uri().path());
        let mut name = String::with_capacity(from.len() + method.len() + path.len() + 8);
        for part in [from, " ", method, " ", path] {
            name.push_str(part);
        }
        let mut traffic = self.traffic();
        let count = match traffic.counts.get_mut(&name) {
            Some(count) => count,
            None => traffic.counts.entry(name.clone()).or_insert(0),
        };
        *count += 1;
        name.push('#');
        name.push_str(&count.to_string());
        name
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// One millisecond after the other.
    fn walk(taken: &mut BTreeSet<u64>, wanted: u64, slot: u64) -> u64 {
        let mut arrival = wanted;
        while arrival % SLOTS != slot || !taken.insert(arrival) {
            arrival += 1;
        }
        arrival
    }

    proptest! {
        #[test]
        fn a_message_arrives_in_the_first_millisecond_of_its_slot_that_is_free(
            messages in proptest::collection::vec((0_u64..6, 0_u64..60, 0..SLOTS), 1..200),
        ) {
            let (mut traffic, mut taken, mut now_ms) = (Traffic::default(), BTreeSet::new(), 0);
            for (passed, travels, slot) in messages {
                now_ms += passed;
                let booked = traffic.book(now_ms, now_ms + travels, slot);
                prop_assert_eq!(booked, walk(&mut taken, now_ms + travels, slot));
            }
            let kept: usize = traffic.arrivals.iter().map(BTreeMap::len).sum();
            prop_assert!(kept <= taken.len());
        }
    }

    #[test]
    fn a_burst_is_one_stretch_and_what_has_arrived_is_let_go() {
        let mut traffic = Traffic::default();
        for message in 0..10_000 {
            assert_eq!(traffic.book(3, 5, 0), 8 + message * SLOTS);
        }
        assert_eq!(traffic.arrivals[0].len(), 1);
        assert_eq!(traffic.book(1_000_000, 1_000_000, 0), 1_000_000);
        assert_eq!(traffic.arrivals[0].len(), 1);
    }
}
