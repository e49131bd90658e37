//! The normal form of a history: what happened to each job, in order, without times and ids.
//!
//! The same plan gives the same normal form in virtual and in real time, as long as it holds nothing that
//! only a clock decides.

use std::collections::BTreeMap;

use fakes::history::{Event, What};

/// For each job by name: the events of its life, in order.
#[must_use]
pub fn normal_form(events: &[Event]) -> BTreeMap<String, Vec<String>> {
    let mut names = BTreeMap::new();
    let mut deliveries = BTreeMap::new();
    let mut lives: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in events {
        if let What::JobQueued { job, name, .. } | What::JobWaiting { job, name, .. } = &event.event
        {
            names.insert(*job, name.clone());
        }
        if let What::DeliveryCreated {
            delivery, action, ..
        } = &event.event
        {
            deliveries.insert(*delivery, action.clone().unwrap_or_default());
        }
        let (job, line) = match &event.event {
            What::JobQueued { job, labels, .. } => {
                (Some(*job), format!("queued {}", labels.join(",")))
            }
            What::JobWaiting { job, .. } => (Some(*job), "waiting".to_owned()),
            What::RunnerAssigned { job, .. } => (Some(*job), "assigned".to_owned()),
            What::JobStarted { job, .. } => (Some(*job), "started".to_owned()),
            What::JobCompleted {
                job, conclusion, ..
            } => (Some(*job), format!("completed {conclusion:?}")),
            What::DeliveryAnswered {
                delivery,
                job,
                status,
                ..
            } => {
                let action = deliveries.get(delivery).map_or("", String::as_str);
                (*job, format!("delivery of {action} answered {status}"))
            }
            What::DeliveryLost {
                delivery, job, why, ..
            } => {
                let action = deliveries.get(delivery).map_or("", String::as_str);
                (*job, format!("delivery of {action} lost: {why:?}"))
            }
            _ => continue,
        };
        let Some(name) = job.and_then(|job| names.get(&job)) else {
            continue;
        };
        lives.entry(name.clone()).or_default().push(line);
    }
    lives
}
