//! One queue of the times at which something has to be looked at again.

use jiff::Timestamp;

use super::{order::Order, table::Table};

/// Who is due when. Each has one time at most.
#[derive(Debug)]
pub(in crate::core) struct DueQueue<K> {
    at: Table<K, Timestamp>,
    order: Order<(Timestamp, K)>,
}

impl<K> Default for DueQueue<K> {
    fn default() -> Self {
        Self {
            at: Table::default(),
            order: Order::default(),
        }
    }
}

impl<K: Ord + Clone> DueQueue<K> {
    /// Sets when `who` is due; `None` is never.
    pub(in crate::core) fn set(&mut self, who: K, at: Option<Timestamp>) {
        let before = match at {
            Some(at) => self.at.insert(who.clone(), at),
            None => self.at.remove(&who),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, who.clone()));
        }
        if let Some(at) = at {
            self.order.insert((at, who));
        }
    }

    /// Everyone who is due some day.
    #[cfg(test)]
    pub(in crate::core) fn subjects(&self) -> impl Iterator<Item = &K> {
        self.at.keys()
    }

    /// The earliest time.
    pub(in crate::core) fn first(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes out one that is due by `now`.
    pub(in crate::core) fn take(&mut self, now: Timestamp) -> Option<K> {
        self.order.first().filter(|(at, _)| *at <= now)?;
        let (_, who) = self.order.pop_first()?;
        self.at.remove(&who);
        Some(who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn a_new_time_takes_the_place_of_the_old_one() {
        let mut queue = DueQueue::default();
        queue.set("a", at(1));
        queue.set("b", at(2));
        queue.set("a", at(3));
        assert_eq!(queue.first(), at(2));
        queue.set("b", None);
        assert_eq!(queue.first(), at(3));
        assert_eq!(queue.take(at(2).unwrap()), None);
        assert_eq!(queue.take(at(3).unwrap()), Some("a"));
        assert_eq!((queue.first(), queue.take(at(9).unwrap())), (None, None));
    }
}
