//! Scheduled jobs: how they begin, and the task that keeps each one's time.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::{
    drawn_text::{HEX, drawn},
    hf::{
        handle::HfJobs,
        job::{
            origin::{Initiator, Order, Origin, ScheduleId},
            spec::JobSpec,
        },
        schedules::{record::ScheduledJob, times::Schedule},
        state::State,
    },
    ids::{EventId, HfJobId},
};

/// A scheduled job as a call wants it.
pub(in crate::hf) struct NewSchedule {
    pub(in crate::hf) namespace: String,
    pub(in crate::hf) created_by: String,
    pub(in crate::hf) spec: JobSpec,
    pub(in crate::hf) schedule: Schedule,
    pub(in crate::hf) suspend: bool,
    pub(in crate::hf) concurrency: bool,
    pub(in crate::hf) because: EventId,
}

impl State {
    /// Whether a run of this scheduled job is not over.
    pub(in crate::hf) fn is_running(&self, id: &ScheduleId) -> bool {
        self.live()
            .any(|job| matches!(&job.origin.initiator, Initiator::ScheduledJob(by) if by == id))
    }

    pub(in crate::hf) fn ran(&mut self, id: &ScheduleId, job: HfJobId, at: Timestamp) {
        if let Some(schedule) = self.schedules.get_mut(id) {
            schedule.last_job = Some((job, at));
        }
    }
}

impl HfJobs {
    /// Creates a scheduled job, and starts keeping its time.
    pub(in crate::hf) fn begin_schedule(&self, state: &mut State, new: NewSchedule) -> ScheduleId {
        state.schedules.created += 1;
        let entity = format!("hf-schedule#{}", state.schedules.created);
        let id = ScheduleId(drawn(self.env(), &entity, "id", HEX, 24));
        let changed = Arc::new(Notify::new());
        state.schedules.live.push(ScheduledJob {
            id: id.clone(),
            namespace: new.namespace,
            created_by: new.created_by,
            created_at: self.env().clock.now(),
            spec: new.spec,
            schedule: new.schedule,
            suspend: new.suspend,
            concurrency: new.concurrency,
            last_job: None,
            because: new.because,
            changed: changed.clone(),
        });
        let (hf, kept) = (self.clone(), id.clone());
        self.env()
            .spawner
            .spawn(async move { hf.keep_time(kept, changed).await });
        id
    }

    async fn keep_time(&self, id: ScheduleId, changed: Arc<Notify>) {
        // A time is named once: the next one is looked for behind it.
        let mut from = self.env().clock.now();
        loop {
            let due = match self.state().schedules.get(&id) {
                None => return,
                Some(job) if job.suspend => None,
                Some(job) => job.schedule.after(from),
            };
            let told = pin!(changed.notified());
            let Some(due) = due else {
                told.await;
                from = self.env().clock.now();
                continue;
            };
            let wait = due.duration_since(self.env().clock.now());
            let wait = Duration::try_from(wait).unwrap_or_default();
            match select(told, pin!(tokio::time::sleep(wait))).await {
                Either::Left(_) => from = self.env().clock.now(),
                Either::Right(_) => {
                    self.run_by_the_clock(&id);
                    from = due;
                }
            }
        }
    }

    /// One run, unless the one before is still there and may not be joined, or nobody would pay for it.
    fn run_by_the_clock(&self, id: &ScheduleId) {
        let mut state = self.state();
        let Some(job) = state.schedules.get(id).filter(|job| !job.suspend) else {
            return;
        };
        let joins = !job.concurrency && state.is_running(id);
        if joins || self.must_be_paid(&state, &job.namespace).is_err() {
            return;
        }
        let order = Order {
            namespace: job.namespace.clone(),
            spec: job.spec.clone(),
            origin: Origin {
                created_by: job.created_by.clone(),
                initiator: Initiator::ScheduledJob(id.clone()),
            },
            call: None,
            because: job.because,
        };
        let started = self.begin(&mut state, order);
        state.ran(id, started, self.env().clock.now());
    }
}
