//! The leader's session: it holds the lock, and everything the leader writes goes through it.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{Session, StoreError, failed, schema};
use crate::{
    core::JobSighting,
    store::{Store, Writable, Write},
};

/// Records of webhooks that another replica accepted.
pub(super) const HANDED: &str = "handed/";
/// The first key after all of them.
const HANDED_END: &str = "handed0";
/// Who listens here is told when there are such.
pub(super) const CHANNEL: &str = "jobs_dispatcher";
/// Taken at a time.
const HANDED_AT_ONCE: i64 = 1_000;
/// Asked this often, in case a notification was lost; it is also how soon a lost connection is noticed.
const LOOKS: Duration = Duration::from_secs(1);
/// An answer takes no longer, or the lead is given up: another process may have it.
const ANSWERS: Duration = Duration::from_secs(5);

/// A webhook that another replica accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// What it says.
    pub sighting: JobSighting,
    /// GitHub's number of the delivery.
    pub guid: String,
}

/// The lead. It is lost with the connection, and given up when this is dropped.
pub struct Lead {
    session: Session,
}

impl Lead {
    pub(super) async fn wait(session: Session) -> Result<Self, StoreError> {
        let client = &session.client;
        // One lead for each set of tables, whatever else is in the database.
        let lock =
            "SELECT pg_advisory_lock($1, 'jobs_dispatcher_journal'::regclass::oid::int8::int4)";
        client
            .query(lock, &[&schema::LOCKS])
            .await
            .map_err(failed)?;
        let listen = format!("LISTEN {CHANNEL}");
        client.batch_execute(&listen).await.map_err(failed)?;
        Ok(Self { session })
    }

    /// What other replicas accepted, oldest first, with its key. It stays until the key is deleted.
    ///
    /// # Errors
    /// When the lead is lost.
    pub async fn handed(
        &self,
    ) -> Result<Vec<(String, Result<Handed, serde_json::Error>)>, StoreError> {
        let query = "SELECT key, record FROM jobs_dispatcher_journal
                     WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3";
        let asked = self
            .session
            .client
            .query(query, &[&HANDED, &HANDED_END, &HANDED_AT_ONCE]);
        let rows = timeout(ANSWERS, asked)
            .await
            .map_err(|_| StoreError("the database does not answer".to_owned()))?
            .map_err(failed)?;
        Ok(rows
            .iter()
            .map(|row| (row.get(0), serde_json::from_str(row.get(1))))
            .collect())
    }

    /// Returns when something may have been handed over, and in any case before long.
    pub async fn news(&self) {
        // That nothing was told is no news either.
        let _told = timeout(LOOKS, self.session.news.notified()).await;
    }
}

/// Its connection is looked at each second: one that cannot write is no lead for long.
impl Writable for Lead {}

impl Store for Lead {
    /// One statement, and with it one transaction, on the session that has the lock.
    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            // Of several writes to a key the last counts.
            let mut last = BTreeMap::new();
            for write in writes {
                match write {
                    Write::Put(key, record) => last.insert(key, Some(record.text())),
                    Write::Delete(key) => last.insert(key, None),
                };
            }
            let (mut gone, mut keys, mut records) = (Vec::new(), Vec::new(), Vec::new());
            for (key, record) in last {
                match record {
                    Some(record) => {
                        keys.push(key);
                        records.push(record);
                    }
                    None => gone.push(key),
                }
            }
            let statement = "
                WITH gone AS (DELETE FROM jobs_dispatcher_journal WHERE key = ANY($1::text[]))
                INSERT INTO jobs_dispatcher_journal (key, record) SELECT * FROM unnest($2::text[], $3::text[])
                ON CONFLICT (key) DO UPDATE SET record = excluded.record";
            let client = &self.session.client;
            client
                .execute(statement, &[&gone, &keys, &records])
                .await
                .map_err(failed)?;
            Ok(())
        }
        .boxed()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, StoreError>> {
        records(&self.session).boxed()
    }
}

pub(super) async fn records(session: &Session) -> Result<Vec<(String, String)>, StoreError> {
    let query = "SELECT key, record FROM jobs_dispatcher_journal
                 WHERE NOT (key >= $1 AND key < $2) ORDER BY key";
    let rows = session
        .client
        .query(query, &[&HANDED, &HANDED_END])
        .await
        .map_err(failed)?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

impl std::fmt::Debug for Lead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lead")
    }
}
