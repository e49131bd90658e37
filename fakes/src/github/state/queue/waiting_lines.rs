//! The queued jobs of one class, matrix by matrix, so that the jobs of a matrix that may start no more of them for
//! now are stepped over together.

use std::collections::{BTreeMap, BTreeSet};

use crate::{github::state::runs::job::Matrix, ids::JobId};

/// Where a queued job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::github) struct Place {
    /// Its place in the line: lower goes first, then the lower id.
    pub(in crate::github) precedence: u64,
    /// Since when a runner could take it, in milliseconds of the world.
    pub(in crate::github) since_ms: u64,
    pub(in crate::github) matrix: Matrix,
}

/// The jobs of one matrix, in the order of the line and in that of their waiting.
#[derive(Default)]
struct Line {
    in_order: BTreeSet<(u64, JobId)>,
    by_age: BTreeSet<(u64, JobId)>,
}

/// All of them.
#[derive(Default)]
pub(in crate::github) struct WaitingLines {
    lines: BTreeMap<Matrix, Line>,
    /// The first of each line in either order.
    heads: BTreeSet<(u64, JobId, Matrix)>,
    eldest: BTreeSet<(u64, JobId, Matrix)>,
}

impl WaitingLines {
    pub(in crate::github) fn insert(&mut self, job: JobId, place: &Place) {
        self.change(&place.matrix, |line| {
            line.in_order.insert((place.precedence, job));
            line.by_age.insert((place.since_ms, job));
        });
    }

    pub(in crate::github) fn remove(&mut self, job: JobId, place: &Place) {
        self.change(&place.matrix, |line| {
            line.in_order.remove(&(place.precedence, job));
            line.by_age.remove(&(place.since_ms, job));
        });
    }

    /// Changes one line, and follows that with its first ones.
    fn change(&mut self, matrix: &Matrix, change: impl FnOnce(&mut Line)) {
        let line = self.lines.entry(matrix.clone()).or_default();
        let ends = |line: &Line| (line.in_order.first().copied(), line.by_age.first().copied());
        let (head, eldest) = ends(line);
        change(line);
        let (new_head, new_eldest) = ends(line);
        if line.in_order.is_empty() {
            self.lines.remove(matrix);
        }
        follow(&mut self.heads, matrix, head, new_head);
        follow(&mut self.eldest, matrix, eldest, new_eldest);
    }

    pub(in crate::github) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The first in the line of those whose matrix may start another one: its precedence, and its id.
    pub(in crate::github) fn first(
        &self,
        may_start: impl Fn(&Matrix) -> bool,
    ) -> Option<(u64, JobId)> {
        first_of(&self.heads, may_start)
    }

    /// The one that has waited longest of those whose matrix may start another one: since when, and its id.
    pub(in crate::github) fn eldest(
        &self,
        may_start: impl Fn(&Matrix) -> bool,
    ) -> Option<(u64, JobId)> {
        first_of(&self.eldest, may_start)
    }

    pub(in crate::github) fn into_places(self) -> impl Iterator<Item = (JobId, Place)> {
        self.lines.into_iter().flat_map(|(matrix, line)| {
            let since: BTreeMap<JobId, u64> =
                line.by_age.into_iter().map(|(at, job)| (job, at)).collect();
            let jobs = line.in_order.into_iter();
            jobs.filter_map(move |(precedence, job)| {
                let since_ms = *since.get(&job)?;
                let place = Place {
                    precedence,
                    since_ms,
                    matrix: matrix.clone(),
                };
                Some((job, place))
            })
        })
    }
}

fn follow(
    firsts: &mut BTreeSet<(u64, JobId, Matrix)>,
    matrix: &Matrix,
    old: Option<(u64, JobId)>,
    new: Option<(u64, JobId)>,
) {
    if old == new {
        return;
    }
    if let Some((key, job)) = old {
        firsts.remove(&(key, job, matrix.clone()));
    }
    if let Some((key, job)) = new {
        firsts.insert((key, job, matrix.clone()));
    }
}

fn first_of(
    firsts: &BTreeSet<(u64, JobId, Matrix)>,
    may_start: impl Fn(&Matrix) -> bool,
) -> Option<(u64, JobId)> {
    let found = firsts.iter().find(|(.., matrix)| may_start(matrix));
    found.map(|(key, job, _)| (*key, *job))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::RunId;

    fn of(run: u64, name: &str) -> Matrix {
        Matrix {
            run: RunId(run),
            name: Some(Arc::from(name)),
        }
    }

    fn place(precedence: u64, since_ms: u64, matrix: Matrix) -> Place {
        Place {
            precedence,
            since_ms,
            matrix,
        }
    }

    #[test]
    fn a_matrix_that_may_start_no_more_is_stepped_over_with_all_its_jobs() {
        let mut lines = WaitingLines::default();
        let places = [
            (1, place(9, 5, of(1, "A"))),
            (2, place(1, 30, of(1, "B"))),
            (3, place(2, 10, of(1, "B"))),
        ];
        for (job, place) in &places {
            lines.insert(JobId(*job), place);
        }
        assert_eq!(lines.first(|_| true), Some((1, JobId(2))));
        assert_eq!(lines.eldest(|_| true), Some((5, JobId(1))));
        assert_eq!(
            lines.first(|matrix| *matrix != of(1, "B")),
            Some((9, JobId(1)))
        );
        assert_eq!(
            lines.eldest(|matrix| *matrix != of(1, "A")),
            Some((10, JobId(3)))
        );
        lines.remove(JobId(2), &places[1].1);
        assert_eq!(lines.first(|_| true), Some((2, JobId(3))));
        lines.remove(JobId(1), &places[0].1);
        lines.remove(JobId(3), &places[2].1);
        assert!(lines.is_empty() && lines.heads.is_empty() && lines.eldest.is_empty());
    }
}
