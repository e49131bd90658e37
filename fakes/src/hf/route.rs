//! One route of the Hub's API: its method and path, its name, who may call it, and what answers.

use http::Method;

use super::{HfJobs, admission::Caller, origin::ScheduleId};
use crate::{
    calls::{CallContext, Incoming, Reply, RouteInfo, Surface},
    ids::HfJobId,
    path_template::{self, Params, depth},
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

/// A route, with what answers it.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) access: Access,
    depth: usize,
}

impl Route {
    pub(super) const fn get(path: &'static str, name: &'static str, access: Access) -> Self {
        Self::new(Method::GET, path, name, access)
    }

    pub(super) const fn post(path: &'static str, name: &'static str, access: Access) -> Self {
        Self::new(Method::POST, path, name, access)
    }

    pub(super) const fn put(path: &'static str, name: &'static str, access: Access) -> Self {
        Self::new(Method::PUT, path, name, access)
    }

    pub(super) const fn delete(path: &'static str, name: &'static str, access: Access) -> Self {
        Self::new(Method::DELETE, path, name, access)
    }

    const fn new(method: Method, path: &'static str, name: &'static str, access: Access) -> Self {
        Self {
            method,
            path,
            name,
            access,
            depth: depth(path),
        }
    }

    /// The parameters of `path`, if it is this route's. Most paths are told apart by their length alone.
    pub(super) fn matches(&self, path: &str, path_depth: usize) -> Option<Params> {
        if self.depth != path_depth {
            return None;
        }
        path_template::matches(self.path, path)
    }

    pub(super) fn info(&self) -> RouteInfo {
        RouteInfo {
            method: self.method.clone(),
            path: self.path,
            name: self.name,
            surface: Surface::Api,
        }
    }
}

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
