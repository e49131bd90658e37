//! What is known, kept in the orders and counts that the rules ask for, so that no rule has to look through all of it.
//!
//! Everything is changed through the methods in `changing`, which carry each change into every index and note what it
//! touches: a step looks again at what was touched or has come due, and at nothing else.

mod book;
mod changing;
mod due;
mod groups;
mod jobs;
mod lanes;
mod launches;
mod order;
mod past;
mod split;
mod starved;
mod table;
mod touched;

pub(super) use self::{
    book::{Book, STALE_READS, Waiting},
    due::DueQueue,
    jobs::Jobs,
    lanes::Lanes,
    launches::Launches,
    past::{Closed, Ended},
    starved::{Cap, Starved},
    table::Table,
    touched::{Subject, Touched},
};
