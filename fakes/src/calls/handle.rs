//! `Calls`: what the calls of one world share, and their numbers.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::lies::Pages;
use crate::{env::Env, faults::Faults, history::History, ids::CallId};

/// Numbers, records and bends the calls of one world. Clones share everything.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) env: Env,
    pub(crate) history: History,
    pub(crate) faults: Faults,
    /// The id of the latest call.
    last: Arc<AtomicU64>,
    /// How many calls of each name there were.
    ordinals: Arc<Mutex<BTreeMap<&'static str, u32>>>,
    /// What was shown of listings whose pages slip.
    pub(super) pages: Pages,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

impl Calls {
    pub(crate) fn new(env: Env, history: History, faults: Faults) -> Self {
        Self {
            env,
            history,
            faults,
            last: Arc::default(),
            ordinals: Arc::default(),
            pages: Pages::default(),
        }
    }

    /// The id of a new call, and how many of its name there are with it.
    pub(super) fn begin(&self, name: &'static str) -> (CallId, u32) {
        let call = CallId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let mut ordinals = self.ordinals.lock().unwrap_or_else(PoisonError::into_inner);
        let ordinal = ordinals.entry(name).or_insert(0);
        *ordinal += 1;
        (call, *ordinal)
    }
}
