//! The environment a world lives in: its clock, its randomness and its tasks, passed in as one value.
//!
//! Nothing in this crate reads a real clock, draws from a global generator or spawns a task by itself:
//! started on tokio's paused clock the same code is a simulator, started normally it is a server.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
pub use vocabulary::{Length, Shift};

/// Wall-clock time as `epoch + elapsed`, where elapsed runs on tokio's clock (virtual when that is paused).
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Timestamp,
    started: tokio::time::Instant,
}

impl Clock {
    /// A clock that shows `epoch` now. Call it inside the runtime whose clock it shall follow.
    #[must_use]
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self {
            epoch,
            started: tokio::time::Instant::now(),
        }
    }

    /// Time since the world began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Milliseconds since the world began: the unit of the history.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The wall-clock time this world believes in.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.after(self.elapsed())
    }

    /// The wall-clock time of a moment of the history.
    #[must_use]
    pub fn at_ms(&self, at_ms: u64) -> Timestamp {
        self.after(Duration::from_millis(at_ms))
    }

    /// So much time after the epoch, as far as there is time. In seconds and nanoseconds: the checks of each unit by itself
    /// cost more, and each event asks.
    fn after(&self, elapsed: Duration) -> Timestamp {
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
        let at = self.epoch.as_duration().saturating_add(elapsed);
        Timestamp::from_duration(at).unwrap_or(Timestamp::MAX)
    }
}

/// Randomness keyed by what it is for: the same `(entity, purpose)` always gives the same value in one
/// world, whatever else was drawn before. That is what lets a failing plan shrink.
pub trait Draw: Send + Sync {
    /// 64 evenly distributed bits for this entity and purpose.
    fn bits(&self, entity: &str, purpose: &str) -> u64;
}

/// A task handed to a [`Spawner`].
pub type Task = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// Starts tasks on behalf of one host, so that whoever owns the host can drop all of them at once.
#[derive(Clone)]
pub struct Spawner(Arc<dyn Fn(Task) + Send + Sync>);

impl Spawner {
    /// A spawner that hands every task to `start`.
    pub fn new(start: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self(Arc::new(start))
    }

    /// Starts `task`; its end is nobody's business but its own.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.0)(Box::pin(task));
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawner")
    }
}

/// Everything a world takes from outside.
#[derive(Clone)]
pub struct Env {
    /// The clock of the world. The fakes never see another.
    pub clock: Clock,
    /// Keyed randomness.
    pub draw: Arc<dyn Draw>,
    /// Starts the tasks of the fakes.
    pub spawner: Spawner,
}

impl Env {
    /// A duration between `span.min` and `span.max`, whole milliseconds, for this entity and purpose.
    #[must_use]
    pub fn within(&self, span: Length, entity: &str, purpose: &str) -> Duration {
        let (min, max) = (span.min.as_millis() as u64, span.max.as_millis() as u64);
        let width = max.saturating_sub(min).saturating_add(1);
        let offset = if width <= 1 {
            0
        } else {
            self.draw.bits(entity, purpose) % width
        };
        Duration::from_millis(min + offset)
    }

    /// True with probability `chance` (0 to 1) for this entity and purpose.
    #[must_use]
    pub fn happens(&self, chance: f64, entity: &str, purpose: &str) -> bool {
        // 53 bits fill a double's fraction exactly.
        let unit = (self.draw.bits(entity, purpose) >> 11) as f64 / (1_u64 << 53) as f64;
        unit < chance
    }
}

impl Env {
    /// How far a clock is off, whole milliseconds, for this entity and purpose; negative is behind.
    #[must_use]
    pub fn shifted(&self, shift: Shift, entity: &str, purpose: &str) -> i64 {
        let width = shift.max.0.abs_diff(shift.min.0).saturating_add(1);
        let offset = if width <= 1 {
            0
        } else {
            self.draw.bits(entity, purpose) % width
        };
        shift.min.0.saturating_add_unsigned(offset)
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
