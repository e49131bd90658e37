//! Scheduled jobs: creating, listing, inspecting, changing, running and deleting them.

use super::{
    job_filter::label,
    route::{Access, Ask, Route},
};
use crate::{
    calls::Reply,
    github::query_pairs,
    hf::{
        handle::HfJobs,
        job::{
            fields::{Checked, Fields, json},
            origin::Initiator,
            spec::{JobSpec, labels},
        },
        life::keeping_time::NewSchedule,
        objects::reply::{bad, error, internal, no_such_schedule},
        schedules::{record::ScheduledJob, times::Schedule},
    },
    settings::HfPermission,
};

const READ: HfPermission = HfPermission::JobRead;
const WRITE: HfPermission = HfPermission::JobWrite;

const ALL: &str = "/api/scheduled-jobs/{namespace}";
const ONE: &str = "/api/scheduled-jobs/{namespace}/{scheduledJobId}";

/// The description says when, not in which words.
const RUNS_ALREADY: &str =
    "An instance of this scheduled job is already running and concurrency is disabled";

pub(in crate::hf) const ROUTES: &[Route] = &[
    Route::post(
        ALL,
        "hf.create-scheduled",
        Access::Namespace(WRITE, HfJobs::create_scheduled),
    ),
    Route::get(
        ALL,
        "hf.list-scheduled",
        Access::Namespace(READ, HfJobs::list_scheduled),
    ),
    Route::get(
        ONE,
        "hf.inspect-scheduled",
        Access::Namespace(READ, HfJobs::inspect_scheduled),
    ),
    Route::delete(
        ONE,
        "hf.delete-scheduled",
        Access::Namespace(WRITE, HfJobs::delete_scheduled),
    ),
    Route::post(
        "/api/scheduled-jobs/{namespace}/{scheduledJobId}/suspend",
        "hf.suspend-scheduled",
        Access::Namespace(WRITE, |hf, ask| {
            hf.change_scheduled(ask, |job| job.suspend = true)
        }),
    ),
    Route::post(
        "/api/scheduled-jobs/{namespace}/{scheduledJobId}/resume",
        "hf.resume-scheduled",
        Access::Namespace(WRITE, |hf, ask| {
            hf.change_scheduled(ask, |job| job.suspend = false)
        }),
    ),
    Route::post(
        "/api/scheduled-jobs/{namespace}/{scheduledJobId}/schedule",
        "hf.reschedule",
        Access::Namespace(WRITE, HfJobs::reschedule),
    ),
    Route::post(
        "/api/scheduled-jobs/{namespace}/{scheduledJobId}/run",
        "hf.run-scheduled",
        Access::Namespace(WRITE, HfJobs::run_scheduled),
    ),
    Route::put(
        "/api/scheduled-jobs/{namespace}/{scheduledJobId}/labels",
        "hf.update-scheduled-labels",
        Access::Namespace(WRITE, HfJobs::update_scheduled_labels),
    ),
];

impl HfJobs {
    fn create_scheduled(&self, ask: &Ask<'_>) -> Reply {
        let new = match self.wanted(ask) {
            Ok(new) => new,
            Err(why) => return bad(&why),
        };
        let mut state = self.state();
        let id = self.begin_schedule(&mut state, new);
        match state.schedules.get(&id) {
            Some(job) => Reply::json(200, &self.scheduled_object(job)).with_effect(),
            None => internal(),
        }
    }

    fn wanted(&self, ask: &Ask<'_>) -> Checked<NewSchedule> {
        let body = json(&ask.request.body)?;
        let fields = Fields::of_body(&body)?;
        let spec = fields.required("jobSpec", fields.fields("jobSpec")?)?;
        Ok(NewSchedule {
            namespace: ask.namespace().to_owned(),
            created_by: ask.user().to_owned(),
            spec: JobSpec::of_schedule(&spec)?,
            schedule: self.schedule(&fields)?,
            suspend: fields.flag("suspend")?.unwrap_or(false),
            concurrency: fields.flag("concurrency")?.unwrap_or(false),
            because: ask.call.received,
        })
    }

