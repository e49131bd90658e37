//! What the steps before this one were: what keys draws, and what a run holds already.

use std::collections::BTreeMap;

use crate::plan::{Concurrency, NewJob};

/// The steps that were expanded so far.
#[derive(Debug, Default)]
pub(super) struct SoFar {
    /// How many steps there were.
    steps: usize,
    /// How many of each verb.
    verbs: BTreeMap<&'static str, usize>,
    /// The runs, by repository and name.
    runs: BTreeMap<(String, String), RunSoFar>,
}

/// What is known of a run.
#[derive(Debug)]
pub(super) struct RunSoFar {
    /// Its first job, which decides the concurrency group.
    pub(super) first: String,
    pub(super) concurrency: Option<Concurrency>,
    /// How many jobs each matrix has.
    matrices: BTreeMap<Option<String>, usize>,
}

impl SoFar {
    /// Enters a step with this verb: gives its place among all steps, from 0, and among those of its verb, from 1.
    pub(super) fn step(&mut self, verb: &'static str) -> (usize, usize) {
        let ordinal = self.verbs.entry(verb).or_default();
        *ordinal += 1;
        self.steps += 1;
        (self.steps - 1, *ordinal)
    }

    /// Enters a job. Gives its run, and how many jobs its matrix has now.
    pub(super) fn enter(&mut self, job: &NewJob) -> (&RunSoFar, usize) {
        let key = (job.repo.clone(), job.run.clone());
        let run = self.runs.entry(key).or_insert_with(|| RunSoFar {
            first: job.name.clone(),
            concurrency: job.concurrency.clone(),
            matrices: BTreeMap::new(),
        });
        let jobs = run.matrices.entry(job.matrix.clone()).or_default();
        *jobs += 1;
        let jobs = *jobs;
        (run, jobs)
    }
}
