//! Which flavor a call is about, for faults that are narrowed by it: the one a new job asks for, or the one a job has.

use serde::Deserialize;

use super::endpoint::Endpoint;
use crate::{
    calls::Incoming,
    hf::{handle::HfJobs, job::flavors},
    ids::HfJobId,
};

/// All that matters here of a body that creates no job.
#[derive(Deserialize)]
struct Wanted {
    flavor: String,
}

impl HfJobs {
    /// The flavor of the HF job that this call creates or is about, if it is one of HF's.
    pub(in crate::hf) fn flavor_of_call(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> Option<&'static str> {
        if endpoint.name() == "hf.create" {
            if let Ok(spec) = endpoint.spec(&request.body) {
                return Some(spec.flavor.name);
            }
            let wanted: Wanted = serde_json::from_slice(&request.body).ok()?;
            return flavors::find(&wanted.flavor).map(|flavor| flavor.name);
        }
        let id = HfJobId(endpoint.params().text("jobId").to_owned());
        self.state().get(&id).map(|job| job.spec.flavor.name)
    }
}
