//! The routes the fake answers.

use http::Method;

/// A route of the fake.
#[derive(Clone, Debug)]
pub(crate) struct RouteInfo {
    pub(crate) method: Method,
    /// As GitHub's description writes it.
    pub(crate) path: &'static str,
}

/// All of them.
pub(crate) fn routes() -> impl Iterator<Item = RouteInfo> {
    [
        (Method::GET, "/app"),
        (Method::GET, "/app/installations"),
        (Method::GET, "/repos/{owner}/{repo}/installation"),
        (
            Method::POST,
            "/app/installations/{installation_id}/access_tokens",
        ),
        (Method::GET, "/installation/repositories"),
        (
            Method::POST,
            "/repos/{owner}/{repo}/actions/runners/registration-token",
        ),
        (
            Method::POST,
            "/repos/{owner}/{repo}/actions/runners/generate-jitconfig",
        ),
        (Method::GET, "/repos/{owner}/{repo}/actions/runners"),
        (
            Method::GET,
            "/repos/{owner}/{repo}/actions/runners/{runner_id}",
        ),
        (
            Method::DELETE,
            "/repos/{owner}/{repo}/actions/runners/{runner_id}",
        ),
        (Method::GET, "/repos/{owner}/{repo}/actions/runs"),
        (
            Method::GET,
            "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
        ),
        (Method::GET, "/repos/{owner}/{repo}/actions/jobs/{job_id}"),
        (
            Method::POST,
            "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel",
        ),
        (Method::GET, "/app/hook/deliveries"),
        (Method::GET, "/app/hook/deliveries/{delivery_id}"),
        (Method::POST, "/app/hook/deliveries/{delivery_id}/attempts"),
    ]
    .map(|(method, path)| RouteInfo { method, path })
    .into_iter()
}
