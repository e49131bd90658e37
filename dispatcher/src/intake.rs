//! Reads bodies of strangers: within a size, within a time, and all of them together within one budget of memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use http_body_util::BodyExt;
use tokio::{sync::Notify, time::timeout};

use crate::refusals::{BODY_BYTES_MAX, BODY_WITHIN, Refusal};

/// GitHub states the length of every body. One without is taken as long as it is of a usual size, ten times over.
const UNSTATED_BYTES_MAX: usize = 256 << 10;
/// All bodies that are being read, together.
const BUDGET_BYTES: usize = 64 << 20;

/// The memory that bodies may take while nobody knows yet who sent them. When it is used up the one that began first gives way:
/// an honest body is there in moments.
#[derive(Debug)]
pub(crate) struct Intake {
    budget: usize,
    reading: Mutex<Reading>,
}

#[derive(Debug, Default)]
struct Reading {
    held: usize,
    /// By when they began.
    bodies: BTreeMap<u64, Held>,
    begun: u64,
}

#[derive(Debug)]
struct Held {
    bytes: usize,
    give_way: Arc<Notify>,
}

impl Default for Intake {
    fn default() -> Self {
        Self::with_budget(BUDGET_BYTES)
    }
}

impl Intake {
    fn with_budget(budget: usize) -> Self {
        Self {
            budget,
            reading: Mutex::default(),
        }
    }

    /// Whether a body that says how long it is says too much.
    pub(crate) fn is_too_large(body: &Body) -> bool {
        let size = HttpBody::size_hint(body);
        size.lower() > BODY_BYTES_MAX as u64
    }

    /// Reads a body to its end.
    pub(crate) async fn read(&self, body: Body) -> Result<Bytes, Refusal> {
        let share = Share::new(self);
        let give_way = Arc::clone(&share.give_way);
        let read = std::pin::pin!(timeout(BODY_WITHIN, share.read(body)));
        match select(read, std::pin::pin!(give_way.notified())).await {
            Either::Left((Ok(read), _)) => read,
            Either::Left((Err(_), _)) => Err(Refusal::Slow),
            Either::Right(_) => Err(Refusal::Crowded),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body takes of the budget, until it is dropped.
struct Share<'a> {
    intake: &'a Intake,
    number: u64,
    give_way: Arc<Notify>,
}

impl<'a> Share<'a> {
    fn new(intake: &'a Intake) -> Self {
        let give_way = Arc::new(Notify::new());
        let mut reading = intake.lock();
        reading.begun += 1;
        let number = reading.begun;
        let held = Held {
            bytes: 0,
            give_way: Arc::clone(&give_way),
        };
        reading.bodies.insert(number, held);
        drop(reading);
        Self {
            intake,
            number,
            give_way,
        }
    }

    async fn read(&self, mut body: Body) -> Result<Bytes, Refusal> {
        let size = HttpBody::size_hint(&body);
        let max = if size.upper().is_some() {
            BODY_BYTES_MAX
        } else {
            UNSTATED_BYTES_MAX
        };
        let mut whole: Option<BytesMut> = None;
        let mut first: Option<Bytes> = None;
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            let Ok(chunk) = frame.map_err(|_| Refusal::BrokeOff)?.into_data() else {
                continue;
            };
            length += chunk.len();
            if length > max {
                return Err(if max == BODY_BYTES_MAX {
                    Refusal::TooLarge
                } else {
                    Refusal::NoLength
                });
            }
            self.take(chunk.len())?;
            // Most bodies are one chunk, which needs no copy.
            match (&mut whole, first.take()) {
                (None, None) => first = Some(chunk),
                (Some(whole), _) => whole.extend_from_slice(&chunk),
                (None, Some(before)) => {
                    let mut joined = BytesMut::with_capacity(2 * (before.len() + chunk.len()));
                    joined.extend_from_slice(&before);
                    joined.extend_from_slice(&chunk);
                    whole = Some(joined);
                }
            }
        }
        Ok(whole.map(BytesMut::freeze).or(first).unwrap_or_default())
    }

    /// Takes room for so many bytes more, if need be from those that began before.
    fn take(&self, bytes: usize) -> Result<(), Refusal> {
        let mut reading = self.intake.lock();
        while reading.held + bytes > self.intake.budget {
            let Some((number, oldest)) = reading.bodies.pop_first() else {
                return Err(Refusal::Crowded);
            };
            reading.held -= oldest.bytes;
            if number == self.number {
                return Err(Refusal::Crowded);
            }
            oldest.give_way.notify_one();
        }
        // One that was made to give way and has not noticed yet holds nothing any more.
        let Some(own) = reading.bodies.get_mut(&self.number) else {
            return Err(Refusal::Crowded);
        };
        own.bytes += bytes;
        reading.held += bytes;
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut reading = self.intake.lock();
        if let Some(own) = reading.bodies.remove(&self.number) {
            reading.held -= own.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{StreamExt, future::join, stream};

    use super::*;

    /// A body of these chunks that never ends.
    fn endless(chunks: &[usize]) -> Body {
        let chunks: Vec<_> = chunks
            .iter()
            .map(|length| Ok::<_, std::io::Error>(vec![b'x'; *length]))
            .collect();
        Body::from_stream(stream::iter(chunks).chain(stream::pending()))
    }

    #[tokio::test(start_paused = true)]
    async fn joins_chunks_and_gives_the_memory_back() {
        let intake = Intake::with_budget(1000);
        for _ in 0..10 {
            let chunks = [&b"ab"[..], b"", b"cd", b"e"].map(Ok::<_, std::io::Error>);
            let body = Body::from_stream(stream::iter(chunks));
            assert_eq!(intake.read(body).await.unwrap(), "abcde");
            let body = Body::from(vec![b'x'; 900]);
            assert_eq!(intake.read(body).await.unwrap().len(), 900);
        }
        assert_eq!(intake.lock().held, 0);
        assert!(intake.lock().bodies.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_cut() {
        let intake = Intake::default();
        assert_eq!(intake.read(endless(&[5])).await, Err(Refusal::Slow));
        assert_eq!(intake.lock().held, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_that_began_gives_way_when_the_budget_is_used_up() {
        let intake = Intake::with_budget(1000);
        let slow = intake.read(endless(&[400, 400]));
        let honest = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            intake.read(Body::from(vec![b'x'; 700])).await
        };
        let (slow, honest) = join(slow, honest).await;
        assert_eq!(slow, Err(Refusal::Crowded));
        assert_eq!(honest.unwrap().len(), 700);
        assert_eq!(intake.lock().held, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn sizes_are_bounded_and_smaller_where_none_is_stated() {
        let intake = Intake::default();
        let large = Body::from(vec![0; BODY_BYTES_MAX + 1]);
        assert!(Intake::is_too_large(&large));
        assert_eq!(intake.read(large).await, Err(Refusal::TooLarge));
        assert!(!Intake::is_too_large(&Body::from(vec![0; BODY_BYTES_MAX])));
        let unstated = endless(&[UNSTATED_BYTES_MAX, 1]);
        assert_eq!(intake.read(unstated).await, Err(Refusal::NoLength));
    }
}
