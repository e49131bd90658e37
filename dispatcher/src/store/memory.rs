//! The journal in memory. Clones share it, so that it survives the dispatcher but not the process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{FutureExt, future::BoxFuture};

use super::{Record, Store, StoreError, Writable, Write};

/// A journal in memory.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<BTreeMap<String, Record>>>);

impl Writable for MemoryStore {}

impl Store for MemoryStore {
    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), StoreError>> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for write in writes {
            match write {
                Write::Put(key, record) => records.insert(key, record),
                Write::Delete(key) => records.remove(&key),
            };
        }
        std::future::ready(Ok(())).boxed()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, StoreError>> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = records.iter();
        let texts = texts.map(|(key, record)| (key.clone(), record.text()));
        std::future::ready(Ok(texts.collect())).boxed()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}
