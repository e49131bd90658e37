//! The JSON of a scheduled job.

use serde::Serialize;

use super::{job::AccountObject, spec::SpecObject};
use crate::{
    hf::{handle::HfJobs, schedules::record::ScheduledJob},
    json_text::milliseconds,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::hf) struct ScheduledJobObject<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    created_at: String,
    job_spec: SpecObject<'a>,
    schedule: &'a str,
    suspend: bool,
    concurrency: bool,
    status: StatusObject<'a>,
    owner: AccountObject<'a>,
    initiator: AccountObject<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusObject<'a> {
    /// Null until the first run.
    last_job: Option<LastJob<'a>>,
    /// What the schedule names next, suspended or not; null when it names nothing any more.
    next_job_run_at: Option<String>,
}

#[derive(Serialize)]
struct LastJob<'a> {
    id: &'a str,
    at: String,
}

impl HfJobs {
    pub(in crate::hf) fn scheduled_object<'a>(
        &'a self,
        job: &'a ScheduledJob,
    ) -> ScheduledJobObject<'a> {
        let now = self.env().clock.now();
        ScheduledJobObject {
            id: &job.id.0,
            kind: "scheduled-job",
            created_at: milliseconds(job.created_at),
            job_spec: self.spec_object(&job.spec),
            schedule: job.schedule.text(),
            suspend: job.suspend,
            concurrency: job.concurrency,
            status: StatusObject {
                last_job: job.last_job.as_ref().map(|(id, at)| LastJob {
                    id: &id.0,
                    at: milliseconds(*at),
                }),
                next_job_run_at: job.schedule.after(now).map(milliseconds),
            },
            owner: self.account(&job.namespace),
            initiator: self.account(&job.created_by),
        }
    }
}
