//! The line of those who wait in one lane and are not late: in the order they came, each with the time that has counted for
//! him. Where slots are capped it counts for the first so many only. What a step costs is who begins or ceases to count.

use std::collections::BTreeMap;

use fakes::ids::JobId;

use super::ledger::Moment;

/// A demand in the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// The job that demands.
    pub(super) job: JobId,
    /// Since when.
    pub(super) since: Moment,
    /// Time that had counted when it last ceased to.
    counted_ms: u64,
    /// Since when it counts again, if it does.
    counts_from_ms: Option<u64>,
    /// How often all had begun to count anew by then.
    beginning: u32,
}

/// All of them, by their places.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The first so many, for whom time counts.
    counting: BTreeMap<u64, Waiting>,
    /// Those behind them.
    others: BTreeMap<u64, Waiting>,
    /// How often all began to count anew, and when they last did.
    beginning: u32,
    began_ms: u64,
}

impl Line {
    /// One more, at the end.
    pub(super) fn enter(&mut self, place: u64, job: JobId, since: Moment) {
        let waiting = Waiting {
            job,
            since,
            counted_ms: 0,
            counts_from_ms: None,
            beginning: self.beginning,
        };
        self.others.insert(place, waiting);
    }

    /// The first, with his place.
    pub(super) fn first(&self) -> Option<(u64, Waiting)> {
        let first = self.counting.first_key_value();
        let first = first.or_else(|| self.others.first_key_value());
        first.map(|(place, waiting)| (*place, *waiting))
    }

    pub(super) fn remove(&mut self, place: u64) -> Option<Waiting> {
        let counting = self.counting.remove(&place);
        counting.or_else(|| self.others.remove(&place))
    }

    /// From now on time counts for so many, from the first on.
    pub(super) fn count_for(&mut self, first: usize, now_ms: u64) {
        while self.counting.len() > first {
            let Some((place, last)) = self.counting.pop_last() else {
                break;
            };
            let stopped = Waiting {
                counted_ms: self.counted_ms(&last, now_ms),
                counts_from_ms: None,
                beginning: self.beginning,
                ..last
            };
            self.others.insert(place, stopped);
        }
        while self.counting.len() < first {
            let Some((place, next)) = self.others.pop_first() else {
                break;
            };
            let counts_from_ms = Some(now_ms);
            self.counting.insert(
                place,
                Waiting {
                    counts_from_ms,
                    ..next
                },
            );
        }
    }

    /// What has counted so far counts for nobody any more.
    pub(super) const fn count_anew(&mut self, now_ms: u64) {
        self.beginning += 1;
        self.began_ms = now_ms;
    }

    /// The time that has counted for somebody by now.
    pub(super) fn counted_ms(&self, waiting: &Waiting, now_ms: u64) -> u64 {
        let is_of_now = waiting.beginning == self.beginning;
        let before = if is_of_now { waiting.counted_ms } else { 0 };
        let runs = waiting.counts_from_ms.map_or(0, |from_ms| {
            now_ms.saturating_sub(from_ms.max(self.began_ms))
        });
        before.saturating_add(runs)
    }
}

#[cfg(test)]
mod tests {
    use fakes::ids::EventId;
    use proptest::prelude::*;

    use super::*;

    const SINCE: Moment = Moment {
        event: EventId(1),
        at_ms: 0,
    };

    /// What can happen to a line.
    #[derive(Clone, Debug)]
    enum Step {
        Enters,
        Leaves(usize),
        Passes(u64, usize),
        Anew,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Enters),
            (0_usize..8).prop_map(Step::Leaves),
            (0_u64..50, 0_usize..6).prop_map(|(passed, first)| Step::Passes(passed, first)),
            Just(Step::Anew),
        ]
    }

    proptest! {
        #[test]
        fn time_counts_as_if_it_were_added_to_each_of_the_first(steps in proptest::collection::vec(step(), 1..80)) {
            let (mut line, mut naive, mut now_ms) = (Line::default(), Vec::<(u64, u64)>::new(), 0);
            for (place, step) in (0..).zip(steps) {
                match step {
                    Step::Enters => {
                        line.enter(place, JobId(place), SINCE);
                        naive.push((place, 0));
                    }
                    Step::Leaves(at) if at < naive.len() => {
                        let (place, counted_ms) = naive.remove(at);
                        let left = line.remove(place).unwrap();
                        prop_assert_eq!(line.counted_ms(&left, now_ms), counted_ms);
                    }
                    Step::Leaves(_) => {}
                    Step::Passes(passed, first) => {
                        line.count_for(first, now_ms);
                        now_ms += passed;
                        for (_, counted_ms) in naive.iter_mut().take(first) {
                            *counted_ms += passed;
                        }
                    }
                    Step::Anew => {
                        line.count_anew(now_ms);
                        naive.iter_mut().for_each(|(_, counted_ms)| *counted_ms = 0);
                    }
                }
                prop_assert_eq!(line.first().map(|(place, _)| place), naive.first().map(|(place, _)| *place));
            }
            for (place, counted_ms) in naive {
                let (at, first) = line.first().unwrap();
                prop_assert_eq!((at, line.counted_ms(&first, now_ms)), (place, counted_ms));
                line.remove(place);
            }
        }
    }
}
