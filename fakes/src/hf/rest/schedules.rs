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
            invalid::{Invalid, Issue},
            origin::Initiator,
            spec::{JobSpec, labels},
        },
        life::keeping_time::NewSchedule,
        objects::refusal::{Answer, Refusal},
        schedules::{record::ScheduledJob, times::Schedule},
    },
    settings::HfPermission,
};

const READ: HfPermission = HfPermission::JobRead;
const WRITE: HfPermission = HfPermission::JobWrite;

const ALL: &str = "/api/scheduled-jobs/{namespace}";
const ONE: &str = "/api/scheduled-jobs/{namespace}/{scheduledJobId}";

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
    fn create_scheduled(&self, ask: &Ask<'_>) -> Answer {
        let new = self.wanted(ask)?;
        let mut state = self.state();
        let id = self.begin_schedule(&mut state, new);
        match state.schedules.get(&id) {
            Some(job) => Ok(Reply::json(200, &self.scheduled_object(job)).with_effect()),
            None => Err(Refusal::Internal),
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
            .ok_or_else(|| fields.wrong("schedule", Issue::NoSchedule))
    }

    /// Newest first, like jobs; by one label at most.
    fn list_scheduled(&self, ask: &Ask<'_>) -> Answer {
        let labels = query_pairs(&ask.request.query).filter(|(key, _)| key == "label");
        let labels: Checked<Vec<_>> = labels.map(|(_, text)| label(&text)).collect();
        let wanted = match labels.as_deref() {
            Ok([]) => None,
            Ok([one]) => Some(one),
            Ok(_) => return Err(Invalid::at("label", Issue::Expected("one label")).into()),
            Err(why) => return Err(why.clone().into()),
        };
        let state = self.state();
        let found = state.schedules.of_namespace(ask.namespace()).rev();
        let found = found.filter(|job| {
            wanted.is_none_or(|(key, value)| job.spec.labels.get(key) == Some(value))
        });
        let objects: Vec<_> = found.map(|job| self.scheduled_object(job)).collect();
        Ok(Reply::json(200, &objects))
    }

    fn inspect_scheduled(&self, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        match state
            .schedules
            .in_namespace(ask.namespace(), &ask.schedule_id())
        {
            Some(job) => Ok(Reply::json(200, &self.scheduled_object(job))),
            None => Err(Refusal::NoSuchSchedule),
        }
    }

    /// Answers with what was deleted; clients do not look at it.
    fn delete_scheduled(&self, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        match state.schedules.delete(ask.namespace(), &ask.schedule_id()) {
            Some(job) => Ok(Reply::json(200, &self.scheduled_object(&job)).with_effect()),
            None => Err(Refusal::NoSuchSchedule),
        }
    }

    fn change_scheduled(&self, ask: &Ask<'_>, change: impl FnOnce(&mut ScheduledJob)) -> Answer {
        let mut state = self.state();
        let found = state
            .schedules
            .in_namespace_mut(ask.namespace(), &ask.schedule_id());
        let Some(job) = found else {
            return Err(Refusal::NoSuchSchedule);
        };
        job.change(ask.call.received, change);
        Ok(Reply::json(200, &self.scheduled_object(job)).with_effect())
    }

    fn reschedule(&self, ask: &Ask<'_>) -> Answer {
        let body = json(&ask.request.body)?;
        let schedule = self.schedule(&Fields::of_body(&body)?)?;
        self.change_scheduled(ask, |job| job.schedule = schedule)
    }

    fn update_scheduled_labels(&self, ask: &Ask<'_>) -> Answer {
        let body = json(&ask.request.body)?;
        let fields = Fields::of_body(&body)?;
        let labels = fields.required("labels", labels(&fields)?)?;
        self.change_scheduled(ask, |job| job.spec.labels = labels)
    }

    /// Runs it now, suspended or not.
    fn run_scheduled(&self, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let found = state
            .schedules
            .in_namespace(ask.namespace(), &ask.schedule_id());
        let Some(job) = found else {
            return Err(Refusal::NoSuchSchedule);
        };
        let (id, spec) = (job.id.clone(), job.spec.clone());
        if !job.concurrency && state.is_running(&id) {
            return Err(Refusal::RunsAlready);
        }
        let reply = self.launch(&mut state, ask, spec, Initiator::ScheduledJob(id.clone()))?;
        let started = state.jobs.last().map(|job| job.id.clone());
        if let Some(started) = started {
            state.ran(&id, started, self.env().clock.now());
        }
        Ok(reply)
    }
}
