//! Lanes by repository and label: how each has fared, and its book.

use std::fmt;

use super::{book::Book, table::Table};
use crate::core::{
    health::LaneState,
    model::{Lane, RepoId},
};

#[derive(Debug, Default)]
struct Record {
    health: LaneState,
    book: Book,
}

/// All lanes that were ever heard of.
#[derive(Default)]
pub(in crate::core) struct Lanes(Table<Lane, Record>);

impl Lanes {
    pub(in crate::core) fn get(&self, lane: &Lane) -> Option<&LaneState> {
        self.0.get(lane).map(|record| &record.health)
    }

    pub(in crate::core) fn book(&self, lane: &Lane) -> Option<&Book> {
        self.0.get(lane).map(|record| &record.book)
    }

    pub(in crate::core) fn iter(&self) -> impl Iterator<Item = (&Lane, &LaneState)> {
        self.0.iter().map(|(lane, record)| (lane, &record.health))
    }

    /// The lanes of one repository.
    pub(super) fn of_repo(&self, repo: RepoId) -> impl Iterator<Item = &Lane> {
        let first = Lane {
            repo,
            label: String::new(),
        };
        self.0
            .range(first..)
            .map(|(lane, _)| lane)
            .take_while(move |lane| lane.repo == repo)
    }

    /// A lane's book, begun when it has none. Reading it moves borders in it, which changes nothing that it says.
    pub(in crate::core) fn book_mut(&mut self, lane: &Lane) -> &mut Book {
        &mut self.record(lane).book
    }

    pub(super) fn health_mut(&mut self, lane: &Lane) -> &mut LaneState {
        &mut self.record(lane).health
    }

    fn record(&mut self, lane: &Lane) -> &mut Record {
        self.0.entry(lane.clone()).or_default()
    }
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
