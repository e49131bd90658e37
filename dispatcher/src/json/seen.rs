//! Long values that were stepped over before. GitHub repeats a repository in each payload and twice in each run, and the Hub a
//! job's command in each list: what begins with the bytes of such a value is that value, since an object or a list ends where
//! its bracket closes.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// What is shorter is as soon looked at as looked up.
const LONG_BYTES: usize = 512;
/// What is longer is nothing that comes again and again.
pub(super) const LONGEST_BYTES: usize = 32 * 1024;
/// So many are remembered.
const REMEMBERED: usize = 8;

static SEEN: Mutex<VecDeque<Known>> = Mutex::new(VecDeque::new());

/// A value that was seen.
struct Known {
    /// Its bytes that tell it from most others at once.
    mark: [u8; 8],
    value: Box<[u8]>,
}

/// The last eight bytes of those that every value here has: two values of one kind often begin alike, and differ there.
fn mark(value: &[u8]) -> Option<[u8; 8]> {
    value.first_chunk::<LONG_BYTES>()?.last_chunk().copied()
}

/// The length of the value that begins here, if it was seen before.
pub(super) fn length_if_seen(rest: &[u8]) -> Option<usize> {
    let mark = mark(rest)?;
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let is_it = |known: &&Known| known.mark == mark && rest.starts_with(&known.value);
    let known = seen.iter().find(is_it)?;
    Some(known.value.len())
}

/// Remembers a whole value that is in order.
pub(super) fn remember(value: &[u8]) {
    let Some(mark) = mark(value).filter(|_| value.len() <= LONGEST_BYTES) else {
        return;
    };
    let value = value.into();
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    seen.push_front(Known { mark, value });
    seen.truncate(REMEMBERED);
}
