//! How many entries a step looks at, for the tests that hold its work flat. Outside of tests it is nothing at all.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

/// One more entry was looked at.
#[inline]
pub(super) fn look() {
    #[cfg(test)]
    TAKEN.with(|taken| taken.set(taken.get() + 1));
}

/// Entries that this thread has looked at so far.
#[cfg(test)]
pub(super) fn taken() -> u64 {
    TAKEN.with(Cell::get)
}
