//! One queue of the times at which something has to be looked at again.

use jiff::Timestamp;

use super::{order::Order, table::Table};

/// Who is due when. Each has one time at most.
#[derive(Debug)]
pub(in crate::core) struct DueQueue<K> {
    at: Table<K, Timestamp>,
    order: Order<(Timestamp, K)>,
}

impl<K: Ord + Clone> DueQueue<K> {
    pub(in crate::core) fn new() -> Self {
        Self {
            at: Table::new(),
            order: Order::default(),
        }
    }

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
