//! Who takes a webhook that was accepted: the loop of this process, or the replica that leads.

#[cfg(feature = "postgres")]
use std::sync::Arc;

#[cfg(feature = "postgres")]
use crate::replica::way::Way;
use crate::{
    core::{JobSighting, Status},
    reconciler::{Durable, Inbox},
};

/// Takes webhooks and tells the state.
#[derive(Clone)]
pub(crate) enum Recipient {
    /// This process has the journal to itself.
    Own(Inbox),
    /// Replicas share it.
    #[cfg(feature = "postgres")]
    Shared(Arc<Way>),
}

impl Recipient {
    /// Hands in a webhook, and waits until it is durable.
    pub(crate) async fn deliver(&self, sighting: JobSighting, guid: String) -> Durable {
        match self {
            Self::Own(inbox) => inbox.deliver(sighting, guid).await,
            #[cfg(feature = "postgres")]
            Self::Shared(way) => way.deliver(sighting, guid).await,
        }
    }

    /// A snapshot of the state, unless nobody can tell.
    pub(crate) async fn status(&self) -> Option<Status> {
        match self {
            Self::Own(inbox) => inbox.status().await,
            #[cfg(feature = "postgres")]
            Self::Shared(way) => way.status().await,
        }
    }
}
