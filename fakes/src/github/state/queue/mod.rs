//! Who waits for whom: queued jobs, idle runners, and what is due when.

pub(in crate::github) mod agenda;
pub(in crate::github) mod matching;
pub(in crate::github) mod table;
pub(in crate::github) mod waiting_lines;
pub(in crate::github) mod watched;
