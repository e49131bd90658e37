//! The places of open connections. There are only so many; who has waited longest without a request loses its place first.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{sync::Notify, time::Instant};

/// Every place is taken by a delivery that is known to be genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doing {
    /// Nothing, or sending the head of a request, or reading an answer.
    Idle,
    /// A request has begun.
    Request,
}

/// By what it does, then by how long it has done so.
type Order = (Doing, u64);

#[derive(Debug)]
pub(super) struct Seats {
    max: usize,
    open: Mutex<Open>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Open {
    seats: BTreeMap<Order, Occupant>,
    moved: u64,
}

#[derive(Clone, Debug)]
struct Occupant {
    cut: Arc<Notify>,
    genuine: Arc<AtomicBool>,
}

impl Seats {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            open: Mutex::default(),
            left: Notify::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().seats.len()
    }

    /// A place, and whether somebody else had to leave for it.
    pub(super) fn take(self: &Arc<Self>) -> Result<(Seat, bool), Full> {
        let mut open = self.lock();
        let full = open.seats.len() >= self.max;
        if full && !open.make_room() {
            return Err(Full);
        }
        let occupant = Occupant {
            cut: Arc::new(Notify::new()),
            genuine: Arc::default(),
        };
        let order = open.insert(Doing::Idle, occupant.clone());
        drop(open);
        let seat = Seat {
            seats: Arc::clone(self),
            place: Mutex::new((order, Instant::now())),
            occupant,
        };
        Ok((seat, full))
    }

    /// Makes one connection leave, if there is one that may be made to.
    pub(super) fn make_room(&self) -> bool {
        self.lock().make_room()
    }

    /// Waits until a connection is closed, unless one was since this was last asked.
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }

    pub(super) fn cut_idle(&self) {
        for ((doing, _), occupant) in &self.lock().seats {
            if *doing == Doing::Idle {
                occupant.cut.notify_one();
            }
        }
    }

    pub(super) fn cut_all(&self) {
        for occupant in self.lock().seats.values() {
            occupant.cut.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn insert(&mut self, doing: Doing, occupant: Occupant) -> Order {
        self.moved += 1;
        let order = (doing, self.moved);
        self.seats.insert(order, occupant);
        order
    }

    fn make_room(&mut self) -> bool {
        let may_leave = |occupant: &Occupant| !occupant.genuine.load(Ordering::Relaxed);
        let first = self
            .seats
            .iter()
            .find(|(_, occupant)| may_leave(occupant))
            .map(|(order, _)| *order);
        let Some(occupant) = first.and_then(|order| self.seats.remove(&order)) else {
            return false;
        };
        occupant.cut.notify_one();
        true
    }
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    place: Mutex<(Order, Instant)>,
    occupant: Occupant,
}

impl Seat {
    /// Waits until the place is wanted for somebody else.
    pub(super) fn wanted(&self) -> impl Future<Output = ()> + use<> {
        let cut = Arc::clone(&self.occupant.cut);
        async move { cut.notified().await }
    }

    /// Set by whoever verifies the signature of the request that is under way.
    pub(super) fn genuine(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.occupant.genuine)
    }

    /// Something else is done from now on.
    pub(super) fn change(&self, doing: Doing) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        self.occupant.genuine.store(false, Ordering::Relaxed);
        let mut open = self.seats.lock();
        // Whoever was made to leave has no place any more.
        if let Some(occupant) = open.seats.remove(&place.0) {
            place.0 = open.insert(doing, occupant);
        }
        drop(open);
        place.1 = Instant::now();
    }

    /// Since when it does what it does.
    pub(super) fn since(&self) -> Instant {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let place = self.place.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.seats.lock().seats.remove(&place.0);
        self.seats.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn is_wanted(seat: &Seat) -> bool {
        seat.wanted().now_or_never().is_some()
    }

    #[tokio::test]
    async fn the_longest_idle_leaves_first_then_the_longest_at_a_request_and_nobody_genuine() {
        let seats = Arc::new(Seats::new(3));
        let take = || seats.take();
        let [(a, false), (b, false), (c, false)] = [take(), take(), take()].map(Result::unwrap)
        else {
            panic!("there was room");
        };
        a.change(Doing::Request);
        b.change(Doing::Request);
        let (d, made_room) = take().unwrap();
        assert!(made_room && is_wanted(&c) && !is_wanted(&a) && !is_wanted(&b));
        d.change(Doing::Request);
        a.genuine().store(true, Ordering::Relaxed);
        let (e, _) = take().unwrap();
        assert!(is_wanted(&b) && !is_wanted(&a) && !is_wanted(&d));
        for seat in [&d, &e] {
            seat.change(Doing::Request);
            seat.genuine().store(true, Ordering::Relaxed);
        }
        assert_eq!(take().unwrap_err(), Full);
        // An answer has been given: its connection may go.
        a.change(Doing::Idle);
        assert!(take().is_ok() && is_wanted(&a));
        drop((a, b, c, d, e));
        assert_eq!(seats.len(), 0);
    }
}
