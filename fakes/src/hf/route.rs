//! One route of the Hub's API: its method and path, its name, who may call it, and what answers.

use super::{HfJobs, admission::Caller, origin::ScheduleId};
use crate::{
    calls::{self, CallContext, Incoming, Reply},
    ids::HfJobId,
    path_template::Params,
    settings::HfPermission,
};

type Handler = fn(&HfJobs, &Ask<'_>) -> Reply;

/// Who may call a route, and what answers those who may.
pub(super) enum Access {
    /// Everybody, with or without a token.
    Public(Handler),
    /// Whoever has a token.
    User(Handler),
    /// A token with this permission in the path's `{namespace}`.
    Namespace(HfPermission, Handler),
}

/// A route of the fake HF.
pub(super) type Route = calls::Route<Access>;

/// A request that was let in, as its handler sees it.
pub(super) struct Ask<'a> {
    pub(super) request: &'a Incoming,
    pub(super) call: CallContext,
    pub(super) params: &'a Params,
    pub(super) caller: &'a Caller,
}

impl Ask<'_> {
    pub(super) fn namespace(&self) -> &str {
        self.params.text("namespace")
    }

    pub(super) fn job_id(&self) -> HfJobId {
        HfJobId(self.params.text("jobId").to_owned())
    }

    pub(super) fn schedule_id(&self) -> ScheduleId {
        ScheduleId(self.params.text("scheduledJobId").to_owned())
    }

    /// The user whose token it is; nobody for a public route.
    pub(super) fn user(&self) -> &str {
        self.caller
            .token
            .as_ref()
            .map_or("", |token| token.user.as_str())
    }
}
