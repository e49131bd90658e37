//! Every call to the Hub.

use std::sync::Arc;

use dispatcher::{
    Clock, HttpService,
    core::{CredentialKind, HfJobId, HfJobOrder, Lane, LaunchId, RepoId, Secret},
    hf::HfClient,
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path_regex};

use super::{Told, answer, config, sockets, told};

pub(super) fn client(server: &str, service: HttpService) -> (HfClient, Clock) {
    let config = Arc::new(config(server));
    let clock = Clock::system();
    (
        HfClient::new(
            Arc::clone(&config),
            Arc::new(config.labels()),
            clock,
            service,
        ),
        clock,
    )
}

fn order() -> HfJobOrder {
    HfJobOrder {
        launch: LaunchId("abc123".to_owned()),
        lane: Lane {
            repo: RepoId(1),
            label: "hf-jobs-cpu-basic".to_owned(),
        },
        repo_name: "octo/app".to_owned(),
        runner: "hfjobs-1-2".to_owned(),
        kind: CredentialKind::Jit,
        secret: Secret::new("blob".to_owned()),
    }
}

const HF_JOB: &str = r#"{"id":"h1","labels":{"launch":"abc123","managed-by":"jobs-dispatcher"},"status":{"stage":"RUNNING","message":null}}"#;
pub(super) const HF_CALLS: [&str; 5] = ["create", "list", "tagged", "inspect", "cancel"];

pub(super) async fn call_hf(name: &str, client: &HfClient, clock: Clock) -> Told {
    let job = HfJobId("h1".to_owned());
    match name {
        "create" => told(client.create(&order()).await, clock),
        "list" => told(client.list_live().await, clock),
        "tagged" => told(
            client.list_tagged(&LaunchId("abc123".to_owned())).await,
            clock,
        ),
        "inspect" => told(client.inspect(&job).await, clock),
        "cancel" => told(client.cancel(&job).await, clock),
        other => panic!("no call {other}"),
    }
}

async fn hf_server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path_regex("^/api/jobs/alice"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn hf_answers_are_sorted_the_same_for_every_call() {
    let said = |status| answer(status, r#"{"error":"told"}"#);
    for (what, template, expected) in [
        ("400", said(400), Told::Refused(400)),
        ("401", said(401), Told::Refused(401)),
        ("402", said(402), Told::Refused(402)),
        ("403", said(403), Told::Refused(403)),
        ("404", said(404), Told::Refused(404)),
        ("409", said(409), Told::Refused(409)),
        (
            "429 window",
            said(429).insert_header("RateLimit", r#""api";r=0;t=3"#),
            Told::Limited(4),
        ),
        (
            "429 retry-after",
            said(429).insert_header("retry-after", "20"),
            Told::Limited(20),
        ),
        ("429 bare", said(429), Told::Limited(60)),
        ("500", said(500), Told::ServerError(500)),
        ("503", answer(503, ""), Told::ServerError(503)),
    ] {
        for name in HF_CALLS {
            let server = hf_server(template.clone()).await;
            let (hub, clock) = client(&server.uri(), sockets());
            assert_eq!(call_hf(name, &hub, clock).await, expected, "{name}: {what}");
        }
    }
}

#[tokio::test]
async fn hf_good_and_unreadable_answers_are_told_apart() {
    for name in HF_CALLS {
        let good = if ["list", "tagged"].contains(&name) {
            format!("[{HF_JOB}]")
        } else {
            HF_JOB.to_owned()
        };
        let server = hf_server(answer(200, &good)).await;
        let (hub, clock) = client(&server.uri(), sockets());
        assert_eq!(call_hf(name, &hub, clock).await, Told::Done, "{name}");
        for body in ["", "null", "<html>", r#""text""#] {
            let server = hf_server(answer(200, body)).await;
            let (hub, clock) = client(&server.uri(), sockets());
            let expected = if name == "cancel" {
                Told::Done
            } else {
                Told::Unreadable
            };
            assert_eq!(call_hf(name, &hub, clock).await, expected, "{name}: {body}");
        }
    }
}

#[tokio::test]
async fn hf_jobs_are_ordered_with_a_time_limit_a_tag_and_a_hidden_credential() {
    let server = hf_server(answer(200, HF_JOB)).await;
    let (hub, _) = client(&server.uri(), sockets());
    hub.create(&order()).await.unwrap();
    let request = server.received_requests().await.unwrap().remove(0);
    let spec: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    // An hour for the job, after a boot and a wait of five minutes each.
    assert_eq!(spec["timeoutSeconds"], 4800);
    assert_eq!(spec["attempts"], 1);
    assert_eq!(spec["labels"]["launch"], "abc123");
    assert_eq!(spec["labels"]["gh-repo"], "octo_app");
    assert_eq!(spec["secrets"]["ACTIONS_RUNNER_INPUT_JITCONFIG"], "blob");
    assert!(!spec["environment"].to_string().contains("blob"));
    assert_eq!(request.headers["authorization"], "Bearer hf_x");
}
