//! Matters that take time (a demand, a shortage, uselessness): from their beginning, as faults move it, to the deadline.

use crate::scene::{Lane, Scene, Strike};

/// Something that must be over by a deadline.
pub(crate) struct Matter<'s> {
    /// The lane that strikes must concern to move anything.
    pub(crate) lane: Whose<'s>,
    /// Its own moment: position and time.
    pub(crate) began: (usize, u64),
    /// The position at which it was over, if it ever was.
    pub(crate) over: Option<usize>,
    /// How long it may take.
    pub(crate) bound: u64,
    /// Whether the rules for faults without an end apply.
    pub(crate) endless: bool,
}

/// Whose matter it is.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'s> {
    Lane(&'s Lane),
    /// Of an HF job that hides its lane: any lane of its flavor.
    Flavor(&'s str),
}

impl Matter<'_> {
    /// The time until which it must be over. `counted` says when so much time has passed since a time, where not all
    /// time counts.
    pub(crate) fn deadline(&self, scene: &Scene<'_>, counted: impl Fn(u64, u64) -> u64) -> u64 {
        let mut state = State {
            begin: self.began.1,
            patience: 1,
            told: 0,
        };
        let bound_from = |state: &State| {
            let end = counted(state.begin, self.bound * state.patience);
            end.max(state.told)
        };
        for strike in &scene.strikes {
            let Some(at) = self.struck_at(scene, strike) else {
                continue;
            };
            // What is still held back is not late: its release has moved the beginning already.
            if at > bound_from(&state) {
                continue;
            }
            if strike.ends {
                let moves = strike.releases.iter().copied().chain([at]);
                state.begin = moves.fold(state.begin, u64::max);
                if strike.outage == Some(None) {
                    return u64::MAX;
                }
            } else if self.endless && strike.stops_service {
                let terms = &scene.terms.bounds;
                if strike.by_chance {
                    state.patience = u64::from(terms.patience);
                } else if state.told == 0 {
                    state.told = at + terms.told_within_ms;
                }
            }
        }
        bound_from(&state)
    }

    /// When a strike concerned this matter while it was open. What was held back when it began counts from there.
    fn struck_at(&self, scene: &Scene<'_>, strike: &Strike) -> Option<u64> {
        if strike.is_harmless || !self.is_concerned(scene, strike) {
            return None;
        }
        let (position, own) = self.began;
        if self.over.is_some_and(|over| over <= strike.position) {
            return None;
        }
        if strike.position >= position {
            return Some(strike.at);
        }
        let is_held = strike.releases.iter().any(|release| *release > own);
        let is_down = strike.outage == Some(None);
        (strike.ends && (is_held || is_down)).then_some(own)
    }

    fn is_concerned(&self, scene: &Scene<'_>, strike: &Strike) -> bool {
        match self.lane {
            Whose::Lane(lane) => scene.concerns(strike, lane),
            Whose::Flavor(flavor) => scene
                .lanes
                .iter()
                .filter(|lane| lane.flavor == Some(flavor))
                .any(|lane| scene.concerns(strike, lane)),
        }
    }
}

struct State {
    begin: u64,
    patience: u64,
    told: u64,
}

/// All time counts.
pub(crate) fn all_time(since: u64, length: u64) -> u64 {
    since.saturating_add(length)
}
