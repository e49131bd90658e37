//! What every route refuses: no credential, a wrong one, too little permission, and what does not exist.

use fakes::RouteInfo;
use http::Method;
use serde_json::{Value, json};

use super::session::{Session, described_routes as routes};

/// Routes that anybody may ask.
const PUBLIC: [&str; 10] = [
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/releases/latest",
    "/orgs/{org}",
    "/rate_limit",
    "/settings/apps/new",
    "/organizations/{org}/settings/apps/new",
    "/settings/apps",
    "/organizations/{org}/settings/apps",
    "/app-manifests/{code}/conversions",
    "/_logs/{token}",
];

/// What each parameter of a template stands for: something that exists where the lab has one, and
/// an id that nothing has.
const FILLINGS: [(&str, &str); 20] = [
    ("owner", "octo"),
    ("repo", "app"),
    ("org", "octo"),
    ("username", "octo"),
    ("installation_id", "999999999"),
    ("runner_id", "999999999"),
    ("run_id", "999999999"),
    ("job_id", "999999999"),
    ("delivery_id", "999999999"),
    ("runner_group_id", "999999999"),
    ("attempt_number", "999999999"),
    ("hook_id", "999999999"),
    ("check_run_id", "999999999"),
    ("check_suite_id", "999999999"),
    ("repository_id", "999999999"),
    ("workflow_id", "999999999"),
    ("name", "nothing"),
    ("ref", "nothing"),
    ("code", "nothing"),
    ("token", "nothing"),
];

pub(crate) async fn ask(session: &Session) {
    // So many refusals would use up every limit.
    let session = session.beside(|settings| settings.github.limits.enforced = false);
    let wrong = [
        None,
        Some("Basic b2N0bzpjYXQ=".to_owned()),
        Some(format!("token ghs_{}", "0".repeat(36))),
        Some("Bearer one.two.three".to_owned()),
    ];
    for route in routes().filter(|route| !PUBLIC.contains(&route.path)) {
        // One of the routes revokes the token it is asked with, so each has tokens of its own.
        let token = session.lab.token().await;
        let narrow = narrow_token(&session).await;
        let path = filled(&route, &[]);
        for authorization in &wrong {
            let status = refused(&session, &route, &path, authorization.clone()).await;
            let context = format!("{authorization:?}");
            assert_eq!(
                status, 401,
                "{} {path} as nobody in particular: {context}",
                route.method
            );
        }
        let mut right = Vec::new();
        for authorization in [session.lab.jwt(), token.clone(), narrow.clone()] {
            right.push(refused(&session, &route, &path, Some(authorization)).await);
        }
        let refusals = right.iter().filter(|status| **status >= 400).count();
        assert!(
            refusals > 0,
            "{} {path} takes every credential",
            route.method
        );
        nothing_there(&session, &route, &[session.lab.jwt(), token.clone()]).await;
    }
}

/// A token that may read metadata and no more.
async fn narrow_token(session: &Session) -> String {
    let installation = session.lab.installation("octo/app").await;
    let path = format!("/app/installations/{installation}/access_tokens");
    let body = json!({"permissions": {"metadata": "read"}});
    let made = session.app().post(201, &path, body).await;
    format!("token {}", made.body["token"].as_str().unwrap())
}

async fn refused(
    session: &Session,
    route: &RouteInfo,
    path: &str,
    authorization: Option<String>,
) -> u16 {
    let caller = session.caller(authorization);
    caller
        .ask_openly(route.method.as_str(), path, &body_for(route))
        .await
        .status
}

/// In a repository or an organisation nobody knows there is nothing, for the one who may ask; for others there
/// is less.
async fn nothing_there(session: &Session, route: &RouteInfo, credentials: &[String]) {
    let mut homes = ["repo", "org"].into_iter();
    let named = |home: &&str| {
        route
            .path
            .split('/')
            .any(|part| part == format!("{{{home}}}"))
    };
    let Some(home) = homes.find(named) else {
        return;
    };
    let path = filled(route, &[(home, "nothing")]);
    let mut statuses = Vec::new();
    for authorization in credentials {
        statuses.push(refused(session, route, &path, Some(authorization.clone())).await);
    }
    let right = statuses.contains(&404) && statuses.iter().all(|status| *status >= 400);
    assert!(right, "{} {path}: {statuses:?}", route.method);
}

/// A body nobody can mistake for a wish: none where none is needed.
fn body_for(route: &RouteInfo) -> Value {
    if route.method == Method::GET || route.method == Method::DELETE {
        Value::Null
    } else {
        json!({})
    }
}

fn filled(route: &RouteInfo, instead: &[(&str, &str)]) -> String {
    let fill = |segment: &str| {
        let Some(name) = segment
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        else {
            return segment.to_owned();
        };
        let all = instead.iter().chain(&FILLINGS);
        let value = all.into_iter().find(|(known, _)| *known == name);
        let (_, value) = value.unwrap_or_else(|| panic!("FILLINGS has no value for {segment}"));
        (*value).to_owned()
    };
    let segments: Vec<String> = route.path.split('/').map(fill).collect();
    segments.join("/")
}
