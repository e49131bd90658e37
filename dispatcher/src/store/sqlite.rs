//! The journal in one SQLite file, on a thread of its own so that no async task ever waits for the disk.

use std::{fmt, fs::File, path::Path, sync::mpsc, thread, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use rusqlite::{Connection, params};
use tokio::{sync::oneshot, time::Instant};

use super::{OpenError, Store, StoreError, Writable, Write, open::open};

type Rows = Vec<(String, String)>;

enum Request {
    Write(Vec<Write>, oneshot::Sender<Result<(), StoreError>>),
    Check(oneshot::Sender<Result<(), StoreError>>),
    Load(oneshot::Sender<Result<Rows, StoreError>>),
}

/// A journal in a file, which no other process can use meanwhile. A write is on the disk when it returns (WAL,
/// `synchronous=FULL`).
pub struct SqliteStore {
    /// There until this is dropped.
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<thread::JoinHandle<()>>,
    /// Held for as long as the file is open.
    _lock: File,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When the file cannot be opened, is no journal, or is in use.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (connection, lock) = open(path)?;
        let (requests, inbox) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || serve(connection, &inbox))
            .map_err(|error| OpenError::failed(path, &error))?;
        Ok(Self {
            requests: Some(requests),
            thread: Some(thread),
            _lock: lock,
        })
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Request,
    ) -> Result<T, StoreError> {
        let gone = || StoreError("its thread is gone".to_owned());
        let (reply, answer) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        requests.send(request(reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Writable for SqliteStore {
    fn check(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.ask(Request::Check).boxed()
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

impl Drop for SqliteStore {
    /// Waits for the write that is under way: only then may another open the file.
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // Had it panicked, whoever asked it would have been told.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore")
    }
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
            Request::Check(reply) => drop(reply.send(check(&connection).map_err(failed))),
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

/// Writes, as nothing else tells whether one can.
fn check(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO checked (id, times) SELECT 1, coalesce(max(times), 0) + 1 FROM checked")?
        .execute([])
        .map(drop)
}

fn load(connection: &Connection) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare("SELECT key, record FROM journal ORDER BY key")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn failed(error: rusqlite::Error) -> StoreError {
    let told = error.to_string();
    // SQLite's words for what the disk said have no cause in them.
    StoreError(match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => format!("{told} (is the disk full?)"),
        Some(rusqlite::ErrorCode::SystemIoFailure) => {
            format!("{told} (is the disk full, or a limit on the size of files reached?)")
        }
        Some(rusqlite::ErrorCode::ReadOnly) => {
            format!("{told} (is the disk mounted read-only, or the file somebody else's?)")
        }
        _ => told,
    })
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

    #[tokio::test]
    async fn a_full_file_is_told_by_writes_and_checks_and_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let (connection, lock) = open(&folder.path().join("journal.db")).unwrap();
        connection
            .execute_batch("PRAGMA max_page_count=8;")
            .unwrap();
        let (requests, inbox) = mpsc::channel();
        let store = SqliteStore {
            requests: Some(requests),
            thread: Some(thread::spawn(move || serve(connection, &inbox))),
            _lock: lock,
        };
        store.write(vec![put("a", "1")]).await.unwrap();
        store.check().await.unwrap();
        let large = "x".repeat(1 << 20);
        let error = store.write(vec![put("b", &large)]).await.unwrap_err();
        assert!(error.0.contains("full"), "{error}");
        assert_eq!(store.load().await.unwrap().len(), 1);
    }
}
