//! How late deliveries came: what they tell of had happened, and GitHub knew it, before they were sent.

use std::{collections::BTreeMap, time::Duration};

use super::{Delivery, life::rank};

/// A delivery that is later than this after what it is about is called late. GitHub's usually take seconds.
pub(super) const LATE: Duration = Duration::from_secs(60);

/// What is later than this tells of a job that GitHub has given up, or its times are those of something else.
const LATEST: Duration = Duration::from_secs(86_400);

impl Delivery {
    /// How long before it was sent it happened what it is about, where the recording tells.
    pub(super) fn late_by(&self) -> Option<Duration> {
        let late = self.late.or_else(|| {
            let (sent, happened) = self.sent().zip(self.happened)?;
            Duration::try_from(sent.duration_since(happened)).ok()
        });
        late.filter(|late| (LATE..=LATEST).contains(late))
    }
}

/// Of each job the first delivery that tells of each moment of its life.
fn firsts(deliveries: &[Delivery]) -> Vec<BTreeMap<u8, usize>> {
    let mut order: Vec<usize> = (0..deliveries.len()).collect();
    order.sort_by_key(|index| deliveries[*index].offset);
    let mut firsts: BTreeMap<u64, BTreeMap<u8, usize>> = BTreeMap::new();
    for index in order {
        if let Some(moment) = deliveries[index].moment {
            let of_job = firsts.entry(moment.job).or_default();
            of_job.entry(moment.rank).or_insert(index);
        }
    }
    firsts.into_values().collect()
}

/// How late one of these came. Since when a job that had to wait was queued its payload does not tell, unless the file says so.
fn late(deliveries: &[Delivery], of_job: &BTreeMap<u8, usize>, rank_of_it: u8) -> Duration {
    let Some(delivery) = of_job.get(&rank_of_it).map(|index| &deliveries[*index]) else {
        return Duration::ZERO;
    };
    let waited = rank_of_it == rank("queued") && of_job.contains_key(&rank("waiting"));
    let is_dated = (rank("queued")..=rank("completed")).contains(&rank_of_it) && !waited;
    let told = is_dated.then(|| delivery.late_by()).flatten();
    delivery.late.or(told).unwrap_or_default()
}

/// How long before each delivery was sent GitHub knew what it tells of a job. Only the first that tells something counts, and
/// nothing of a job's life is known before what precedes it.
pub(crate) fn known_before(deliveries: &[Delivery]) -> Vec<Duration> {
    let mut before = vec![Duration::ZERO; deliveries.len()];
    for of_job in firsts(deliveries) {
        let mut precedes = Duration::ZERO;
        for (rank, index) in &of_job {
            let sent = deliveries[*index].offset;
            let late = late(deliveries, &of_job, *rank);
            let known = sent.saturating_sub(late).max(precedes).min(sent);
            before[*index] = sent - known;
            precedes = known;
        }
    }
    before
}

/// Lets a recording begin so early that nothing of it happened before.
pub(super) fn begin_earlier(deliveries: &mut [Delivery]) {
    let mut lead = Duration::ZERO;
    for of_job in firsts(deliveries) {
        for (rank, index) in &of_job {
            let delivery = &deliveries[*index];
            // Somebody who wrote both times means them so.
            if delivery.late.is_none() {
                let late = late(deliveries, &of_job, *rank);
                lead = lead.max(late.saturating_sub(delivery.offset));
            }
        }
    }
    for delivery in deliveries {
        delivery.offset = delivery.offset.saturating_add(lead);
    }
}
