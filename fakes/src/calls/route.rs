//! A route of an API: its method and path, its name, and what each side says of who may call it.

use http::Method;

use crate::path_template::{self, Params, depth};

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

/// A route, with who may call it and what answers: that differs from side to side.
pub(crate) struct Route<A> {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) access: A,
    depth: usize,
}

impl<A> Route<A> {
    pub(crate) const fn get(path: &'static str, name: &'static str, access: A) -> Self {
        Self::new(Method::GET, path, name, access)
    }

    pub(crate) const fn post(path: &'static str, name: &'static str, access: A) -> Self {
        Self::new(Method::POST, path, name, access)
    }

    pub(crate) const fn put(path: &'static str, name: &'static str, access: A) -> Self {
        Self::new(Method::PUT, path, name, access)
    }

    pub(crate) const fn patch(path: &'static str, name: &'static str, access: A) -> Self {
        Self::new(Method::PATCH, path, name, access)
    }

    pub(crate) const fn delete(path: &'static str, name: &'static str, access: A) -> Self {
        Self::new(Method::DELETE, path, name, access)
    }

    const fn new(method: Method, path: &'static str, name: &'static str, access: A) -> Self {
        Self {
            method,
            path,
            name,
            access,
            depth: depth(path),
        }
    }

    pub(crate) fn info(&self, surface: Surface) -> RouteInfo {
        RouteInfo {
            method: self.method.clone(),
            path: self.path,
            name: self.name,
            surface,
        }
    }
}

/// Routes in the order in which they answer, by the length of their paths: most are told apart by that alone.
pub(crate) struct Table<A: 'static> {
    by_depth: Vec<Vec<&'static Route<A>>>,
}

impl<A> Table<A> {
    /// The table of these routes.
    pub(crate) fn of(routes: impl Iterator<Item = &'static Route<A>>) -> Self {
        let mut by_depth: Vec<Vec<&Route<A>>> = Vec::new();
        for route in routes {
            if by_depth.len() <= route.depth {
                by_depth.resize_with(route.depth + 1, Vec::new);
            }
            by_depth[route.depth].push(route);
        }
        Self { by_depth }
    }

    /// The first route that answers a request, with the parameters of its path. What answers `GET` answers `HEAD` too.
    pub(crate) fn find(&self, method: &Method, path: &str) -> (Option<&'static Route<A>>, Params) {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let routes = self.by_depth.get(depth(path));
        let found = routes.into_iter().flatten().find_map(|route| {
            if route.method != *method {
                return None;
            }
            Some((*route, path_template::matches(route.path, path)?))
        });
        found.map_or_else(
            || (None, Params::default()),
            |(route, params)| (Some(route), params),
        )
    }
}
