//! Runners as GitHub knows them.

use fakes::RunnerView;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation::new(
    Method::Get,
    "/_lab/runners",
    "listRunners",
    "Every registered runner, in the order of the ids.",
    Media::Json(schema_of::<Runners>),
    list,
)];

/// Registered runners.
#[derive(Serialize, JsonSchema)]
struct Runners {
    /// In the order of their ids.
    runners: Vec<Runner>,
}

/// A registered runner.
#[derive(Serialize, JsonSchema)]
struct Runner {
    /// Its id.
    runner: u64,
    /// Its name.
    name: String,
    /// `owner/name` it serves; for a runner of an organisation, the organisation.
    repo: String,
    /// Its labels.
    labels: Vec<String>,
    /// Whether GitHub takes it for online.
    online: bool,
    /// Whether it has a job.
    busy: bool,
    /// The HF job its process runs in, if it is one of ours.
    hf_job: Option<String>,
}

impl From<RunnerView> for Runner {
    fn from(runner: RunnerView) -> Self {
        Self {
            runner: runner.runner.0,
            name: runner.name,
            repo: runner.repo,
            labels: runner.labels,
            online: runner.online,
            busy: runner.busy,
            hf_job: runner.hf_job.map(|hf_job| hf_job.0),
        }
    }
}

fn list(control: &Control, _: &Ask<'_>) -> Result<Reply, Problem> {
    let runners = control.world().github().runners().into_iter();
    Reply::json(&Runners {
        runners: runners.map(Runner::from).collect(),
    })
}
