//! The lab as a whole: corpus, determinism, saboteurs, races, the command line, the real tier, imports.
//!
//! One binary, because each test binary links the whole tree once more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod assignment;
mod boot;
mod cli;
mod command_line;
mod contributing;
mod control;
mod control_document;
mod control_incidents;
mod corpus;
mod determinism;
mod dispatchers;
mod hf_faults;
mod import_ids;
mod import_replays;
mod import_safety;
mod imports;
mod incidents;
mod lies;
mod lost_job;
mod missed_faults;
mod plans;
mod races;
mod readme;
mod real_time;
mod recorded_jobs;
mod runner_faults;
mod saboteurs;
#[path = "../seams/mod.rs"]
mod seams;
mod served;
mod spinning;
mod steps_in_vain;
mod stops;
mod store_faults;
mod told;
mod unknown_jobs;
mod verdicts;
mod waits;
mod words;
mod words_of_the_timeline;
mod words_of_the_world;
