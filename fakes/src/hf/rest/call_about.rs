//! What a call to HF says it is about: by its path and, for a new job, by its body as HF itself reads it.

use super::{endpoint::Endpoint, routes::HfApi};
use crate::{
    calls::{About, Incoming},
    ids::HfJobId,
};

impl HfApi {
    pub(in crate::hf) fn call_about(&self, endpoint: &Endpoint, request: &Incoming) -> About {
        let name = endpoint.name();
        let hf_job = endpoint.params().text("jobId");
        let mut about = About {
            name,
            has_flavor: self.0.flavor_of_call(endpoint, request),
            hf_job: (!hf_job.is_empty()).then(|| HfJobId(hf_job.to_owned())),
            ..About::default()
        };
        // A body that cannot be read says nothing; the call itself will be refused for it.
        if name == "hf.create"
            && let Ok(spec) = endpoint.spec(&request.body)
        {
            // Without an id: a name that is made of the job's is not known yet.
            let unborn = HfJobId(String::new());
            let runner = self.0.inner.runners.identity(&spec.container, &unborn);
            about.flavor = Some(spec.flavor.name.to_owned());
            about.repo = runner.repo;
            about.labels = runner.labels;
            about.runner_name = runner.name.filter(|name| !name.is_empty());
        }
        about
    }
}
