//! What a route is to whoever only wants to know which there are.

use http::Method;

/// Who speaks through a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// A client of the documented API.
    Api,
    /// A person's browser: pages of the web site, and files that a link of the API leads to.
    Web,
    /// actions/runner, or the script that installs it. None of it is documented; the session, its messages and
    /// their paths are the lab's own.
    Runner,
}

/// A method and a path that one of the fakes answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    /// The HTTP method.
    pub method: Method,
    /// The path without any prefix, its parameters named as in the OpenAPI description of the real API.
    pub path: &'static str,
    /// Its name in histories, fault rules and scenarios.
    pub name: &'static str,
    /// Who speaks through it. Only what is [`Surface::Api`] can be held against a description.
    pub surface: Surface,
}
