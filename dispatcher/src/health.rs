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
    /// When the check under way began. Whoever asked for it may have gone before it ended, and it with them.
    checking: Option<Instant>,
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
        journal.checking = None;
        journal.checked = Some((Instant::now(), checked.clone()));
        checked
    }

    /// What can be said without a look; otherwise a look is begun, one at a time.
    fn known(&self) -> Option<Result<(), String>> {
        let mut journal = self.lock();
        if let Some(error) = &journal.write_failed {
            return Some(Err(error.clone()));
        }
        let is_checking = journal
            .checking
            .is_some_and(|began| began.elapsed() <= CHECK_WITHIN);
        if let Some((at, checked)) = &journal.checked
            && (is_checking || at.elapsed() < FRESH)
        {
            return Some(checked.clone());
        }
        journal.checking = Some(Instant::now());
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures_util::{FutureExt, future::BoxFuture};

    use super::*;

    /// A journal whose checks take so long and then say this.
    #[derive(Default)]
    struct Slow {
        takes: Mutex<Duration>,
        fails: AtomicBool,
        checks: AtomicUsize,
    }

    impl Writable for Slow {
        fn check(&self) -> BoxFuture<'_, Result<(), StoreError>> {
            self.checks.fetch_add(1, Ordering::Relaxed);
            let takes = *self.takes.lock().unwrap();
            async move {
                tokio::time::sleep(takes).await;
                if self.fails.load(Ordering::Relaxed) {
                    return Err(StoreError("disk full".to_owned()));
                }
                Ok(())
            }
            .boxed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_answers_for_a_while_and_is_taken_again_even_if_one_was_given_up() {
        let store = Arc::new(Slow::default());
        let health = Health::new(Arc::clone(&store) as Arc<dyn Writable>);
        for _ in 0..10 {
            assert_eq!(health.journal().await, Ok(()));
        }
        assert_eq!(store.checks.load(Ordering::Relaxed), 1);
        store.fails.store(true, Ordering::Relaxed);
        *store.takes.lock().unwrap() = Duration::from_secs(1);
        tokio::time::advance(FRESH).await;
        // Whoever asks goes away in the middle of the look.
        assert!(
            timeout(Duration::from_millis(1), health.journal())
                .await
                .is_err()
        );
        tokio::time::advance(CHECK_WITHIN * 2).await;
        assert_eq!(health.journal().await, Err("disk full".to_owned()));
        *store.takes.lock().unwrap() = Duration::from_secs(60);
        tokio::time::advance(FRESH).await;
        assert_eq!(
            health.journal().await,
            Err("no answer within 2 s".to_owned())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_failed_is_told_until_one_did_not() {
        let health = Health::new(Arc::new(Slow::default()));
        health.wrote(Err(&StoreError("disk full".to_owned())));
        assert_eq!(health.journal().await, Err("disk full".to_owned()));
        health.wrote(Ok(()));
        assert_eq!(health.journal().await, Ok(()));
    }
}
