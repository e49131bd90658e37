//! The fake GitHub held against GitHub's own descriptions: every answer of every route, every webhook.
//!
//! The descriptions are npm's `@octokit/openapi` and `@octokit/openapi-webhooks`; `npm ci --prefix
//! tests/node` installs them. A session ([`session`]) drives worlds on the paused clock through every route.
//! Each answer goes through one function, [`session::Caller::ask`], which finds the route's template and
//! checks
//! - the status: described, or an error;
//! - the body against the schema of that status: types, nulls, enums, formats, required keys, and (unlike
//!   GitHub's open schemas) no key that is not described, for the fake has no reason to invent one;
//! - of an error: `message`, `documentation_url` and `status`; where GitHub describes no such error, the
//!   schema `basic-error`, for GitHub lists 401, 403 and 404 only for some calls;
//! - the headers of every answer, and `Link` ([`headers`]);
//! - of a request that succeeded: its own body and query parameters, so that the fake cannot take what
//!   GitHub would not.
//!
//! # Adding a route
//! 1. Put it into the fake's table with GitHub's own template. From then on [`coverage`] fails until the
//!    session gets a success from it, and until each error GitHub describes for it was given, or is excused
//!    in [`exceptions`] with a reason. An excuse that is no longer needed fails as well.
//! 2. Ask for it in the file of its subject ([`apps`], [`deliveries`], [`hooks`], [`runners`], [`runs`]): once for each shape
//!    its answer can take. [`refusals`] already asks every route without a credential, with wrong ones, without
//!    permission, and for what does not exist; a new kind of `{parameter}` needs a value there.
//! 3. A route that GitHub does not describe goes into [`exceptions::UNDESCRIBED`] with the reason.
//!
//!    What only actions/runner says has no description at all and is left out by what the route itself says:
//!    `RouteInfo::surface`.
//!
//! 4. Where GitHub's description contradicts itself, [`exceptions`] says which place is right; a
//!    correction fails once GitHub has mended the place.
//!
//! A new webhook event goes into the list of [`webhooks`] that says which hooks hear of it.

mod apps;
mod changes;
mod coverage;
mod deliveries;
mod description;
mod exceptions;
mod headers;
mod hooks;
mod installations;
mod meta;
mod organisations;
mod refusals;
mod runners;
mod runs;
mod schema;
mod session;
mod violation;
mod webhooks;

use crate::lab;

/// Drives worlds through everything.
async fn whole_session() -> session::Session {
    let session = session::Session::new();
    apps::ask(&session).await;
    runners::ask(&session).await;
    runs::ask(&session).await;
    deliveries::ask(&session).await;
    organisations::ask(&session).await;
    hooks::ask(&session).await;
    installations::ask(&session).await;
    changes::ask(&session).await;
    refusals::ask(&session).await;
    session
}
