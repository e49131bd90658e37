//! Whether the dispatcher can do its work: its journal can be written, and it is not on its way out.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, timeout};

use crate::store::{StoreError, Writable};

/// For so long the last look at the journal answers for the next.
const FRESH: Duration = Duration::from_secs(5);
/// A journal that takes longer to write is none.
const CHECK_WITHIN: Duration = Duration::from_secs(2);

/// What is known of the dispatcher's own state.
pub(crate) struct Health {
    store: Arc<dyn Writable>,
    journal: Mutex<Journal>,
    stopping: AtomicBool,
}

#[derive(Default)]
struct Journal {
    /// Why what the dispatcher wants to write is not written.
    write_failed: Option<String>,
    /// What the last check of ours said, and when.
    checked: Option<(Instant, Result<(), String>)>,
    checking: bool,
}

impl Health {
    pub(crate) fn new(store: Arc<dyn Writable>) -> Self {
        Self {
            store,
            journal: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// The journal was written, or could not be.
    pub(crate) fn wrote(&self, outcome: Result<(), &StoreError>) {
        self.lock().write_failed = outcome.err().map(ToString::to_string);
    }

    /// It ends: nothing more is to be sent here.
    pub(crate) fn stops(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Whether the journal can be written, or why not. An idle dispatcher has to try: its disk may have filled up long ago.
    pub(crate) async fn journal(&self) -> Result<(), String> {
        if let Some(known) = self.known() {
            return known;
        }
        let checked = match timeout(CHECK_WITHIN, self.store.check()).await {
            Ok(checked) => checked.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} s", CHECK_WITHIN.as_secs())),
        };
        let mut journal = self.lock();
        journal.checking = false;
        journal.checked = Some((Instant::now(), checked.clone()));
        checked
    }

    /// What can be said without a look; otherwise a look is begun, one at a time.
    fn known(&self) -> Option<Result<(), String>> {
        let mut journal = self.lock();
        if let Some(error) = &journal.write_failed {
            return Some(Err(error.clone()));
        }
        if let Some((at, checked)) = &journal.checked
            && (journal.checking || at.elapsed() < FRESH)
        {
            return Some(checked.clone());
        }
        journal.checking = true;
        None
    }

    fn lock(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("stopping", &self.is_stopping())
            .finish_non_exhaustive()
    }
}
