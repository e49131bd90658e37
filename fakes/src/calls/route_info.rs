//! What a route is to whoever only wants to know which there are.

use http::Method;

/// A method and a path that one of the fakes answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    /// The HTTP method.
    pub method: Method,
    /// The path without any prefix, its parameters named as in the OpenAPI description of the real API.
    pub path: &'static str,
    /// Its name in histories, fault rules and scenarios.
    pub name: &'static str,
}
