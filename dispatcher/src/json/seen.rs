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

static SEEN: Mutex<VecDeque<Box<[u8]>>> = Mutex::new(VecDeque::new());

/// The length of the value that begins here, if it was seen before.
pub(super) fn length_if_seen(rest: &[u8]) -> Option<usize> {
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = seen.iter().find(|known| rest.starts_with(known))?;
    Some(known.len())
}

/// Remembers a whole value that is in order.
pub(super) fn remember(value: &[u8]) {
    if !(LONG_BYTES..=LONGEST_BYTES).contains(&value.len()) {
        return;
    }
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    seen.push_front(value.into());
    seen.truncate(REMEMBERED);
}
