//! Where a replica that does not lead leaves the webhooks that it accepts: in the database, for the leader.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::{mpsc, oneshot};

use super::{Handed, Postgres, Session, StoreError, failed, lead};
use crate::store::Writable;

/// Written at a time: a wait for the disk costs the same for many.
const BATCH: usize = 256;

/// A record, unless only the way is tried.
type Request = (Option<String>, oneshot::Sender<Result<(), StoreError>>);

/// Hands webhooks over to the leader.
#[derive(Clone)]
pub struct HandOver {
    requests: mpsc::UnboundedSender<Request>,
}

impl HandOver {
    pub(super) fn start(postgres: Arc<Postgres>) -> Self {
        let (requests, inbox) = mpsc::unbounded_channel();
        let spawner = postgres.spawner.clone();
        spawner.spawn(serve(postgres, inbox));
        Self { requests }
    }

    /// Leaves a webhook to the leader. Once this returns it survives the end of every replica.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn leave(&self, handed: &Handed) -> Result<(), StoreError> {
        let record =
            serde_json::to_string(handed).map_err(|error| StoreError(error.to_string()))?;
        self.ask(Some(record)).await
    }

    async fn ask(&self, record: Option<String>) -> Result<(), StoreError> {
        let gone = || StoreError("its task is gone".to_owned());
        let (reply, answer) = oneshot::channel();
        self.requests.send((record, reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Writable for HandOver {
    /// Writes nothing, but as if: a database that may only be read refuses it.
    fn check(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.ask(None).boxed()
    }
}

impl std::fmt::Debug for HandOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HandOver")
    }
}

/// Writes what comes until nobody can ask any more.
async fn serve(postgres: Arc<Postgres>, mut inbox: mpsc::UnboundedReceiver<Request>) {
    let mut session = None;
    let mut batch = Vec::new();
    while inbox.recv_many(&mut batch, BATCH).await > 0 {
        let (records, replies): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let records = records.into_iter().flatten().collect();
        let written = write(&postgres, &mut session, &records).await;
        if written.is_err() {
            session = None;
        }
        for reply in replies {
            // GitHub may have hung up; then nobody minds.
            let _heard = reply.send(written.clone());
        }
    }
}

async fn write(
    postgres: &Postgres,
    session: &mut Option<Session>,
    records: &Vec<String>,
) -> Result<(), StoreError> {
    let session = match session.take() {
        Some(open) if !open.client.is_closed() => session.insert(open),
        _ => session.insert(postgres.session().await?),
    };
    let statement = "
        WITH kept AS (
            INSERT INTO jobs_dispatcher_journal (key, record)
            SELECT $1 || lpad(nextval('jobs_dispatcher_handed')::text, 20, '0'), record
            FROM unnest($2::text[]) WITH ORDINALITY AS handed (record, place) ORDER BY place
            RETURNING key
        )
        SELECT pg_notify($3, count(*)::text) FROM kept";
    let client = &session.client;
    client
        .query(statement, &[&lead::HANDED, records, &lead::CHANNEL])
        .await
        .map_err(failed)?;
    Ok(())
}
