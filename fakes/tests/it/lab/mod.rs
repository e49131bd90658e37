//! A world on the paused clock, with everything a test needs to talk to it.

mod answer;
mod calls;
pub(crate) mod hf_shape;
mod hooks;
mod runners;
mod world;

pub(crate) use self::{
    answer::Answer,
    calls::{form, sign},
    hooks::{Received, Target, sha256_signature, unwrapped},
    world::{Lab, SeededDraw, job},
};
