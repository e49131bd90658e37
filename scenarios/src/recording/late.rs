//! How late deliveries came: what they tell of had happened, and GitHub knew it, before they were sent.

use std::{collections::BTreeMap, time::Duration};

use super::Delivery;

/// A delivery that is later than this after what it is about is called late. GitHub's usually take seconds.
pub(super) const LATE: Duration = Duration::from_secs(60);

impl Delivery {
    /// How long before it was sent it happened what it is about, where the recording tells.
    pub(super) fn late_by(&self) -> Option<Duration> {
        let late = self.late.or_else(|| {
            let (sent, happened) = self.sent().zip(self.happened)?;
            Duration::try_from(sent.duration_since(happened)).ok()
        });
        late.filter(|late| *late >= LATE)
    }
}

/// How long before each delivery was sent GitHub knew what it tells of a job. Only the first that tells something counts,
/// and nothing of a job's life is known later than what follows it.
pub(crate) fn known_before(deliveries: &[Delivery]) -> Vec<Duration> {
    let mut before = vec![Duration::ZERO; deliveries.len()];
    let mut firsts: BTreeMap<u64, BTreeMap<u8, usize>> = BTreeMap::new();
    for (index, delivery) in deliveries.iter().enumerate() {
        if let Some(moment) = delivery.moment {
            let of_job = firsts.entry(moment.job).or_default();
            of_job.entry(moment.rank).or_insert(index);
        }
    }
    for of_job in firsts.values() {
        let mut known_by = Duration::MAX;
        for index in of_job.values().rev() {
            let delivery = &deliveries[*index];
            let late = delivery.late_by().unwrap_or_default();
            known_by = known_by.min(delivery.offset.saturating_sub(late));
            before[*index] = delivery.offset.saturating_sub(known_by);
        }
    }
    before
}
