//! GitHub's delivery log: deliveries that never arrived are asked for again.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, since},
    message::{Command, FailedDelivery, Failure},
};

/// How often one delivery is asked for again.
const REDELIVERIES: u32 = 3;
const GUID_MEMORY: Duration = Duration::from_secs(3 * 24 * 3600);

/// What is known of GitHub's delivery log.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    /// The log was read up to here.
    pub(super) read_until: Option<Timestamp>,
    arrived: BTreeMap<String, Timestamp>,
    /// The same, in the order of their arrival; one that came again stands here more than once.
    arrivals: VecDeque<(Timestamp, String)>,
    asked: BTreeMap<String, (u32, Timestamp)>,
}

impl Deliveries {
    /// A delivery arrived: it needs no redelivery.
    pub(super) fn delivered(&mut self, now: Timestamp, guid: String) {
        self.arrivals.push_back((now, guid.clone()));
        self.arrived.insert(guid, now);
    }

    /// Forgets what GitHub's log has forgotten.
    pub(super) fn prune(&mut self, now: Timestamp) {
        let forgotten = |at: Timestamp| since(now, at) >= GUID_MEMORY;
        while self.arrivals.front().is_some_and(|(at, _)| forgotten(*at)) {
            let Some((_, guid)) = self.arrivals.pop_front() else {
                break;
            };
            if self.arrived.get(&guid).is_some_and(|at| forgotten(*at)) {
                self.arrived.remove(&guid);
            }
        }
        self.asked
            .retain(|_, (_, at)| since(now, *at) < GUID_MEMORY);
    }
}

impl Core {
    pub(super) fn deliveries_listed(
        &mut self,
        now: Timestamp,
        answer: Result<Vec<FailedDelivery>, Failure>,
    ) {
        /// The log may show a delivery late.
        const OVERLAP: Duration = Duration::from_secs(600);
        let Ok(mut list) = answer else { return };
        list.sort_by_key(|delivery| std::cmp::Reverse((delivery.delivered_at, delivery.id)));
        let deliveries = &mut self.deliveries;
        deliveries.read_until = now.checked_sub(OVERLAP).ok();
        self.dirty.insert(Dirty::Deliveries);
        let mut newest: BTreeMap<String, u64> = BTreeMap::new();
        for delivery in list {
            newest.entry(delivery.guid).or_insert(delivery.id);
        }
        for (guid, id) in newest {
            if deliveries.arrived.contains_key(&guid) {
                continue;
            }
            let (times, asked_at) = deliveries
                .asked
                .get(&guid)
                .copied()
                .unwrap_or((0, Timestamp::MIN));
            if times < REDELIVERIES && since(now, asked_at) >= Duration::from_secs(120) {
                deliveries.asked.insert(guid, (times + 1, now));
                self.calls.push(Command::Redeliver(id));
            }
        }
    }
}
