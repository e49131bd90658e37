//! HF jobs with runners in them: their start, their log, their stage.

use std::time::Duration;

use axum::body::Body;
use fakes::ids::HfJobId;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{answer::Answer, world::Lab};

impl Lab {
    pub(crate) async fn jit(&self, name: &str, labels: &[&str]) -> Answer {
        let body = json!({"name": name, "runner_group_id": 1, "labels": labels});
        let path = "/repos/octo/app/actions/runners/generate-jitconfig";
        self.github("POST", path, &self.token().await, body).await
    }

    /// A JIT runner in an HF job of its own.
    pub(crate) async fn launch(&self, name: &str, labels: &[&str]) -> HfJobId {
        let jit = self.jit(name, labels).await;
        assert_eq!(jit.status, 201, "{jit:?}");
        let config = jit.body["encoded_jit_config"].as_str().unwrap().to_owned();
        self.create(
            &json!({"ACTIONS_RUNNER_INPUT_JITCONFIG": config}),
            &json!({}),
        )
        .await
    }

    /// A runner that registers with a token.
    pub(crate) async fn launch_registering(&self, name: &str, labels: &str) -> HfJobId {
        let path = "/repos/octo/app/actions/runners/registration-token";
        let made = self
            .github("POST", path, &self.token().await, Value::Null)
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        let environment =
            json!({"RUNNER_NAME": name, "RUNNER_LABELS": labels, "GH_REPO": "octo/app"});
        self.create(&json!({"RUNNER_TOKEN": made.body["token"]}), &environment)
            .await
    }

    /// A registration token of a repository (`repos/octo/app`) or an organisation (`orgs/octo`).
    pub(crate) async fn registration_token(&self, owner: &str) -> String {
        let path = format!("/{owner}/actions/runners/registration-token");
        let made = self
            .github("POST", &path, &self.token().await, Value::Null)
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["token"].as_str().unwrap().to_owned()
    }

    /// What an HF job has written so far, but for the platform's own first line.
    pub(crate) async fn log(&self, job: &HfJobId) -> Vec<String> {
        let request = Request::get(format!("/api/jobs/lab/{}/logs", job.0))
            .header("authorization", "Bearer hf_lab")
            .body(Body::empty())
            .unwrap();
        let mut body = self.hf.clone().oneshot(request).await.unwrap().into_body();
        let mut text = String::new();
        while let Ok(Some(frame)) =
            tokio::time::timeout(Duration::from_millis(1), body.frame()).await
        {
            let bytes = frame.unwrap().into_data().unwrap();
            text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let texts = events.map(|event| {
            let event: Value = serde_json::from_str(event).unwrap();
            event["data"].as_str().unwrap().to_owned()
        });
        texts
            .filter(|line| !line.starts_with("===== Job started"))
            .collect()
    }

    pub(crate) async fn create(&self, secrets: &Value, environment: &Value) -> HfJobId {
        self.start(json!(["./run.sh"]), secrets, environment).await
    }

    /// An HF job with a command of its own.
    pub(crate) async fn start(
        &self,
        command: Value,
        secrets: &Value,
        environment: &Value,
    ) -> HfJobId {
        let body = json!({
            "flavor": "cpu-basic", "dockerImage": "ghcr.io/actions/actions-runner", "command": command,
            "timeoutSeconds": 7200, "secrets": secrets, "environment": environment,
        });
        let made = self.hf("POST", "/api/jobs/lab", body).await;
        assert_eq!(made.status, 200, "{made:?}");
        HfJobId(made.body["id"].as_str().unwrap().to_owned())
    }

    /// The stage of an HF job, as its API shows it.
    pub(crate) async fn stage(&self, job: &HfJobId) -> String {
        let found = self
            .hf("GET", &format!("/api/jobs/lab/{}", job.0), Value::Null)
            .await;
        found.body["status"]["stage"].as_str().unwrap().to_owned()
    }
}
