//! Which flavor a call is about, for faults that are narrowed by it: the one a new job asks for, or the one a job has.

use serde::Deserialize;

use crate::{
    calls::Incoming,
    hf::{handle::HfJobs, job::flavors},
    ids::HfJobId,
    path_template::Params,
};

/// All that matters here of the body that creates a job.
#[derive(Deserialize)]
struct Wanted {
    flavor: String,
}

impl HfJobs {
    /// The flavor of the HF job that the call named so creates or is about, if it is one of HF's.
    pub(in crate::hf) fn flavor_of_call(
        &self,
        name: &str,
        params: &Params,
        request: &Incoming,
    ) -> Option<&'static str> {
        if name == "hf.create" {
            let wanted: Wanted = serde_json::from_slice(&request.body).ok()?;
            return flavors::find(&wanted.flavor).map(|flavor| flavor.name);
        }
        let id = HfJobId(params.text("jobId").to_owned());
        self.state().get(&id).map(|job| job.spec.flavor.name)
    }
}