    /// A schedule that still names a time.
    fn schedule(&self, fields: &Fields<'_>) -> Checked<Schedule> {
        let now = self.env().clock.now();
        let text = fields.required("schedule", fields.text("schedule")?)?;
        Schedule::parse(text)
            .filter(|schedule| schedule.after(now).is_some())
            .ok_or_else(|| fields.wrong("schedule", "Invalid schedule"))
    }

    /// Newest first, like jobs; by one label at most.
    fn list_scheduled(&self, ask: &Ask<'_>) -> Reply {
        let labels = query_pairs(&ask.request.query).filter(|(key, _)| key == "label");
        let labels: Checked<Vec<_>> = labels.map(|(_, text)| label(&text)).collect();
        let wanted = match labels.as_deref() {
            Ok([]) => None,
            Ok([one]) => Some(one),
            Ok(_) => return bad("label: Invalid input: expected one label"),
            Err(why) => return bad(why),
        };
        let state = self.state();
        let found = state.schedules.of_namespace(ask.namespace()).rev();
        let found = found.filter(|job| {
            wanted.is_none_or(|(key, value)| job.spec.labels.get(key) == Some(value))
        });
        let objects: Vec<_> = found.map(|job| self.scheduled_object(job)).collect();
        Reply::json(200, &objects)
    }

    fn inspect_scheduled(&self, ask: &Ask<'_>) -> Reply {
        let state = self.state();
        match state
            .schedules
            .in_namespace(ask.namespace(), &ask.schedule_id())
        {
            Some(job) => Reply::json(200, &self.scheduled_object(job)),
            None => no_such_schedule(),
        }
    }

    /// Answers with what was deleted; clients do not look at it.
    fn delete_scheduled(&self, ask: &Ask<'_>) -> Reply {
        let mut state = self.state();
        match state.schedules.delete(ask.namespace(), &ask.schedule_id()) {
            Some(job) => Reply::json(200, &self.scheduled_object(&job)).with_effect(),
            None => no_such_schedule(),
        }
    }

    fn change_scheduled(&self, ask: &Ask<'_>, change: impl FnOnce(&mut ScheduledJob)) -> Reply {
        let mut state = self.state();
        let found = state
            .schedules
            .in_namespace_mut(ask.namespace(), &ask.schedule_id());
        let Some(job) = found else {
            return no_such_schedule();
        };
        job.change(ask.call.received, change);
        Reply::json(200, &self.scheduled_object(job)).with_effect()
    }

    fn reschedule(&self, ask: &Ask<'_>) -> Reply {
        let body = json(&ask.request.body);
        match body.and_then(|body| self.schedule(&Fields::of_body(&body)?)) {
            Ok(schedule) => self.change_scheduled(ask, |job| job.schedule = schedule),
            Err(why) => bad(&why),
        }
    }

    fn update_scheduled_labels(&self, ask: &Ask<'_>) -> Reply {
        let read = |fields: &Fields<'_>| fields.required("labels", labels(fields)?);
        let body = json(&ask.request.body);
        match body.and_then(|body| read(&Fields::of_body(&body)?)) {
            Ok(labels) => self.change_scheduled(ask, |job| job.spec.labels = labels),
            Err(why) => bad(&why),
        }
    }

    /// Runs it now, suspended or not.
    fn run_scheduled(&self, ask: &Ask<'_>) -> Reply {
        let mut state = self.state();
        let found = state
            .schedules
            .in_namespace(ask.namespace(), &ask.schedule_id());
        let Some(job) = found else {
            return no_such_schedule();
        };
        let (id, spec) = (job.id.clone(), job.spec.clone());
        if !job.concurrency && state.is_running(&id) {
            return error(409, RUNS_ALREADY);
        }
        let reply = self.launch(&mut state, ask, spec, Initiator::ScheduledJob(id.clone()));
        let started = state.jobs.last().map(|job| job.id.clone());
        if let Some(started) = started.filter(|_| reply.status == 200) {
            state.ran(&id, started, self.env().clock.now());
        }
        reply
    }
}
