//! What a call counts for.

use http::Method;

use super::account::Resource;
use crate::{
    calls::{RouteInfo, Surface},
    settings::LimitSettings,
};

const READ_POINTS: u32 = 1;
const WRITE_POINTS: u32 = 5;

/// What one call counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) struct Price {
    /// Whether it is a call of the API at all, and not a page of the web site or a word of a runner.
    pub(in crate::github) is_of_the_api: bool,
    /// The primary limit it is counted in; asking for the limits is free.
    pub(in crate::github) resource: Option<Resource>,
    pub(in crate::github) points: u32,
    /// The endpoint the points are counted for.
    pub(in crate::github) endpoint: &'static str,
    pub(in crate::github) creates_content: bool,
    /// Whether its success is a runner registration.
    pub(in crate::github) registers: bool,
}

impl Price {
    /// The price of a call to this route; none is a path nobody knows.
    pub(in crate::github) fn of(
        route: Option<&RouteInfo>,
        method: &Method,
        limits: &LimitSettings,
    ) -> Self {
        let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let unknown = Self {
            is_of_the_api: true,
            resource: Some(Resource::Core),
            points: if reads { READ_POINTS } else { WRITE_POINTS },
            endpoint: "github.unknown",
            creates_content: false,
            registers: false,
        };
        let Some(route) = route else { return unknown };
        let posts_to = |end: &str| route.method == Method::POST && route.path.ends_with(end);
        let primary = &limits.primary;
        let registers = posts_to("/actions/runners/generate-jitconfig");
        let in_registration = primary.jit_config_is_registration && registers
            || primary.registration_token_is_registration
                && posts_to("/actions/runners/registration-token");
        let resource = if route.path == "/rate_limit" {
            None
        } else if in_registration {
            Some(Resource::RunnerRegistration)
        } else if route.path.starts_with("/app-manifests/") {
            Some(Resource::Manifest)
        } else {
            Some(Resource::Core)
        };
        let content = &limits.secondary.content_paths;
        Self {
            is_of_the_api: route.surface == Surface::Api,
            resource,
            endpoint: route.name,
            creates_content: route.method == Method::POST
                && content.iter().any(|path| path == route.path),
            registers,
            ..unknown
        }
    }
}
