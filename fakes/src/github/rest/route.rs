//! One route of the API: its method and path, its name, who may call it, and what answers.

use std::sync::Arc;

use super::versions::ApiVersion;
use crate::{
    calls::{self, CallContext, Incoming, Surface},
    github::{
        handle::Github,
        objects::refusal::Answer,
        state::{
            accounts::{organization::Organization, owner::Owner, repository::Repository},
            apps::caller::Caller,
        },
    },
    path_template::Params,
};

/// A route of the fake GitHub.
pub(in crate::github) type Route = calls::Route<Access>;

/// How much of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) enum Level {
    Read,
    Write,
}

/// A permission of an App.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) struct Permission {
    pub(in crate::github) name: &'static str,
    pub(in crate::github) level: Level,
}

impl Permission {
    pub(in crate::github) const fn read(name: &'static str) -> Self {
        let level = Level::Read;
        Self { name, level }
    }

    pub(in crate::github) const fn write(name: &'static str) -> Self {
        let level = Level::Write;
        Self { name, level }
    }
}

/// Who may call a route, and what answers those who may.
pub(in crate::github) enum Access {
    /// A runner or the script that installs it. The handler judges what it shows.
    Runner(fn(&Github, &Ask<'_>) -> Answer),
    /// Everybody, with or without a credential; a wrong one is refused.
    Public(fn(&Github, &Ask<'_>) -> Answer),
    /// The App, by its JWT.
    App(fn(&Github, &Ask<'_>) -> Answer),
    /// Any installation token, which the handler is given.
    Installation(fn(&Github, &str, &Ask<'_>) -> Answer),
    /// An installation token that covers the path's `{owner}/{repo}` and has this permission.
    Repository(
        Permission,
        fn(&Github, &Arc<Repository>, &Ask<'_>) -> Answer,
    ),
    /// An installation token of the path's `{org}` that has this permission.
    Organization(
        Permission,
        fn(&Github, &Arc<Organization>, &Ask<'_>) -> Answer,
    ),
    /// The same for what repositories and organisations both have: whichever the path names.
    Owner(Permission, fn(&Github, &Owner, &Ask<'_>) -> Answer),
}

/// A request that was let in, as its handler sees it.
pub(in crate::github) struct Ask<'a> {
    pub(in crate::github) request: &'a Incoming,
    pub(in crate::github) call: CallContext,
    pub(in crate::github) caller: &'a Caller,
    pub(in crate::github) version: ApiVersion,
    pub(in crate::github) params: &'a Params,
}

impl Ask<'_> {
    /// A number of the path. The route only matched because it is one.
    pub(in crate::github) fn number(&self, name: &str) -> u64 {
        self.params.number(name).unwrap_or_default()
    }

    /// A text of the path, decoded.
    pub(in crate::github) fn text(&self, name: &str) -> &str {
        self.params.text(name)
    }
}

impl Route {
    /// Who speaks through it.
    pub(in crate::github) fn surface(&self) -> Surface {
        let begins = |with: &str| self.path.starts_with(with);
        if ["/settings/", "/organizations/", "/_logs/"]
            .into_iter()
            .any(begins)
        {
            Surface::Web
        } else if begins("/actions/") || begins("/_runner/") {
            Surface::Runner
        } else {
            Surface::Api
        }
    }
}
