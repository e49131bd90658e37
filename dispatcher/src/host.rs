//! What the dispatcher takes from the machine it runs on: a clock, a way to start tasks, and randomness.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::core::Draw;

/// The wall clock. The virtual one runs on tokio's clock, so that a paused runtime moves it.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Source);

#[derive(Clone, Copy, Debug)]
enum Source {
    System,
    Virtual { epoch: Timestamp, started: Instant },
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `epoch` plus `skew_ms` now and runs on tokio's time. Call it inside the runtime.
    #[must_use]
    pub fn virtual_at(epoch: Timestamp, skew_ms: i64) -> Self {
        let skewed = epoch
            .checked_add(SignedDuration::from_millis(skew_ms))
            .unwrap_or(epoch);
        Self(Source::Virtual {
            epoch: skewed,
            started: Instant::now(),
        })
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.0 {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads the machine's clock"
            )]
            Source::System => Timestamp::now(),
            Source::Virtual { epoch, started } => after(epoch, started.elapsed()),
        }
    }

    /// How long to sleep until `at`, in whole milliseconds, at least one.
    #[must_use]
    pub fn until(&self, at: Timestamp) -> Duration {
        let left: Duration = at
            .duration_since(self.now())
            .try_into()
            .unwrap_or(Duration::ZERO);
        Duration::from_millis(
            u64::try_from(left.as_millis())
                .unwrap_or(u64::MAX)
                .saturating_add(1),
        )
    }
}

/// `epoch` and so much more, as far as there is time. In whole nanoseconds: the checks of each unit by itself cost more.
fn after(epoch: Timestamp, elapsed: Duration) -> Timestamp {
    let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
    let at = epoch.as_duration().saturating_add(elapsed);
    Timestamp::from_duration(at).unwrap_or(Timestamp::MAX)
}

/// A task to start.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// Starts tasks, so that whoever owns the dispatcher can drop all of them at once.
#[derive(Clone)]
pub struct Spawner(Arc<dyn Fn(Task) + Send + Sync>);

impl Spawner {
    /// A spawner that hands every task to `start`.
    pub fn new(start: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self(Arc::new(start))
    }

    /// Starts `task`.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.0)(Box::pin(task));
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawner")
    }
}

/// The machine.
#[derive(Clone)]
pub struct Host {
    /// Its clock.
    pub clock: Clock,
    /// Starts the dispatcher's tasks.
    pub spawner: Spawner,
    /// Keyed randomness for names and jitter.
    pub draw: Draw,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
