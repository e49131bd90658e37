//! How many jobs a matrix has, and how many of them may go at once.

use super::{
    job::{Job, Matrix, Status},
    table::Runs,
};
use crate::ids::{JobId, RunId};

impl Runs {
    /// How many jobs the first attempt of a run has of this matrix, or will have. A run with less than `enough`
    /// jobs is not looked at job by job: the number of its jobs is given.
    pub(in crate::github) fn first_jobs(
        &self,
        run: RunId,
        matrix: Option<&str>,
        enough: usize,
    ) -> usize {
        let first = |job: &&Job| job.attempt == 1 && job.matrix.as_deref() == matrix;
        let found = self.by_id.get(&run);
        let begun = found.map_or(0, |run| run.jobs.len());
        let unborn = self.unborn.get(&run);
        let all = begun + unborn.map_or(0, Vec::len);
        if all < enough {
            return all;
        }
        let begun = found.into_iter().flat_map(|run| &run.jobs);
        let begun = begun.filter_map(|id| self.jobs.get(id));
        begun
            .chain(unborn.into_iter().flatten())
            .filter(first)
            .count()
    }

    /// Whether as many jobs of the matrix as may run at once do, or will once there are runners.
    pub(in crate::github) fn is_full(&self, matrix: &Matrix) -> bool {
        let Some((run, limit)) = self.by_id.get(&matrix.run).and_then(|run| {
            let limit = *run.max_parallel.get(&matrix.name)?;
            Some((run, limit))
        }) else {
            return false;
        };
        let goes = |job: &&Job| match job.status {
            Status::Waiting | Status::Completed => false,
            Status::Queued => !job.held && !job.driven,
            Status::InProgress => true,
        };
        let going = run.jobs.iter().filter_map(|id| self.jobs.get(id));
        let of_matrix = going.filter(|job| job.matrix == matrix.name);
        of_matrix.filter(goes).count() >= limit as usize
    }

    /// The first job of a matrix that is held, if it may go now.
    pub(in crate::github) fn next_held(&self, matrix: &Matrix) -> Option<JobId> {
        let jobs = self.by_id.get(&matrix.run)?.jobs.iter();
        let mut of_run = jobs.filter_map(|id| self.jobs.get(id));
        of_run
            .find(|job| job.held && job.matrix == matrix.name)
            .filter(|_| !self.is_full(matrix))
            .map(|job| job.id)
    }
}
