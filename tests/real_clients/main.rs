//! The real clients of GitHub and Hugging Face make their own calls against the fakes, and webhooks reach
//! real receivers.
//!
//! Each client is its released version, run as a child process (`tests/node`, `tests/python`, Debian's
//! `gh`) against a world on loopback. What the client reports is checked, and so is the history: what
//! really reached the fake. octocrab, which is Rust, has a crate of its own in `tests/octocrab`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod app;
mod client;
mod gh;
mod huggingface;
mod lab;
mod octokit;
mod python;
mod readme;
mod receivers;
mod round;
