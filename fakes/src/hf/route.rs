//! One route of the Hub's API: its method and path, its name, who may call it, and what answers.

use http::Method;

use super::HfJobs;
use crate::{
    calls::{CallContext, Incoming, Reply, RouteInfo, Surface},
    ids::HfJobId,
    path_template::{self, Params, depth},
};

/// A permission of a token, in the words of HF's refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    /// To look at the jobs of a namespace.
    JobRead,
    /// To start, stop and change them.
    JobWrite,
}

impl Permission {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::JobRead => "job.read",
            Self::JobWrite => "job.write",
        }
    }
}

type Handler = fn(&HfJobs, &Ask<'_>) -> Reply;

/// Who may call a route, and what answers those who may.
pub(super) enum Access {
    /// Everybody, with or without a token.
    Public(Handler),
    /// Whoever has a token.
    User(Handler),
    /// A token with this permission in the path's `{namespace}`.
    Namespace(Permission, Handler),
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
}

impl Ask<'_> {
    pub(super) fn namespace(&self) -> &str {
        self.params.text("namespace")
    }

    pub(super) fn job_id(&self) -> HfJobId {
        HfJobId(self.params.text("jobId").to_owned())
    }
}
