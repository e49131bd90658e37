//! The last resort: a run in which nothing happens any more in real time. No verdict can follow from that, since it
//! depends on the machine; what does happen is bounded by the budget.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::sync::Notify;

/// What is done about a run whose thread never comes back.
pub type LastWord = Arc<dyn Fn() + Send + Sync>;

/// How long nothing may happen in real time.
#[derive(Clone)]
pub struct Patience {
    /// Until the run is given up.
    pub(super) stalled: Duration,
    /// What is done about a thread that is still blocked as long again. Without it the thread is waited for.
    pub(super) last_word: Option<LastWord>,
}

impl std::fmt::Debug for Patience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patience")
            .field("stalled", &self.stalled)
            .finish_non_exhaustive()
    }
}

impl Patience {
    /// The usual patience, with this as the last word.
    #[must_use]
    pub fn with_last_word(last_word: LastWord) -> Self {
        Self {
            last_word: Some(last_word),
            ..Self::default()
        }
    }

    /// No last word, and so much patience.
    #[must_use]
    pub const fn of(stalled: Duration) -> Self {
        Self {
            stalled,
            last_word: None,
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            stalled: Duration::from_secs(300),
            last_word: None,
        }
    }
}

/// Watches over one run from a thread of its own, until it is dropped.
#[derive(Debug)]
pub(super) struct Watchdog {
    given_up: Arc<Notify>,
    _watched: mpsc::Sender<()>,
}

impl Watchdog {
    /// Watches `progress`: as long as it changes, something happens.
    pub(super) fn over(patience: &Patience, progress: impl Fn() -> usize + Send + 'static) -> Self {
        let (watched, end) = mpsc::channel::<()>();
        let given_up = Arc::new(Notify::new());
        let (patience, told) = (patience.clone(), given_up.clone());
        std::thread::spawn(move || {
            if !stalls(&end, patience.stalled, &progress) {
                return;
            }
            // A run that waits in vain ends by this; a thread that is blocked does not hear it.
            told.notify_one();
            if let Some(last_word) = &patience.last_word
                && stalls(&end, patience.stalled, &progress)
            {
                last_word();
            }
        });
        Self {
            given_up,
            _watched: watched,
        }
    }

    /// Waits until nothing has happened for too long.
    pub(super) async fn given_up(&self) {
        self.given_up.notified().await;
    }
}

/// Looks ten times: true if nothing changed in all that time, false if the run ended.
fn stalls(end: &mpsc::Receiver<()>, stalled: Duration, progress: &impl Fn() -> usize) -> bool {
    const LOOKS: u32 = 10;
    let (mut seen, mut in_a_row) = (progress(), 0);
    while in_a_row < LOOKS {
        // Nothing is ever sent: the channel closes when the run ends.
        match end.recv_timeout(stalled / LOOKS) {
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return false,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        let now = progress();
        in_a_row = if now == seen { in_a_row + 1 } else { 0 };
        seen = now;
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn watch(progress: impl Fn() -> usize + Send + 'static) -> (Watchdog, mpsc::Receiver<()>) {
        let (said, word) = mpsc::channel();
        let patience = Patience {
            stalled: Duration::from_millis(100),
            last_word: Some(Arc::new(move || {
                let _heard = said.send(());
            })),
        };
        (Watchdog::over(&patience, progress), word)
    }

    #[test]
    fn a_thread_that_is_blocked_gets_a_last_word() {
        let (_blocked, word) = watch(|| 7);
        assert_eq!(word.recv_timeout(Duration::from_secs(30)), Ok(()));
    }

    #[test]
    fn a_run_in_which_something_happens_is_left_alone() {
        let count = AtomicUsize::new(0);
        let (running, word) = watch(move || count.fetch_add(1, Ordering::Relaxed));
        let waited = word.recv_timeout(Duration::from_secs(1));
        assert_eq!(waited, Err(mpsc::RecvTimeoutError::Timeout));
        drop(running);
        // Its thread ends with it, and with the thread whoever could have spoken.
        let waited = word.recv_timeout(Duration::from_secs(30));
        assert_eq!(waited, Err(mpsc::RecvTimeoutError::Disconnected));
    }
}
