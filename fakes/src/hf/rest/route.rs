//! One route of the Hub's API: its method and path, its name, who may call it, and what answers.

use super::{admission::Caller, endpoint::Endpoint};
use crate::{
    calls::{self, CallContext, Incoming},
    hf::{
        handle::HfJobs,
        job::{fields::Checked, origin::ScheduleId, spec::JobSpec},
        objects::refusal::Answer,
    },
    ids::HfJobId,
    path_template::Params,
    settings::HfPermission,
};

type Handler = fn(&HfJobs, &Ask<'_>) -> Answer;

/// Who may call a route, and what answers those who may.
pub(in crate::hf) enum Access {
    /// Everybody, with or without a token.
    Public(Handler),
    /// Whoever has a token.
    User(Handler),
    /// A token with this permission in the path's `{namespace}`.
    Namespace(HfPermission, Handler),
}

/// A route of the fake HF.
pub(in crate::hf) type Route = calls::Route<Access>;

/// A request that was let in, as its handler sees it.
pub(in crate::hf) struct Ask<'a> {
    pub(in crate::hf) request: &'a Incoming,
    pub(in crate::hf) call: CallContext,
    pub(in crate::hf) endpoint: &'a Endpoint,
    pub(in crate::hf) caller: &'a Caller,
}

impl Ask<'_> {
    /// The parameters of the path.
    pub(in crate::hf) fn params(&self) -> &Params {
        self.endpoint.params()
    }

    /// The job that the body describes.
    pub(in crate::hf) fn spec(&self) -> &Checked<JobSpec> {
        self.endpoint.spec(&self.request.body)
    }

    pub(in crate::hf) fn namespace(&self) -> &str {
        self.params().text("namespace")
    }

    pub(in crate::hf) fn job_id(&self) -> HfJobId {
        HfJobId(self.params().text("jobId").to_owned())
    }

    pub(in crate::hf) fn schedule_id(&self) -> ScheduleId {
        ScheduleId(self.params().text("scheduledJobId").to_owned())
    }

    /// The user whose token it is; nobody for a public route.
    pub(in crate::hf) fn user(&self) -> &str {
        self.caller
            .token
            .as_ref()
            .map_or("", |token| token.user.as_str())
    }
}
