//! Versions of the REST API, and requests for headers only.

use serde_json::{Value, json};

use crate::lab::{Answer, Lab};

async fn get(lab: &Lab, path: &str, auth: &str, version: Option<&str>) -> Answer {
    let mut headers = vec![("authorization", auth)];
    headers.extend(version.map(|version| ("x-github-api-version", version)));
    lab.github_with(("GET", path), &headers, "").await
}

#[tokio::test(start_paused = true)]
async fn the_older_version_is_the_default_and_an_unknown_one_is_refused() {
    let lab = Lab::new();
    let jwt = lab.jwt();
    for (asked, selected) in [
        (None, "2022-11-28"),
        (Some("2022-11-28"), "2022-11-28"),
        (Some("2026-03-10"), "2026-03-10"),
    ] {
        let answer = get(&lab, "/app", &jwt, asked).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-github-api-version-selected"), selected);
    }
    let refused = get(&lab, "/app", &jwt, Some("v3")).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.message(),
        "The version you specified in the \"X-GitHub-API-Version\" request header, \"v3\", is not a supported version. \
         The following versions are currently supported: \"2026-03-10\" (most recent), \"2022-11-28\"."
    );
}

#[tokio::test(start_paused = true)]
async fn the_newer_version_drops_what_github_lists() {
    let lab = Lab::new();
    let token = lab.token().await;
    let downloads = |body: &Value| body.get("has_downloads").cloned();
    for (version, kept) in [("2022-11-28", Some(json!(true))), ("2026-03-10", None)] {
        let repo = get(&lab, "/repos/octo/app", &token, Some(version)).await;
        assert_eq!(downloads(&repo.body), kept, "{version}");
        let listed = get(&lab, "/installation/repositories", &token, Some(version)).await;
        assert_eq!(
            downloads(&listed.body["repositories"][0]),
            kept,
            "{version}"
        );
        let limits = get(&lab, "/rate_limit", &token, Some(version)).await;
        assert_eq!(
            limits.body.get("rate").is_some(),
            kept.is_some(),
            "{version}"
        );
        assert_eq!(limits.body["resources"]["core"]["limit"], 5000);
    }
}

#[tokio::test(start_paused = true)]
async fn head_is_answered_as_get_without_the_body() {
    let lab = Lab::new();
    let jwt = lab.jwt();
    let headers = [("authorization", jwt.as_str())];
    let head = lab.github_with(("HEAD", "/app"), &headers, "").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert!(head.header("content-type").starts_with("application/json"));
    assert_eq!(head.header("x-ratelimit-used"), "1");
    let none = lab.github_with(("HEAD", "/app/"), &headers, "").await;
    assert_eq!((none.status, none.text.as_str()), (404, ""));
}
