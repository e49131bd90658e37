//! What every store must do, against each of them.

use std::{collections::BTreeMap, sync::Arc};

use dispatcher::{MemoryStore, SqliteStore, Store, store::Write};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Runtime;

use crate::cluster::Cluster;

/// A kind of store, and where one of its journals is.
enum Kind {
    Memory(MemoryStore),
    Sqlite(tempfile::TempDir),
    Postgres(Box<Cluster>),
}

impl Kind {
    fn all() -> [Self; 3] {
        [
            Self::Memory(MemoryStore::default()),
            Self::Sqlite(tempfile::tempdir().unwrap()),
            Self::Postgres(Box::new(Cluster::start())),
        ]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "Postgres",
        }
    }

    /// Opens the journal as a process would that has just started.
    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::new(store.clone()),
            Self::Sqlite(folder) => {
                Arc::new(SqliteStore::open(&folder.path().join("journal.db")).unwrap())
            }
            Self::Postgres(cluster) => {
                let postgres = cluster.postgres();
                postgres.prepare().await.unwrap();
                Arc::new(postgres.lead().await.unwrap())
            }
        }
    }

    async fn empty(&self) {
        let store = self.open().await;
        let all = store.load().await.unwrap();
        let gone = all.into_iter().map(|(key, _)| Write::Delete(key)).collect();
        store.write(gone).await.unwrap();
    }
}

fn put(key: &str, record: &str) -> Write {
    Write::Put(key.to_owned(), record.to_owned().into())
}

fn delete(key: &str) -> Write {
    Write::Delete(key.to_owned())
}

fn rows(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(key, record)| ((*key).to_owned(), (*record).to_owned()))
        .collect()
}

#[test]
fn what_was_written_is_there_after_a_reopening() {
    Runtime::new().unwrap().block_on(async {
        for kind in Kind::all() {
            let store = kind.open().await;
            assert_eq!(store.load().await.unwrap(), [], "{}", kind.name());
            let writes = vec![put("a", "1"), put("b", "2"), put("a", "3")];
            store.write(writes).await.unwrap();
            store
                .write(vec![delete("b"), delete("never"), put("c", "")])
                .await
                .unwrap();
            drop(store);
            let again = kind.open().await.load().await.unwrap();
            assert_eq!(again, rows(&[("a", "3"), ("c", "")]), "{}", kind.name());
        }
    });
}

#[test]
fn keys_come_in_the_order_of_their_bytes() {
    Runtime::new().unwrap().block_on(async {
        let keys = [
            "A",
            "B",
            "a",
            "a-b",
            "a/b",
            "ab",
            "z",
            "Ä",
            "é",
            "\u{1f680}",
        ];
        for kind in Kind::all() {
            let store = kind.open().await;
            let writes = keys.iter().rev().map(|key| put(key, "x")).collect();
            store.write(writes).await.unwrap();
            let found = store.load().await.unwrap();
            let found: Vec<_> = found.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(found, keys, "{}", kind.name());
        }
    });
}

#[test]
fn thousands_of_records_are_one_write() {
    Runtime::new().unwrap().block_on(async {
        for kind in Kind::all() {
            let store = kind.open().await;
            let long = "record ".repeat(300);
            let writes = (0..10_000).map(|n| put(&format!("launch/{n:05}"), &long));
            store.write(writes.collect()).await.unwrap();
            let found = store.load().await.unwrap();
            assert_eq!(found.len(), 10_000, "{}", kind.name());
            assert!(found.iter().all(|(_, record)| *record == long));
        }
    });
}

/// Writes of a few keys, some of them deleted, in batches.
fn batches() -> impl Strategy<Value = Vec<Vec<(u8, Option<String>)>>> {
    let text = proptest::option::weighted(0.7, "[ -~äß\u{1f680}\n]{0,12}");
    let write = (0_u8..6, text);
    proptest::collection::vec(proptest::collection::vec(write, 0..8), 1..8)
}

#[test]
fn a_store_is_a_map_whatever_is_written() {
    let runtime = Runtime::new().unwrap();
    for kind in Kind::all() {
        let mut runner = TestRunner::new(Config::with_cases(64));
        let result = runner.run(&batches(), |batches| {
            runtime.block_on(async {
                kind.empty().await;
                let store = kind.open().await;
                let mut model = BTreeMap::new();
                for batch in batches {
                    let mut writes = Vec::new();
                    for (key, record) in batch {
                        let key = format!("job/{key}");
                        match record {
                            Some(record) => {
                                writes.push(put(&key, &record));
                                model.insert(key, record);
                            }
                            None => {
                                writes.push(delete(&key));
                                model.remove(&key);
                            }
                        }
                    }
                    store.write(writes).await.unwrap();
                }
                let model: Vec<_> = model.into_iter().collect();
                prop_assert_eq!(store.load().await.unwrap(), model);
                Ok(())
            })
        });
        result.unwrap_or_else(|error| panic!("{}: {error}", kind.name()));
    }
}
