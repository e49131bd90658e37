//! One lane's book: its queue and its supply in order, and what is counted of them.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{order::Order, split::Split};
use crate::core::{
    engine::later,
    looks::look,
    model::{JobId, JobKey, LastWord, LaunchId, RunId},
};

/// A job that wants a runner. Their order is that in which they are launched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::core) struct Waiting {
    pub(in crate::core) first_seen: Timestamp,
    pub(in crate::core) key: JobKey,
    pub(in crate::core) run: RunId,
}

/// A launch that can still take a job. Their order is that in which they should go when there are too many: the least
/// advanced, and the youngest first within a rank, because what has booted longest is the most use.
pub(super) type Place = (u8, Reverse<Timestamp>, LaunchId);

/// A launch as its lane counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It can still take a job.
    Supply {
        rank: u8,
        intended_at: Timestamp,
        surplus: bool,
        /// Idle for longer than the timeout, and still online.
        idle_long: bool,
        /// It wants to mint or to create, or is at it.
        tries: bool,
    },
    /// It has one, and is done with it or not.
    Busy {
        done: bool,
        /// Until when it stands in for the job it must have taken, which we have not learned yet.
        stand_in: Option<Timestamp>,
    },
    /// It is on its way out.
    Leaving {
        /// Its runner may still take a job.
        reachable: bool,
    },
}

/// How long a runner stands in for the job that it may have, or may have had: lists of GitHub and of the Hub have been
/// seen to be as old as that, so until then an honest answer can still come.
pub(in crate::core) const STALE_READS: Duration = Duration::from_secs(600);

/// The rank from which on a launch boots; before, it is only being asked for.
const BOOTING: u8 = 3;

/// What one lane has and wants.
#[derive(Debug, Default)]
pub(in crate::core) struct Book {
    /// Jobs that want a runner and that no live launch is named after.
    unnamed: Order<Waiting>,
    /// Jobs that want a runner and that a live launch is named after.
    named: Order<Waiting>,
    /// Both, cut where they are too old to count as new in a blocked lane.
    ages: Split<(Timestamp, JobKey)>,
    /// The same by the last word that they are queued.
    words: Order<(LastWord, JobKey)>,
    /// Every queued job, those that want no runner of ours now included.
    queued: Order<JobKey>,
    /// The jobs after which live launches are named, and how many.
    names: BTreeMap<(RunId, JobId), usize>,
    /// Launches that can take a job and are needed …
    kept: Order<Place>,
    /// … and those marked as too many.
    surplus: Order<Place>,
    stand_ins: Split<(Timestamp, LaunchId)>,
    /// Runners that are gone, by when; each may have had a job of the lane.
    vanished: Split<(Timestamp, String)>,
    vanished_at: BTreeMap<String, Timestamp>,
    /// Launches that want to mint or to create, or are at it.
    trying: Order<Place>,
    /// Launches on their way out whose runners may still take a job.
    leaving: usize,
    alive: usize,
    busy: usize,
    starting: usize,
    booting: usize,
    idle_long: usize,
}

impl Book {
    /// Jobs that want a runner.
    pub(in crate::core) fn wanting(&self) -> usize {
        self.unnamed.len() + self.named.len()
    }

    /// Jobs to launch for when there is room for `room`, oldest first: those that no live launch is named after, then
    /// any. The name is for people, the count is what matters.
    pub(in crate::core) fn choose(&self, room: usize) -> impl Iterator<Item = Waiting> {
        let more = room.saturating_sub(self.unnamed.len());
        let mut first = self.unnamed.iter().take(room).copied().peekable();
        let mut then = self.named.iter().take(more).copied().peekable();
        std::iter::from_fn(move || match (first.peek(), then.peek()) {
            (Some(one), Some(other)) if other < one => then.next(),
            (None, Some(_)) => then.next(),
            (_, _) => first.next(),
        })
    }

    /// Jobs seen at a time for which `is_old` does not hold. It must hold up to some time and never after it.
    pub(in crate::core) fn young(&mut self, is_old: impl Fn(Timestamp) -> bool) -> usize {
        self.ages.cut(|(at, _)| is_old(*at));
        self.ages.after().len()
    }

