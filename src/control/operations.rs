//! Every operation there is. An operation that is not in this table does not exist.

use super::{
    app, costs, deliveries, faults, history, jobs, openapi, operation::Operation, overview, repos,
    runner_life, runners, webhook,
};

/// One table for each subject.
const TABLES: &[&[Operation]] = &[
    overview::OPERATIONS,
    openapi::OPERATIONS,
    jobs::OPERATIONS,
    runners::OPERATIONS,
    runner_life::OPERATIONS,
    faults::OPERATIONS,
    deliveries::OPERATIONS,
    webhook::OPERATIONS,
    repos::OPERATIONS,
    app::OPERATIONS,
    history::OPERATIONS,
    costs::OPERATIONS,
];

/// All operations.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    TABLES.iter().copied().flatten()
}

/// A method and a path of the control API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The whole path, parameters in braces.
    pub path: &'static str,
}

/// What the router answers.
pub fn routes() -> impl Iterator<Item = Route> {
    operations().map(|operation| Route {
        method: operation.method.as_str(),
        path: operation.path,
    })
}
