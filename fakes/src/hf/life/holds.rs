//! What faults hold back in the life of an HF job, and when that goes on: the history says so of each strike, also where the
//! job ends first.

use std::sync::{Mutex, PoisonError};

use super::plan::LifePlan;
use crate::{faults::Held, hf::handle::HfJobs};

/// Until when a strike holds a job back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::hf) enum Until {
    /// Its longer wait is over.
    Schedule,
    /// It has its hardware.
    Hardware,
    /// It ends.
    End,
    /// HF fails it. One that ends otherwise was never held back.
    Failure,
}

/// The strikes that hold a job back now.
#[derive(Default)]
pub(in crate::hf) struct Holds(Mutex<Vec<(Held, Until)>>);

impl Holds {
    pub(in crate::hf) fn add(&self, held: Held, until: Until) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.push((held, until));
    }

    /// Takes out those that are over by now.
    fn over(&self, by: Until) -> Vec<Held> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = open.extract_if(.., |(_, until)| *until <= by);
        over.map(|(held, _)| held).collect()
    }
}

impl HfJobs {
    /// Records that what held a job back until then holds it no longer.
    pub(in crate::hf) fn let_go(&self, plan: &LifePlan, by: Until) {
        for held in plan.holds.over(by) {
            self.inner.calls.faults.let_on(held, &plan.subject());
        }
    }
}
