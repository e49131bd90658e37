//! The route that a request asks for.

use super::route::{Access, Route};
use crate::path_template::Params;

/// The route a request was found to ask for, with the parameters of its path.
pub(in crate::github) struct Endpoint {
    pub(in crate::github) route: Option<&'static Route>,
    pub(in crate::github) params: Params,
}

impl Endpoint {
    /// The route, if there is one.
    pub(in crate::github) fn route(&self) -> Option<&'static Route> {
        self.route
    }

    /// Who may call it; an unknown path asks for nothing.
    pub(in crate::github) fn access(&self) -> Option<&'static Access> {
        self.route.map(|route| &route.access)
    }

    /// The parameters of its path.
    pub(in crate::github) fn params(&self) -> &Params {
        &self.params
    }

    /// The name of the repository in the path.
    pub(in crate::github) fn repo(&self) -> Option<String> {
        let (owner, repo) = (self.params.text("owner"), self.params.text("repo"));
        (!repo.is_empty()).then(|| [owner, "/", repo].concat())
    }
}
