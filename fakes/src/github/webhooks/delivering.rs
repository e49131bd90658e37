//! Webhook deliveries: attempts to deliver a message, and deliveries that are sent again.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use vocabulary::Pretended;

use crate::{
    env::Length,
    github::{
        handle::Github,
        state::hooks::message::{Message, Payload},
    },
    history::Origin,
    ids::{DeliveryId, EventId, JobId},
    json_path::set_at,
    settings::LogStatus,
};

/// Which deliveries of the log to send again.
#[derive(Clone, Debug, Default)]
pub struct Redeliver {
    /// Only those of this job.
    pub job: Option<JobId>,
    /// Only those with this action.
    pub action: Option<String>,
    /// Only those of which no attempt succeeded.
    pub failed: bool,
}

/// One attempt to deliver a message.
pub(in crate::github) struct Dispatch {
    pub(in crate::github) message: Arc<Message>,
    pub(in crate::github) origin: Origin,
    pub(in crate::github) redelivery: bool,
    /// How it fails, if that is settled: then nothing is sent.
    pub(in crate::github) failed: Option<LogStatus>,
    /// Drawn per delivery; the faults' delays come on top.
    pub(in crate::github) delay: Length,
    /// Whether faults apply. A duplicate that a fault made is spared, or it would breed.
    pub(in crate::github) bend: bool,
    pub(in crate::github) because: Option<EventId>,
}

impl Dispatch {
    /// A redelivery, at once.
    pub(in crate::github) fn again(
        message: Arc<Message>,
        origin: Origin,
        because: EventId,
    ) -> Self {
        let delay = Length::fixed(Duration::ZERO);
        Self {
            message,
            origin,
            redelivery: true,
            failed: None,
            delay,
            bend: true,
            because: Some(because),
        }
    }
}

impl Github {
    /// Sends deliveries of the log again, as their redelivery button does: same GUID, new id.
    pub fn redeliver(&self, filter: &Redeliver, because: Option<EventId>) -> Vec<DeliveryId> {
        let mut state = self.state();
        let now = self.now();
        // By hook and GUID: the newest message of each, and whether any attempt succeeded.
        let mut known = BTreeSet::new();
        let mut order = Vec::new();
        let mut succeeded = BTreeSet::new();
        for (_, entry) in state.hooks.log.shown(now) {
            let message = &entry.message;
            let key = (message.hook(), message.guid.as_str());
            let fits = filter.job.is_none_or(|job| message.job_id() == Some(job))
                && filter
                    .action
                    .as_ref()
                    .is_none_or(|action| message.action.as_ref() == Some(action));
            if entry.succeeded() {
                succeeded.insert(key);
            }
            if fits && known.insert(key) {
                order.push((key, message));
            }
        }
        let chosen: Vec<Arc<Message>> = order
            .into_iter()
            .filter(|(key, _)| !(filter.failed && succeeded.contains(key)))
            .map(|(_, message)| message.clone())
            .collect();
        chosen
            .into_iter()
            .rev()
            .map(|message| {
                let delay = Length::fixed(Duration::ZERO);
                let origin = Origin::Repeated;
                self.dispatch(
                    &mut state,
                    Dispatch {
                        message,
                        origin,
                        redelivery: true,
                        failed: None,
                        delay,
                        bend: true,
                        because,
                    },
                )
            })
            .collect()
    }

    /// The same webhook with other values in its payload; nothing if it says so already.
    pub(in crate::github) fn pretending(message: &Message, values: &Pretended) -> Option<Message> {
        let bytes = message.payload.bytes();
        let honest = std::str::from_utf8(&bytes).ok()?;
        let mut bent: Option<String> = None;
        for (path, value) in &values.0 {
            let changed = set_at(path, bent.as_deref().unwrap_or(honest), &value.to_string());
            bent = changed.or(bent);
        }
        Some(Message {
            payload: Payload::written(bent?.into_bytes()),
            ..message.clone()
        })
    }
}
