//! Verbs that act on jobs, or on the runs that jobs belong to.

use super::{Context, it, jobs::share_of, step::Start};
use crate::{
    error::{Flaw, Place},
    plan::{Approve, Cancel, CompleteRun, IT, Rerun, TakeBack, Verb},
    written::{self, Names, Placed},
};

/// What is done to each of some jobs.
type Acts = Vec<(String, Verb)>;

impl Context<'_> {
    /// The jobs a step acts on, each with the verb for it; nothing if it acts on none.
    pub(super) fn about_jobs(
        &self,
        step: &written::Step,
        start: &Start<'_>,
    ) -> Result<Option<Acts>, Flaw> {
        if let Some(cancel) = &step.cancel {
            let names = either(
                &cancel.value.job,
                &cancel.value.jobs,
                cancel.place,
                "job",
                "jobs",
            )?;
            let mut jobs = self.jobs_or_it(step, names)?;
            if let Some(share) = cancel.value.share {
                jobs = share_of(self.keyed, &jobs, share, &format!("{}.share", start.entity));
            }
            return Ok(Some(self.of_runs(jobs, |job| Verb::Cancel(Cancel { job }))));
        }
        if let Some(approve) = &step.approve {
            let jobs = self.jobs_or_it(step, &approve.value.job)?;
            return Ok(Some(
                self.of_runs(jobs, |job| Verb::Approve(Approve { job })),
            ));
        }
        if let Some(rerun) = &step.rerun {
            let written = &rerun.value;
            let jobs =
                self.jobs_or_run(step, "rerun", (&written.job, &written.run), rerun.place)?;
            let failed_only = written.failed_only;
            return Ok(Some(
                self.of_runs(jobs, |job| Verb::Rerun(Rerun { job, failed_only })),
            ));
        }
        if let Some(complete) = &step.complete_run {
            let written = &complete.value;
            let named = (&written.job, &written.run);
            let jobs = self.jobs_or_run(step, "complete_run", named, complete.place)?;
            let conclusion = written.conclusion;
            return Ok(Some(self.of_runs(jobs, |job| {
                Verb::CompleteRun(CompleteRun { job, conclusion })
            })));
        }
        let Some(taken) = &step.take_back else {
            return Ok(None);
        };
        let jobs = self.jobs_or_it(step, &taken.value.job)?;
        let acts = jobs
            .into_iter()
            .map(|job| (job.clone(), Verb::TakeBack(TakeBack { job })));
        Ok(Some(acts.collect()))
    }

    /// One act for each run that these jobs belong to.
    fn of_runs(&self, jobs: Vec<String>, verb: impl Fn(String) -> Verb) -> Acts {
        let jobs = self.jobs.one_of_each_run(jobs).into_iter();
        jobs.map(|job| (job.clone(), verb(job))).collect()
    }

    fn jobs_or_run(
        &self,
        step: &written::Step,
        verb: &str,
        named: (&Option<Names>, &Option<Placed<String>>),
        place: Place,
    ) -> Result<Vec<String>, Flaw> {
        match named {
            (Some(names), None) => self.jobs_or_it(step, names),
            (None, Some(run)) => Ok(vec![self.jobs.of_run(run)?]),
            _ => Err(Flaw::at(
                place,
                &format!("`{verb}` needs either `job` or `run`\nname one of the two"),
            )),
        }
    }

    /// The jobs that these names stand for, or `it`.
    fn jobs_or_it(&self, step: &written::Step, names: &Names) -> Result<Vec<String>, Flaw> {
        match names.0.as_slice() {
            [only] if only.value == IT => Ok(vec![self.job_or_it(step, only)?]),
            _ => self.jobs.of_all(names),
        }
    }

    /// The one job that this name stands for, or `it`.
    pub(super) fn job_or_it(
        &self,
        step: &written::Step,
        name: &Placed<String>,
    ) -> Result<String, Flaw> {
        if name.value != IT {
            return self.jobs.one(name);
        }
        it::must_be_a_job(step, name.place)?;
        Ok(IT.to_owned())
    }
}

fn either<'a>(
    one: &'a Option<Names>,
    other: &'a Option<Names>,
    place: Place,
    one_name: &str,
    other_name: &str,
) -> Result<&'a Names, Flaw> {
    match (one, other) {
        (Some(names), None) | (None, Some(names)) => Ok(names),
        _ => Err(Flaw::at(
            place,
            &format!("either `{one_name}` or `{other_name}` must stand here\nname one of the two"),
        )),
    }
}
