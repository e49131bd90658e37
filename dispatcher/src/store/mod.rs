//! Where the journal is kept: behind one trait, in memory, in SQLite or in Postgres.

#[cfg(feature = "sqlite")]
mod lock;
mod memory;
#[cfg(feature = "sqlite")]
mod open;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use futures_util::{FutureExt, future::BoxFuture};

pub use self::memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use self::{open::OpenError, sqlite::SqliteStore};
pub use crate::core::{Record, Write};

/// A journal that could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// What can be asked whether it could be written.
pub trait Writable: Send + Sync {
    /// Whether it could be written now: what a health check asks. Changes nothing that was written.
    fn check(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        std::future::ready(Ok(())).boxed()
    }
}

/// A durable map from key to text.
pub trait Store: Writable {
    /// Writes all of `writes`, in order, or none. Once this returns they survive a crash.
    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Everything written and not deleted, by key.
    fn load(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, StoreError>>;
}
