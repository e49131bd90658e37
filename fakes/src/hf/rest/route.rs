//! One route of the Hub's API: its method and path, its name, who may call it, and what answers.

use super::admission::Caller;
use crate::{
    calls::{self, CallContext, Incoming},
    hf::{handle::HfJobs, job::origin::ScheduleId, objects::refusal::Answer},
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
    pub(in crate::hf) params: &'a Params,
    pub(in crate::hf) caller: &'a Caller,
}

impl Ask<'_> {
    pub(in crate::hf) fn namespace(&self) -> &str {
        self.params.text("namespace")
    }

    pub(in crate::hf) fn job_id(&self) -> HfJobId {
        HfJobId(self.params.text("jobId").to_owned())
    }

    pub(in crate::hf) fn schedule_id(&self) -> ScheduleId {
        ScheduleId(self.params.text("scheduledJobId").to_owned())
    }

    /// The user whose token it is; nobody for a public route.
    pub(in crate::hf) fn user(&self) -> &str {
        self.caller
            .token
            .as_ref()
            .map_or("", |token| token.user.as_str())
    }
}
