//! Proofs that the verdicts can be trusted: worlds drawn at random that two judges who know nothing of each other agree
//! about, wrong histories that must be caught, and harmless ones that must not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod agreement;
mod edits;
mod found;
mod loans;
mod matter;
mod mutation;
mod oracles;
mod plans;
mod scene;
#[path = "../seams/mod.rs"]
#[expect(dead_code, reason = "the saboteurs of the lab need more of it")]
mod seams;
