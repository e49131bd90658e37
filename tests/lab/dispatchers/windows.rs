//! How many HF jobs a lane is given at once. Jobs that GitHub shows as queued may have to wait for their turn, which nothing
//! says; so a lane gets more only as fast as its runners are taken.

use std::{collections::BTreeMap, time::Duration};

use super::{reconciling::Lane, standing::Balance};

/// A runner that is idle for so long although jobs are queued shows that these are not to be had yet.
const UNTAKEN: Duration = Duration::from_secs(60);
/// Doubled each time a lane has nothing left, and so before anything was seen to be taken.
const FIRST: usize = 1;
const MOST: usize = 64;

struct Window {
    size: usize,
    /// Whether a runner was left untaken since the window was last used up.
    was_slow: bool,
}

/// The window of each lane.
#[derive(Default)]
pub(super) struct Windows(BTreeMap<Lane, Window>);

impl Windows {
    /// How many HF jobs should boot or idle in a lane, of which `warm` are always kept; `idles` is how long any of its
    /// runners has idled.
    pub(super) fn target(
        &mut self,
        lane: &Lane,
        balance: &Balance,
        idles: Duration,
        warm: usize,
    ) -> usize {
        let fresh = Window {
            size: FIRST,
            was_slow: false,
        };
        let window = self.0.entry(lane.clone()).or_insert(fresh);
        if !balance.waiting.is_empty() {
            if idles >= UNTAKEN && balance.idle.len() > warm {
                window.size = 1;
                window.was_slow = true;
            } else if balance.supply() == 0 {
                window.size = if window.was_slow {
                    1
                } else {
                    (window.size * 2).min(MOST)
                };
                window.was_slow = false;
            }
        }
        balance.waiting.len().min(window.size) + warm
    }
}
