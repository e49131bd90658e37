//! When something of a plan happens: a [`Trigger`] is a time or an observed event.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use vocabulary::Fixed;

/// When something happens or a fault begins or ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// So long after the world began.
    At(Duration),
    /// When something was observed.
    When(When),
}

/// An observed event to wait for.
#[derive(Clone, Debug, PartialEq)]
pub struct When {
    /// What is watched for.
    pub watched: Watched,
    /// Which match counts, from 1.
    pub nth: u32,
    /// How long to wait after the match.
    pub plus: Duration,
    /// Matches count only once this job has been seen in this state.
    pub after: Option<JobIs>,
}

/// What a [`When`] watches for.
#[derive(Clone, Debug, PartialEq)]
pub enum Watched {
    /// An API call.
    Call(Call),
    /// An HF job that reaches a stage.
    HfJob(HfMoment),
    /// A runner that reaches a state.
    Runner(RunnerMoment),
    /// A job that reaches a state.
    Job(JobIs),
}

/// A phase of an API call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The call's name, such as `hf.create`.
    pub name: String,
    /// Which moment of it.
    pub phase: Phase,
}

/// A moment in an API call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The request arrived.
    Received,
    /// The call took effect; nothing has been answered yet.
    Effect,
    /// The answer was sent.
    #[default]
    Answered,
}

/// The stages of an HF job that a trigger can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HfMoment {
    /// Created, waiting for hardware.
    Scheduling,
    /// Its container runs.
    Running,
    /// Ended with exit code 0.
    Completed,
    /// Failed or timed out.
    Error,
    /// Cancelled.
    Canceled,
}

/// The states of a runner that a trigger can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunnerMoment {
    /// It connected to GitHub.
    Online,
    /// It is online without a job.
    Idle,
    /// It was given a job.
    Busy,
    /// GitHub no longer knows it.
    Gone,
}

/// The states of a job that a trigger can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobMoment {
    /// Waiting for a runner.
    Queued,
    /// Waiting for an approval.
    Waiting,
    /// A runner has it.
    InProgress,
    /// It ended.
    Completed,
}

/// A job and a state of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobIs {
    /// The job's name; `J1/2` is the second attempt of `J1`.
    pub job: String,
    /// The state.
    pub is: JobMoment,
}

impl Serialize for Trigger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(at) => Fixed(*at).serialize(serializer),
            Self::When(when) => when.serialize(serializer),
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.watched {
            Watched::Call(call) => {
                map.serialize_entry("call", &call.name)?;
                map.serialize_entry("phase", &call.phase)?;
            }
            Watched::HfJob(moment) => map.serialize_entry("hf_job", moment)?,
            Watched::Runner(moment) => map.serialize_entry("runner", moment)?,
            Watched::Job(job) => {
                map.serialize_entry("job", &job.job)?;
                map.serialize_entry("is", &job.is)?;
            }
        }
        map.serialize_entry("nth", &self.nth)?;
        map.serialize_entry("plus", &Fixed(self.plus))?;
        if let Some(after) = &self.after {
            map.serialize_entry("after", after)?;
        }
        map.end()
    }
}
