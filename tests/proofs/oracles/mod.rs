//! Second judges of eight properties, written from docs/verdicts.md by somebody who has not read the first: each says
//! what the page says in the plainest way there is, whatever it costs.

mod at_most_one;
mod caps_and_slots;
mod fresh_credentials;
mod never_kill_busy;
mod no_leak;
mod right_retry;
mod served_or_told;
mod supply_covers_demand;

use fakes::ids::EventId;

use crate::scene::Scene;

/// What a second judge found.
#[derive(Default)]
pub(crate) struct Found {
    breaches: Vec<EventId>,
    is_open: bool,
    occasions: usize,
}

/// A verdict, as far as two judges must agree on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Held,
    /// Broken, first by this event.
    Violated(EventId),
    NotExercised,
    Undecided,
}

impl Found {
    fn occasion_if(&mut self, came: bool) {
        self.occasions += usize::from(came);
    }

    fn breach(&mut self, event: EventId) {
        self.breaches.push(event);
    }

    /// A breach outranks what is undecided; what is undecided outranks held.
    pub(crate) fn says(&self) -> Said {
        match self.breaches.iter().min() {
            Some(first) => Said::Violated(*first),
            None if self.is_open => Said::Undecided,
            None if self.occasions == 0 => Said::NotExercised,
            None => Said::Held,
        }
    }

    /// Something had to be over by a deadline: it was over at a time, or not by the end of the history.
    fn due(&mut self, scene: &Scene<'_>, event: EventId, deadline: u64, over: Option<u64>) {
        match over {
            Some(over) if over > deadline => self.breach(event),
            Some(_) => {}
            None if scene.end() > deadline => self.breach(event),
            None => self.is_open = true,
        }
    }
}

type Oracle = fn(&Scene<'_>) -> Found;

pub(crate) const ALL: [(&str, Oracle); 8] = [
    ("served-or-told", served_or_told::judge),
    ("at-most-one", at_most_one::judge),
    ("supply-covers-demand", supply_covers_demand::judge),
    ("never-kill-busy", never_kill_busy::judge),
    ("no-leak", no_leak::judge),
    ("fresh-credentials", fresh_credentials::judge),
    ("right-retry", right_retry::judge),
    ("caps-and-slots", caps_and_slots::judge),
];