    /// When the oldest of the young was seen, by the border of the last call of [`Book::young`].
    pub(in crate::core) fn oldest_young(&self) -> Option<Timestamp> {
        self.ages.after().first().map(|(at, _)| *at)
    }

    /// Every queued job, by its number.
    pub(in crate::core) fn queued(&self) -> impl Iterator<Item = JobKey> {
        self.queued.iter().copied()
    }

    /// Launches of any kind.
    pub(in crate::core) fn alive(&self) -> usize {
        self.alive
    }

    /// Launches that can still take a job.
    pub(in crate::core) fn supply(&self) -> usize {
        self.kept.len() + self.surplus.len()
    }

    /// Runners busy with a job that is not over.
    pub(in crate::core) fn busy(&self) -> usize {
        self.busy
    }

    /// Launches asked for, not booting yet.
    pub(in crate::core) fn starting(&self) -> usize {
        self.starting
    }

    /// Launches that boot.
    pub(in crate::core) fn booting(&self) -> usize {
        self.booting
    }

    /// Whether a runner has been idle for longer than the timeout, and was still online.
    pub(in crate::core) fn idle_long(&self) -> bool {
        self.idle_long > 0
    }

    /// Every queued job counted.
    pub(in crate::core) fn queue_length(&self) -> usize {
        self.queued.len()
    }

    /// Launches on their way out whose runners may still take a job.
    pub(in crate::core) fn leaving(&self) -> usize {
        self.leaving
    }

    /// How many launches want to mint or to create, or are at it.
    pub(in crate::core) fn trying(&self) -> usize {
        self.trying.len()
    }

    /// The one of them that has come furthest.
    pub(in crate::core) fn foremost(&self) -> Option<&LaunchId> {
        self.trying.last().map(|(_, _, id)| id)
    }

    /// All of them.
    pub(in crate::core) fn all_trying(&self) -> impl Iterator<Item = &LaunchId> {
        self.trying.iter().map(|(_, _, id)| id)
    }

    /// Runners that stand in for a job at `now`, and when the first of them ceases to: those that are busy with a job we
    /// have not learned yet, and those that are gone and may have had one. A runner that is gone had none of the jobs of
    /// which GitHub has said since that they are queued. Neither stands in for longer than a reading can be stale.
    pub(in crate::core) fn stand_ins(&mut self, now: Timestamp) -> (usize, Option<Timestamp>) {
        self.stand_ins.cut(|(ends, _)| *ends <= now);
        let is_over = |at: Timestamp| later(at, STALE_READS) <= now;
        while let Some((_, runner)) = self.vanished.pop_first_if(|(at, _)| is_over(*at)) {
            self.vanished_at.remove(&runner);
        }
        let oldest = self.words.first().map(|(word, _)| *word);
        let asked = |at| LastWord { at, asked: true };
        self.vanished
            .cut(|(at, _)| oldest.is_none_or(|word| asked(*at) <= word));
        let busy = self.stand_ins.after();
        let vanished = self.vanished.after();
        let busy_ends = busy.first().map(|(ends, _)| *ends);
        let ends = vanished.first().map(|(at, _)| later(*at, STALE_READS));
        let first = busy_ends.into_iter().chain(ends).min();
        (busy.len() + vanished.len(), first)
    }

    /// The runner is gone, and may have had a job.
    pub(in crate::core) fn vanish(&mut self, runner: &str, at: Timestamp) {
        self.reappear(runner);
        self.vanished.insert((at, runner.to_owned()));
        self.vanished_at.insert(runner.to_owned(), at);
    }

    /// Whether any runner was gone of late that may have had a job.
    pub(in crate::core) fn lacks_runners(&self) -> bool {
        !self.vanished_at.is_empty()
    }

    #[cfg(test)]
    pub(in crate::core) fn is_gone(&self, runner: &str) -> bool {
        self.vanished_at.contains_key(runner)
    }

