//! What is counted in a lane or a scope at a position: waits and supply, so that a loan counts as a start.

use fakes::{
    history::Caller,
    ids::{CallId, RunnerId},
};

use super::{HfJob, Job, Lane, Scene};

impl Scene<'_> {
    pub(crate) fn jobs_of<'s>(&'s self, lane: &'s Lane) -> impl Iterator<Item = &'s Job> {
        let jobs = self.jobs.values();
        jobs.filter(move |job| job.lane.as_ref() == Some(lane))
    }

    /// Open jobs that no loan counts as the start of.
    pub(crate) fn open_jobs(&self, lane: &Lane, position: usize) -> usize {
        self.jobs_of(lane)
            .filter(|job| self.waits(job, position).is_some())
            .count()
    }

    /// Booting or idle HF jobs of a lane that are not lent; one that hides its lane counts for every lane of its flavor.
    pub(crate) fn supply(&self, lane: &Lane, position: usize) -> usize {
        let all = self.hf_jobs.iter();
        all.filter(|hf_job| hf_job.is_supply(position) && hf_job.may_serve(lane))
            .filter(|hf_job| !self.is_lent(hf_job, position))
            .count()
    }

    /// Open jobs without an HF job that could serve them.
    pub(crate) fn shortage(&self, lane: &Lane, position: usize) -> usize {
        self.open_jobs(lane, position)
            .saturating_sub(self.supply(lane, position))
    }

    pub(crate) fn alive(&self, position: usize) -> usize {
        let all = self.hf_jobs.iter();
        all.filter(|hf_job| hf_job.is_alive(position)).count()
    }

    pub(crate) fn alive_of(&self, place: &str, position: usize) -> usize {
        let all = self.hf_jobs.iter();
        let of_place = all.filter(|hf_job| hf_job.place.as_deref() == Some(place));
        of_place.filter(|hf_job| hf_job.is_alive(position)).count()
    }

    pub(crate) fn alive_on(&self, flavor: &str, position: usize) -> usize {
        let of_flavor = self.hf_jobs.iter().filter(|hf_job| hf_job.flavor == flavor);
        of_flavor.filter(|hf_job| hf_job.is_alive(position)).count()
    }

    /// Whether every scope has room: `alive - spared < cap`, of the repository, of the flavor and in total.
    pub(crate) fn has_room(&self, lane: &Lane, position: usize, spared: i64) -> bool {
        let caps = self.terms.caps;
        let fits = |cap: Option<u32>, alive: usize| {
            cap.is_none_or(|cap| alive as i64 - spared < i64::from(cap))
        };
        fits(caps.total, self.alive(position))
            && fits(caps.per_repo, self.alive_of(&lane.place, position))
            && lane
                .flavor
                .is_none_or(|flavor| fits(caps.per_flavor, self.alive_on(flavor, position)))
    }

    pub(crate) fn has_free_slot(&self, lane: &Lane, position: usize) -> bool {
        self.has_room(lane, position, 0)
    }

    /// The declared pool of an HF job's lane; of one that hides its lane, of all lanes of its flavor.
    pub(crate) fn warm_of(&self, hf_job: &HfJob) -> usize {
        let own = self.lanes.iter().filter(|lane| match &hf_job.lane {
            Some(own) => own == *lane,
            None => lane.flavor == Some(hf_job.flavor.as_str()),
        });
        own.map(|lane| self.pool_of(lane)).sum()
    }

    fn pool_of(&self, lane: &Lane) -> usize {
        let pools = self.terms.warm.iter();
        let own = pools.filter(|(labels, _)| lane.labels == **labels);
        own.map(|(_, count)| count).sum()
    }

    /// The lane that a runner's registration names.
    pub(crate) fn runner_lane(&self, runner: RunnerId) -> Lane {
        match self.runners.get(&runner) {
            Some(known) => self.lane_of(&known.repo, &known.labels),
            None => self.lane_of("", &[]),
        }
    }

    pub(super) fn is_dispatchers(&self, call: CallId) -> bool {
        self.calls
            .get(&call)
            .is_none_or(|call| call.by == Caller::Dispatcher)
    }
}
