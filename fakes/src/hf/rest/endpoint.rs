//! What a request was found to ask for: its route, the parameters of its path, and the job that its body describes.

use std::sync::OnceLock;

use super::route::Route;
use crate::{
    hf::job::{fields::Checked, spec::JobSpec},
    path_template::Params,
};

/// The route a request was found to ask for, with the parameters of its path.
pub(in crate::hf) struct Endpoint {
    route: Option<&'static Route>,
    params: Params,
    /// The job that the body describes, once somebody asked: the layer around the call does, and so does its handler.
    spec: OnceLock<Checked<JobSpec>>,
}

impl Endpoint {
    /// What was found of a request.
    pub(in crate::hf) fn new(route: Option<&'static Route>, params: Params) -> Self {
        Self {
            route,
            params,
            spec: OnceLock::new(),
        }
    }

    /// Its route, if there is one.
    pub(in crate::hf) fn route(&self) -> Option<&'static Route> {
        self.route
    }

    /// The job that the body of this endpoint's call describes.
    pub(in crate::hf) fn spec(&self, body: &[u8]) -> &Checked<JobSpec> {
        self.spec.get_or_init(|| JobSpec::parse(body))
    }

    /// The name of its route.
    pub(in crate::hf) fn name(&self) -> &'static str {
        self.route.map_or("hf.unknown", |route| route.name)
    }

    /// The parameters of its path.
    pub(in crate::hf) fn params(&self) -> &Params {
        &self.params
    }
}