    /// It is known what the runner had, if it is gone.
    pub(in crate::core) fn reappear(&mut self, runner: &str) -> bool {
        let Some(at) = self.vanished_at.remove(runner) else {
            return false;
        };
        self.vanished.remove(&(at, runner.to_owned()));
        true
    }

    /// The next mark to set (true) or to clear, until the first `surplus` launches are marked and no others.
    pub(in crate::core) fn next_mark(&self, surplus: usize) -> Option<(LaunchId, bool)> {
        let wrong = |last: &&Place| {
            self.surplus.len() > surplus || self.kept.first().is_some_and(|first| first < *last)
        };
        if let Some((_, _, id)) = self.surplus.last().filter(wrong) {
            return Some((id.clone(), false));
        }
        let missing = |_: &&Place| self.surplus.len() < surplus;
        let (_, _, id) = self.kept.first().filter(missing)?;
        Some((id.clone(), true))
    }

    /// Launches that can take a job, in their order, and whether they are marked as too many.
    #[cfg(test)]
    pub(in crate::core) fn places(&self) -> Vec<(LaunchId, bool)> {
        let marked = self.surplus.iter().map(|(_, _, id)| (id.clone(), true));
        let kept = self.kept.iter().map(|(_, _, id)| (id.clone(), false));
        marked.chain(kept).collect()
    }

    pub(super) fn queue(&mut self, key: JobKey, queued: bool) {
        if queued {
            self.queued.insert(key);
        } else {
            self.queued.remove(&key);
        }
    }

    /// A job wants a runner, by this last word.
    pub(super) fn want(&mut self, waiting: Waiting, word: LastWord) {
        self.ages.insert((waiting.first_seen, waiting.key));
        self.words.insert((word, waiting.key));
        look();
        if self.names.contains_key(&(waiting.run, waiting.key.job)) {
            self.named.insert(waiting);
        } else {
            self.unnamed.insert(waiting);
        }
    }

    pub(super) fn want_no_more(&mut self, waiting: &Waiting, word: LastWord) {
        self.unnamed.remove(waiting);
        self.named.remove(waiting);
        self.ages.remove(&(waiting.first_seen, waiting.key));
        self.words.remove(&(word, waiting.key));
    }

    /// A live launch takes a name (true) or gives it back.
    pub(super) fn name(&mut self, (run, job): (RunId, JobId), taken: bool) {
        look();
        let count = self.names.entry((run, job)).or_default();
        if taken {
            *count += 1;
        } else {
            *count = count.saturating_sub(1);
        }
        if *count == 0 {
            self.names.remove(&(run, job));
        }
    }

    pub(super) fn count(&mut self, id: &LaunchId, role: &Role, present: bool) {
        let step = |number: &mut usize, counts: bool| {
            if counts && present {
                *number += 1;
            } else if counts {
                *number = number.saturating_sub(1);
            }
        };
        step(&mut self.alive, true);
        match role {
            Role::Supply {
                rank,
                intended_at,
                surplus,
                idle_long,
                tries,
            } => {
                step(&mut self.starting, *rank < BOOTING);
                step(&mut self.booting, *rank == BOOTING);
                step(&mut self.idle_long, *idle_long);
                let places = if *surplus {
                    &mut self.surplus
                } else {
                    &mut self.kept
                };
                let place = (*rank, Reverse(*intended_at), id.clone());
                if *tries && present {
                    self.trying.insert(place.clone());
                } else if *tries {
                    self.trying.remove(&place);
                }
                if present {
                    places.insert(place);
                } else {
                    places.remove(&place);
                }
            }
            Role::Busy { done, stand_in } => {
                step(&mut self.busy, !done);
                match (stand_in, present) {
                    (Some(ends), true) => self.stand_ins.insert((*ends, id.clone())),
                    (Some(ends), false) => self.stand_ins.remove(&(*ends, id.clone())),
                    (None, _) => {}
                }
            }
            Role::Leaving { reachable } => step(&mut self.leaving, *reachable),
        }
    }
}
