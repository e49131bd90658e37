//! Streams of server-sent events that look every second for what is new.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};

const TICK: Duration = Duration::from_secs(1);
/// A silent stream says so after this many ticks.
const SILENT_TICKS_MAX: u32 = 30;

/// What comes next in a stream.
pub(in crate::hf) enum Next {
    Event(String),
    /// Nothing yet.
    Wait,
    /// Nothing any more.
    End,
}

/// What follows an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::hf) enum Pace {
    /// The next one, if it is there.
    AtOnce,
    /// One a second.
    EverySecond,
}

struct Ticks<F> {
    next: F,
    pace: Pace,
    told: usize,
    must_wait: bool,
}

/// A stream of what `next` finds when it is told how many events it found before.
pub(in crate::hf) fn ticking<F>(pace: Pace, next: F) -> BoxStream<'static, Bytes>
where
    F: Fn(usize) -> Next + Send + 'static,
{
    let ticks = Ticks {
        next,
        pace,
        told: 0,
        must_wait: false,
    };
    stream::unfold(ticks, |mut ticks| async move {
        let piece = ticks.piece().await?;
        Some((piece, ticks))
    })
    .boxed()
}

impl<F: Fn(usize) -> Next> Ticks<F> {
    async fn piece(&mut self) -> Option<Bytes> {
        for _ in 0..SILENT_TICKS_MAX {
            if self.must_wait {
                tokio::time::sleep(TICK).await;
            }
            match (self.next)(self.told) {
                Next::Event(event) => {
                    self.told += 1;
                    self.must_wait = self.pace == Pace::EverySecond;
                    return Some(event.into());
                }
                Next::Wait => self.must_wait = true,
                Next::End => return None,
            }
        }
        Some(Bytes::from_static(b": keep-alive\n\n"))
    }
}
