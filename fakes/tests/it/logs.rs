//! Logs: the link, the text, the archive, and their end.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::lab::{Answer, Lab};

const REPO: &str = "/repos/octo/app/actions";

async fn call(lab: &Lab, method: &str, path: &str, body: Value) -> Answer {
    let token = lab.token().await;
    lab.github(method, &format!("{REPO}{path}"), &token, body)
        .await
}

/// What a link leads to: status, kind of content, bytes. No credential is needed.
async fn follow(lab: &Lab, link: &Answer) -> (u16, String, Vec<u8>) {
    assert_eq!(link.status, 302, "{link:?}");
    let path = link
        .header("location")
        .strip_prefix("https://api.github.com")
        .unwrap();
    let request = Request::builder()
        .uri(path)
        .header("user-agent", "lab-test/1")
        .body(Body::empty())
        .unwrap();
    let answer = lab.world.github_router().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let kind = parts.headers["content-type"].to_str().unwrap().to_owned();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status.as_u16(), kind, bytes)
}

#[tokio::test(start_paused = true)]
async fn a_jobs_log_is_there_once_it_has_ended_behind_a_link_good_for_a_minute() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]).0;
    let path = format!("/jobs/{id}/logs");
    assert_eq!(call(&lab, "GET", &path, Value::Null).await.status, 404);
    lab.launch("r", &["a"]).await;
    lab.sleep(50.0).await;
    assert_eq!(call(&lab, "GET", &path, Value::Null).await.status, 404);
    lab.sleep(100.0).await;
    let link = call(&lab, "GET", &path, Value::Null).await;
    lab.sleep(59.0).await;
    let (status, kind, text) = follow(&lab, &link).await;
    assert_eq!((status, kind.as_str()), (200, "text/plain; charset=utf-8"));
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.starts_with("2026-11-03T10:00:40.0000000Z Current runner version"),
        "{text}"
    );
    assert!(
        text.contains("Runner name: 'r'") && !text.contains("##[debug]"),
        "{text}"
    );
    lab.sleep(2.0).await;
    assert_eq!(follow(&lab, &link).await.0, 410);
}

#[tokio::test(start_paused = true)]
async fn a_runs_logs_are_an_archive_with_a_file_per_job() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let run = lab.world.github().run_of(id).unwrap().0;
    lab.launch("r", &["a"]).await;
    lab.sleep(150.0).await;
    for path in [
        format!("/runs/{run}/logs"),
        format!("/runs/{run}/attempts/1/logs"),
    ] {
        let link = call(&lab, "GET", &path, Value::Null).await;
        let (status, kind, bytes) = follow(&lab, &link).await;
        assert_eq!((status, kind.as_str()), (200, "application/zip"));
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut names: Vec<_> = archive
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["0_J1.txt", "J1/1_Set up job.txt"]);
        let text = std::io::read_to_string(archive.by_name("0_J1.txt").unwrap()).unwrap();
        assert!(text.contains("Complete job name: J1"), "{text}");
    }
    let unknown = format!("/runs/{run}/attempts/2/logs");
    assert_eq!(call(&lab, "GET", &unknown, Value::Null).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn deleted_logs_are_gone_and_a_rerun_has_its_own_with_debugging_if_asked_for() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let github = lab.world.github();
    let run = github.run_of(id).unwrap().0;
    let logs = format!("/runs/{run}/logs");
    assert_eq!(call(&lab, "DELETE", &logs, Value::Null).await.status, 403);
    lab.launch("r1", &["a"]).await;
    lab.sleep(150.0).await;
    assert_eq!(call(&lab, "DELETE", &logs, Value::Null).await.status, 204);
    let old = format!("/jobs/{}/logs", id.0);
    for path in [&logs, &old] {
        assert_eq!(call(&lab, "GET", path, Value::Null).await.status, 404);
    }
    let debug = json!({"enable_debug_logging": true});
    let again = call(&lab, "POST", &format!("/runs/{run}/rerun"), debug).await;
    assert_eq!(again.status, 201);
    lab.launch("r2", &["a"]).await;
    lab.sleep(150.0).await;
    let second = github.job_by_name("J1/2").unwrap();
    let link = call(
        &lab,
        "GET",
        &format!("/jobs/{}/logs", second.0),
        Value::Null,
    )
    .await;
    let (_, _, text) = follow(&lab, &link).await;
    assert!(String::from_utf8(text).unwrap().contains("##[debug]"));
    assert_eq!(call(&lab, "GET", &old, Value::Null).await.status, 404);
}
