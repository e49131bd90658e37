//! How webhooks of one replica reach whoever leads, and what it can tell of the state meanwhile.

use std::{pin::pin, sync::Arc};

use futures_util::future;
use tokio::sync::watch;

use crate::{
    config::Config,
    core::{Core, JobSighting, Status},
    host::Host,
    reconciler::{Durable, Inbox},
    store::postgres::{HandOver, Handed, Postgres},
};

/// How webhooks of this process reach whoever leads.
pub(crate) struct Way {
    pub(super) lead: watch::Receiver<Option<Inbox>>,
    pub(super) hand_over: HandOver,
    pub(super) postgres: Arc<Postgres>,
    pub(super) host: Host,
    pub(super) config: Arc<Config>,
}

impl Way {
    pub(super) fn inbox(&self) -> Option<Inbox> {
        self.lead.borrow().clone()
    }

    /// See [`Recipient::deliver`](crate::recipient::Recipient::deliver).
    pub(crate) async fn deliver(&self, sighting: JobSighting, guid: String) -> Durable {
        if let Some(inbox) = self.inbox() {
            // While the lead is lost its loop may hang: the database decides who leads.
            let own = pin!(inbox.deliver(sighting.clone(), guid.clone()));
            let mut lead = self.lead.clone();
            let lost = pin!(lead.wait_for(Option::is_none));
            if let future::Either::Left((Ok(()), _)) = future::select(own, lost).await {
                return Ok(());
            }
        }
        let handed = Handed { sighting, guid };
        let left = self.hand_over.leave(&handed).await;
        left.map_err(|error| error.to_string())
    }

    /// See [`Recipient::status`](crate::recipient::Recipient::status).
    pub(crate) async fn status(&self) -> Option<Status> {
        match self.inbox() {
            Some(inbox) => inbox.status().await,
            None => self.read_status().await,
        }
    }

    /// The state as the journal has it: what a process that does not lead can tell.
    async fn read_status(&self) -> Option<Status> {
        let records = self.postgres.read().await.ok()?;
        let now = self.host.clock.now();
        let draw = Arc::clone(&self.host.draw);
        let mut core = Core::new(now, self.config.settings.clone(), draw);
        core.restore(now, records).ok()?;
        Some(core.status(now))
    }
}
