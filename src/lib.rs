//! dispatchlab puts a CI dispatcher in a laboratory where GitHub and Hugging Face Jobs misbehave on
//! purpose, and tells whether a job ever got stuck, leaked money or was killed.
//!
//! # Layout
//!
//! The way of a run, and where each part lives:
//!
//! 1. a **scenario** (crate `scenarios`) says what happens and what must hold;
//! 2. with a seed it becomes a **plan**, in which nothing is left open;
//! 3. the plan builds a **world** (crate `fakes`, set up in [`run`]) and drives it;
//! 4. the **target** ([`target`]) is the dispatcher under test, reached over a [`transport`];
//! 5. everything that can be seen from outside goes into the **history** (`fakes::history`);
//! 6. the **properties** ([`properties`]) judge the history, each with a **verdict**;
//! 7. the **report** ([`report`]) shows it, and [`exit`] says it to scripts.
//!
//! A world that is served is driven by hand through [`control`].
//! A dispatcher's boot script is run for real by [`boot`].
//! [`latency`] and [`costs`] read figures off a history; [`normal_form`] compares histories of different clocks.

pub mod boot;
pub mod cli;
pub mod control;
pub mod costs;
pub mod exit;
pub mod latency;
pub mod normal_form;
pub mod properties;
pub mod report;
pub mod run;
pub mod target;
mod translate;
pub mod transport;
