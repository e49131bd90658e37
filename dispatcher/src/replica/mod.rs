//! One of several processes that serve the same App from one journal in Postgres. Each accepts webhooks; the one that holds
//! the lead decides and calls, and the others hand what they accepted over to it through the database.

pub(crate) mod way;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use futures_util::future::join_all;
use tokio::{sync::watch, task::JoinSet, time::sleep};

use self::way::Way;
use crate::{
    causes::with_causes,
    config::Config,
    dispatcher::{Means, StartError},
    host::{Host, Spawner},
    http::HttpService,
    recipient::Recipient,
    reconciler::Inbox,
    store::{
        Store, StoreError,
        postgres::{Handed, Lead, Postgres},
    },
};

/// Before a broken connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// A running replica. Its work is done by tasks of the host's spawner; dropping this value does not end them.
pub struct Replica {
    member: Arc<Member>,
    way: Arc<Way>,
}

/// What is the same whether it leads or not.
struct Member {
    means: Means,
    host: Host,
    postgres: Arc<Postgres>,
}

impl Replica {
    /// Prepares the database and starts to wait for the lead.
    ///
    /// # Errors
    /// When the secret or the database cannot be used.
    pub async fn start(
        config: Config,
        host: Host,
        postgres: Postgres,
        github: HttpService,
        hf: HttpService,
    ) -> Result<Self, StartError> {
        let postgres = Arc::new(postgres);
        let hand_over = postgres.hand_over();
        let means = Means::new(config, Arc::new(hand_over.clone()), github, hf)?;
        postgres.prepare().await?;
        let member = Arc::new(Member {
            means,
            host: host.clone(),
            postgres: Arc::clone(&postgres),
        });
        let (leads, lead) = watch::channel(None);
        host.spawner.spawn(Arc::clone(&member).serve(leads));
        let config = Arc::clone(&member.means.config);
        let way = Way {
            lead,
            hand_over,
            postgres,
            host,
            config,
        };
        Ok(Self {
            member,
            way: Arc::new(way),
        })
    }

    /// Whether this process decides and calls. It may change at any time.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.way.inbox().is_some()
    }

    /// From now on `/readyz` says that it ends, so that nothing new is sent here.
    pub fn stops(&self) {
        self.member.means.health.stops();
    }

    /// The HTTP side, as [`Dispatcher::router`](crate::Dispatcher::router) has it.
    pub fn router(&self) -> Router {
        let recipient = Recipient::Shared(Arc::clone(&self.way));
        self.member.means.router(recipient)
    }
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica")
            .field("leads", &self.leads())
            .finish_non_exhaustive()
    }
}

impl Member {
    /// Waits for the lead, leads until it is lost, and waits again.
    async fn serve(self: Arc<Self>, leads: watch::Sender<Option<Inbox>>) {
        loop {
            let lost = match self.postgres.lead().await {
                Ok(lead) => self.lead(lead, &leads).await,
                Err(error) => error.to_string(),
            };
            leads.send_replace(None);
            // What the loop could not write is not this process's to write any more.
            self.means.health.wrote(Ok(()));
            tracing::warn!(reason = lost, "does not lead");
            sleep(AGAIN).await;
        }
    }

    /// Leads until it cannot any more, and says why. Everything it started is then cut off: the journal knows of each call,
    /// and whoever leads next looks up what came of it.
    async fn lead(&self, lead: Lead, leads: &watch::Sender<Option<Inbox>>) -> String {
        let lead = Arc::new(lead);
        let tasks = Tasks::default();
        let host = Host {
            spawner: tasks.spawner(),
            ..self.host.clone()
        };
        let store = Arc::clone(&lead) as Arc<dyn Store>;
        let inbox = match self.means.run_loop(host, store).await {
            Ok(inbox) => inbox,
            Err(error) => return with_causes(&error),
        };
        leads.send_replace(Some(inbox.clone()));
        tracing::info!("leads");
        match take_over(&lead, &inbox).await {
            Ok(never) => match never {},
            Err(error) => error.to_string(),
        }
    }
}

/// Feeds the loop what other replicas accepted, until the lead is lost.
async fn take_over(lead: &Lead, inbox: &Inbox) -> Result<std::convert::Infallible, StoreError> {
    loop {
        let mut taken = Vec::new();
        for (key, handed) in lead.handed().await? {
            match handed {
                Ok(Handed { sighting, guid }) => taken.push(inbox.take_over(sighting, guid, key)),
                // Of a newer version, and left to it.
                Err(error) => {
                    tracing::warn!(key, %error, "a webhook that was handed over is not understood");
                }
            }
        }
        // They are asked for again only once they are gone, so that none is taken twice.
        join_all(taken).await;
        lead.news().await;
    }
}

/// The tasks of one lead. All are cut off when it is dropped.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    fn spawner(&self) -> Spawner {
        let tasks = Arc::downgrade(&self.0);
        Spawner::new(move |task| {
            // After the lead nothing is started any more.
            let Some(tasks) = tasks.upgrade() else { return };
            let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
            while tasks.try_join_next().is_some() {}
            tasks.spawn(task);
        })
    }
}
