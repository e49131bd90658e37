//! The journal in one SQLite file, on a thread of its own so that no async task ever waits for the disk.

use std::{fmt, path::Path, sync::mpsc, thread, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use rusqlite::{Connection, params};
use tokio::{sync::oneshot, time::Instant};

use super::{Store, StoreError, Write};

type Rows = Vec<(String, String)>;

enum Request {
    Write(Vec<Write>, oneshot::Sender<Result<(), StoreError>>),
    Load(oneshot::Sender<Result<Rows, StoreError>>),
}

/// A journal in a file. A write is on the disk when it returns (WAL, `synchronous=FULL`).
pub struct SqliteStore {
    requests: mpsc::Sender<Request>,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When the file cannot be opened or is no journal.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path).and_then(prepare).map_err(failed)?;
        let (requests, inbox) = mpsc::channel();
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || serve(connection, &inbox))
            .map_err(|error| StoreError(error.to_string()))?;
        Ok(Self { requests })
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Request,
    ) -> Result<T, StoreError> {
        let gone = || StoreError("its thread is gone".to_owned());
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Store for SqliteStore {
    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.ask(|reply| Request::Write(writes, reply)).boxed()
    }

    fn load(&self) -> BoxFuture<'_, Result<Rows, StoreError>> {
        self.ask(Request::Load).boxed()
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore")
    }
}

fn prepare(connection: Connection) -> rusqlite::Result<Connection> {
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;
         CREATE TABLE IF NOT EXISTS journal (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;",
    )?;
    Ok(connection)
}

/// From the end of one write to the beginning of the next, at least. A write costs a wait for the disk and most of its work
/// whatever is in it: while many webhooks come what they bring is written together, and a lone one is written at once.
const GATHERS: Duration = Duration::from_millis(10);

/// Answers requests until the store is dropped.
fn serve(mut connection: Connection, inbox: &mpsc::Receiver<Request>) {
    // This thread is of no runtime: the time is real here.
    let mut written: Option<Instant> = None;
    while let Ok(request) = inbox.recv() {
        // Whoever asked may be gone by now; that changes nothing.
        match request {
            Request::Write(writes, reply) => {
                if let Some(written) = written {
                    thread::sleep(GATHERS.saturating_sub(written.elapsed()));
                }
                drop(reply.send(write(&mut connection, &writes).map_err(failed)));
                written = Some(Instant::now());
            }
            Request::Load(reply) => drop(reply.send(load(&connection).map_err(failed))),
        }
    }
}

fn write(connection: &mut Connection, writes: &[Write]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for write in writes {
        match write {
            Write::Put(key, record) => transaction
                .prepare_cached("INSERT OR REPLACE INTO journal (key, record) VALUES (?1, ?2)")?
                .execute(params![key, record.text()])?,
            Write::Delete(key) => transaction
                .prepare_cached("DELETE FROM journal WHERE key = ?1")?
                .execute(params![key])?,
        };
    }
    transaction.commit()
}

fn load(connection: &Connection) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare("SELECT key, record FROM journal ORDER BY key")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn failed(error: rusqlite::Error) -> StoreError {
    StoreError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, record: &str) -> Write {
        Write::Put(key.to_owned(), record.to_owned().into())
    }

    #[tokio::test]
    async fn what_was_written_survives_a_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let store = SqliteStore::open(&path).unwrap();
        store
            .write(vec![put("a", "1"), put("b", "2"), put("a", "3")])
            .await
            .unwrap();
        store
            .write(vec![
                Write::Delete("b".to_owned()),
                Write::Delete("never".to_owned()),
            ])
            .await
            .unwrap();
        drop(store);
        let again = SqliteStore::open(&path).unwrap();
        assert_eq!(
            again.load().await.unwrap(),
            [("a".to_owned(), "3".to_owned())]
        );
    }

    #[test]
    fn refuses_a_file_that_is_no_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        std::fs::write(
            &path,
            b"not a database, and long enough to be read as a broken header of one",
        )
        .unwrap();
        assert!(SqliteStore::open(&path).is_err());
    }
}
