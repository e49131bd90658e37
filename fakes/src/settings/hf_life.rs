//! How HF jobs live: their cold start, and everything about their ends that HF does not document.

use std::time::Duration;

use super::HfSettings;
use crate::{env::Length, history::Stage, spread::Spread};

/// The three parts of a cold start, each drawn per HF job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColdStart {
    /// From create to the hardware.
    pub schedule: Spread,
    /// From the hardware to RUNNING: the image is pulled anew for every job. Nothing at all by default, as
    /// HF's figures for SCHEDULING (6 s in the documentation's sample) do not say which part is which.
    pub pull: Spread,
    /// From RUNNING to the runner's connection.
    pub boot: Spread,
}

impl ColdStart {
    /// No time at all.
    pub(crate) const NONE: Self = Self {
        schedule: Spread::fixed(Duration::ZERO),
        pull: Spread::fixed(Duration::ZERO),
        boot: Spread::fixed(Duration::ZERO),
    };
}

/// What a cancel call does to a job that has ended. HF does not document it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelOfEnded {
    /// It is answered like an inspection and changes nothing.
    Ignored,
    /// It is refused.
    Refused {
        /// HTTP status.
        status: u16,
        /// What the answer's `error` says.
        message: String,
    },
}

/// How HF jobs live and end, where HF leaves it open.
#[derive(Clone, Debug)]
pub struct LifeSettings {
    /// `status.message` while a job waits for hardware. The client expects a reason there
    /// (`huggingface_hub`, `cli/jobs.py`); its words are unconfirmed.
    pub waiting_message: Option<String>,
    /// `status.message` while the image is pulled; unconfirmed.
    pub pulling_message: Option<String>,
    /// The stage of a job that ran into its timeout; unconfirmed, ERROR unless said otherwise.
    pub timed_out_stage: Stage,
    /// Its message: <https://huggingface.co/docs/hub/jobs-manage>.
    pub timed_out_message: String,
    /// From the end of the container and its log to the terminal stage. The client reckons with about
    /// 1.3 s (`huggingface_hub`, `hf_api.py`, `_stream_sse_events`); none unless said otherwise.
    pub stage_lag: Length,
    /// From a cancel call to CANCELED; unconfirmed, none unless said otherwise.
    pub cancel_latency: Length,
    /// How long a container that is being stopped lives on. `run.sh` passes no SIGTERM on to the runner, so
    /// it notices nothing before it is killed. Unconfirmed, none unless said otherwise.
    pub grace: Duration,
    /// How long a job that ended can still be looked up; for ever unless said otherwise. Unconfirmed.
    pub retention: Option<Duration>,
    /// What a cancel call does to a job that has ended.
    pub cancel_of_ended: CancelOfEnded,
}

impl Default for LifeSettings {
    fn default() -> Self {
        let none = Length::fixed(Duration::ZERO);
        Self {
            waiting_message: Some("Job is waiting for hardware".to_owned()),
            pulling_message: Some("Job is pulling its image".to_owned()),
            timed_out_stage: Stage::Error,
            timed_out_message: "Job timeout".to_owned(),
            stage_lag: none,
            cancel_latency: none,
            grace: Duration::ZERO,
            retention: None,
            cancel_of_ended: CancelOfEnded::Ignored,
        }
    }
}

impl HfSettings {
    /// The cold start of a flavor.
    pub(crate) fn cold_start_of(&self, flavor: &str) -> ColdStart {
        let starts = &self.cold_start;
        let known = starts.get(flavor).or_else(|| starts.get("default"));
        known.copied().unwrap_or(ColdStart::NONE)
    }
}
