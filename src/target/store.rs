//! The dispatcher's store as the faults of the world bend it: slow, full, failing.
//!
//! Only what is written is bent. A dispatcher that cannot read its journal does not start at all, and that is no
//! behaviour to judge.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dispatcher::store::{Store, StoreError, Writable, Write};
use fakes::Faults;
use futures_util::future::BoxFuture;

use crate::transport::TaskGroup;

/// A store in front of which the faults stand. Clones share it.
#[derive(Clone)]
pub(super) struct BentStore<S> {
    inner: S,
    faults: Faults,
    written: Arc<AtomicU64>,
    /// The process that writes: one that stops in order finishes what it writes.
    writer: TaskGroup,
}

impl<S> BentStore<S> {
    pub(super) fn new(inner: S, faults: Faults) -> Self {
        let written = Arc::default();
        Self {
            inner,
            faults,
            written,
            writer: TaskGroup::default(),
        }
    }

    /// The same store, as this process writes it.
    pub(super) fn written_by(self, writer: TaskGroup) -> Self {
        Self { writer, ..self }
    }
}

impl<S: Store> Writable for BentStore<S> {}

impl<S: Store> Store for BentStore<S> {
    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.writer.carry(async move {
            let ordinal = self.written.fetch_add(1, Ordering::Relaxed) + 1;
            let grows = writes.iter().any(|write| matches!(write, Write::Put(..)));
            let fate = self.faults.at_store(ordinal, grows);
            if !fate.delay.is_zero() {
                tokio::time::sleep(fate.delay).await;
                self.faults.store_answers(&fate);
            }
            match fate.fails {
                Some(why) => Err(StoreError(why.to_owned())),
                None => self.inner.write(writes).await,
            }
        }))
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, StoreError>> {
        self.inner.load()
    }
}

impl<S> fmt::Debug for BentStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BentStore").finish_non_exhaustive()
    }
}
