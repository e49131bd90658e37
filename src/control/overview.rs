//! The world at a glance.

use fakes::github::Status;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation::new(
    Method::Get,
    "/_lab",
    "overview",
    "The world at a glance: jobs, runners, deliveries, faults.",
    Media::Json(schema_of::<Overview>),
    overview,
)];

/// The world at a glance.
#[derive(Serialize, JsonSchema)]
struct Overview {
    /// The scenario's title.
    title: String,
    /// The seed that keys every draw.
    seed: u64,
    /// Base URL of the fake GitHub, if it is served.
    github: Option<String>,
    /// Base URL of the fake HF Jobs, if it is served.
    hf: Option<String>,
    /// Where webhooks go; deliveries are refused while there is none.
    webhook: Option<String>,
    /// Workflow jobs by status.
    jobs: JobCounts,
    /// Registered runners.
    runners: RunnerCounts,
    /// Deliveries that are scheduled, delayed or in flight.
    deliveries_pending: usize,
    /// Faults that can still strike.
    faults_active: usize,
    /// How many events the history has.
    events: u64,
}

/// How many workflow jobs have each status.
#[derive(Default, Serialize, JsonSchema)]
struct JobCounts {
    /// Waiting for an approval.
    waiting: usize,
    /// Waiting for a runner.
    queued: usize,
    /// Running.
    in_progress: usize,
    /// Ended.
    completed: usize,
}

/// How many runners there are.
#[derive(Default, Serialize, JsonSchema)]
struct RunnerCounts {
    /// Those GitHub has a record of.
    registered: usize,
    /// Those it takes for online.
    online: usize,
    /// Those that have a job.
    busy: usize,
}

fn overview(control: &Control, _: &Ask<'_>) -> Result<Reply, Problem> {
    let world = control.world();
    let mut jobs = JobCounts::default();
    for job in world.github().jobs() {
        match job.status {
            Status::Waiting => jobs.waiting += 1,
            Status::Queued => jobs.queued += 1,
            Status::InProgress => jobs.in_progress += 1,
            Status::Completed => jobs.completed += 1,
        }
    }
    let mut runners = RunnerCounts::default();
    for runner in world.github().runners() {
        runners.registered += 1;
        runners.online += usize::from(runner.online);
        runners.busy += usize::from(runner.busy);
    }
    let faults = world.faults().states();
    let active = faults
        .iter()
        .filter(|fault| fault.open && fault.left != Some(0));
    let events = world.history().snapshot();
    Reply::json(&Overview {
        title: control.inner.title.clone(),
        seed: control.inner.seed,
        github: control.inner.addresses.github.clone(),
        hf: control.inner.addresses.hf.clone(),
        webhook: control.webhook().clone(),
        jobs,
        runners,
        deliveries_pending: world.pending(),
        faults_active: active.count(),
        events: events.last().map_or(0, |event| event.id.0),
    })
}
