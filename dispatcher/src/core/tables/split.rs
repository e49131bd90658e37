//! An ordered set cut in two at a border that moves with time, so that counting one side looks at nothing.

use super::order::Order;

/// An ordered set in two parts. After a cut, everything in `before` sorts before everything in `after`, where what comes
/// anew waits for the next cut.
#[derive(Debug)]
pub(in crate::core) struct Split<T> {
    before: Order<T>,
    after: Order<T>,
}

impl<T> Default for Split<T> {
    fn default() -> Self {
        Self {
            before: Order::default(),
            after: Order::default(),
        }
    }
}

impl<T: Ord> Split<T> {
    pub(super) fn insert(&mut self, item: T) {
        self.after.insert(item);
    }

    pub(super) fn remove(&mut self, item: &T) {
        if !self.after.remove(item) {
            self.before.remove(item);
        }
    }

    /// Moves the border to where `is_before` ends, which must hold for a beginning of the set and for nothing after it.
    pub(super) fn cut(&mut self, is_before: impl Fn(&T) -> bool) {
        while self.after.first().is_some_and(&is_before) {
            let Some(item) = self.after.pop_first() else {
                break;
            };
            self.before.insert(item);
        }
        while self.before.last().is_some_and(|last| !is_before(last)) {
            let Some(item) = self.before.pop_last() else {
                break;
            };
            self.after.insert(item);
        }
    }

    /// Takes the first of all out, if it is like that.
    pub(super) fn pop_first_if(&mut self, is_wanted: impl Fn(&T) -> bool) -> Option<T> {
        let part = if self.before.first().is_some() {
            &mut self.before
        } else {
            &mut self.after
        };
        part.first().filter(|item| is_wanted(item))?;
        part.pop_first()
    }

    /// What lies after the border.
    pub(super) fn after(&self) -> &Order<T> {
        &self.after
    }
}
