//! The endpoints of webhooks: who may call them, what they refuse, what they change.

use serde_json::{Value, json};

use crate::lab::{Answer, Lab, Target, sha256_signature};

const HOOKS: &str = "/repos/octo/app/hooks";

/// A world whose App may manage hooks.
fn lab() -> Lab {
    Lab::with(grant_hooks)
}

fn grant_hooks(settings: &mut fakes::Settings) {
    let granted = &mut settings.github.app.permissions;
    for name in ["repository_hooks", "organization_hooks"] {
        granted.insert(name.to_owned(), "write".to_owned());
    }
}

async fn call(lab: &Lab, method: &str, path: &str, body: Value) -> Answer {
    lab.github(method, path, &lab.token().await, body).await
}

fn wanted(url: &str, events: &[&str]) -> Value {
    json!({"name": "web", "events": events, "config": {"url": url, "content_type": "json", "secret": "s3"}})
}

#[tokio::test(start_paused = true)]
async fn hooks_are_made_shown_changed_and_deleted() {
    let lab = lab();
    for base in ["/repos/octo/app/hooks", "/orgs/octo/hooks"] {
        let url = "https://hooks.example/x";
        let made = call(&lab, "POST", base, wanted(url, &["workflow_job"])).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(made.body["config"]["secret"], "********");
        assert_eq!(made.body["config"]["insecure_ssl"], "0");
        let path = format!("{base}/{}", made.body["id"]);
        let changes = json!({"add_events": ["push"], "active": false});
        let changed = call(&lab, "PATCH", &path, changes).await;
        assert_eq!(changed.body["events"], json!(["push", "workflow_job"]));
        assert_eq!(changed.body["active"], false);
        let shown = call(&lab, "GET", &path, Value::Null).await;
        assert_eq!(shown.body, changed.body);
        let all = call(&lab, "GET", base, Value::Null).await;
        assert_eq!(all.body, json!([shown.body]));
        let config = json!({"insecure_ssl": 1, "url": "https://hooks.example/y"});
        let config = call(&lab, "PATCH", &format!("{path}/config"), config).await;
        assert_eq!(config.body["url"], "https://hooks.example/y");
        assert_eq!(config.body["insecure_ssl"], "1");
        assert_eq!(config.body["secret"], "********", "what is not named stays");
        let bare = json!({"config": {"url": "https://hooks.example/y"}});
        let bare = call(&lab, "PATCH", &path, bare).await;
        assert!(
            bare.body["config"].get("secret").is_none(),
            "a whole config without a secret takes it away"
        );
        assert_eq!(call(&lab, "DELETE", &path, Value::Null).await.status, 204);
        assert_eq!(call(&lab, "GET", &path, Value::Null).await.status, 404);
    }
    assert!(lab.received_of("workflow_job").is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_the_permission_hooks_are_out_of_reach() {
    let lab = Lab::new();
    let refused = call(&lab, "GET", HOOKS, Value::Null).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.header("x-accepted-github-permissions"),
        "repository_hooks=read"
    );
    let refused = call(&lab, "POST", "/orgs/octo/hooks", Value::Null).await;
    assert_eq!(
        refused.header("x-accepted-github-permissions"),
        "organization_hooks=write"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hook_needs_a_url_an_encoding_and_room() {
    let lab = lab();
    for wrong in [
        Value::Null,
        json!({"config": {"url": ""}}),
        json!({"config": {"url": "/webhook"}}),
        json!({"config": {"url": "https://x.example", "content_type": "xml"}}),
        json!({"config": {"url": "https://x.example", "insecure_ssl": "maybe"}}),
        json!({"name": "email", "config": {"url": "https://x.example"}}),
    ] {
        let refused = call(&lab, "POST", HOOKS, wrong.clone()).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert_eq!(refused.message(), "Validation Failed");
    }
    for number in 0..20 {
        let url = format!("https://hooks.example/{number}");
        let made = call(&lab, "POST", HOOKS, wanted(&url, &["workflow_job"])).await;
        assert_eq!(made.status, 201);
    }
    let again = wanted("https://hooks.example/0", &["workflow_job"]);
    let again = call(&lab, "POST", HOOKS, again).await;
    let why = &again.body["errors"][0]["message"];
    assert_eq!(why, "Hook already exists on this repository");
    let more = wanted("https://hooks.example/20", &["workflow_job"]);
    let more = call(&lab, "POST", HOOKS, more).await;
    assert_eq!(more.status, 422);
    assert_eq!(
        more.body["errors"][0]["message"],
        "The \"workflow_job\" event cannot have more than 20 hooks"
    );
    let other = wanted("https://hooks.example/20", &["push"]);
    assert_eq!(call(&lab, "POST", HOOKS, other).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn each_hook_has_a_log_of_its_own_to_read_and_to_repeat_from() {
    let lab = lab();
    let url = "https://hooks.example/x";
    let made = call(&lab, "POST", HOOKS, wanted(url, &["workflow_job"])).await;
    lab.sleep(1.0).await;
    lab.target(&[Target::Answer(200), Target::Answer(500)]);
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let hook = format!("{HOOKS}/{}", made.body["id"]);
    let log = call(&lab, "GET", &format!("{hook}/deliveries"), Value::Null).await;
    let events: Vec<&str> = log
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["workflow_job", "ping"]);
    assert_eq!(log.body[0]["installation_id"], Value::Null);
    let shown = call(&lab, "GET", &hook, Value::Null).await;
    assert_eq!(
        shown.body["last_response"],
        json!({"code": 500, "status": "misconfigured", "message": "Invalid HTTP Response: 500"})
    );
    let delivery = format!("{hook}/deliveries/{}", log.body[0]["id"]);
    let full = call(&lab, "GET", &delivery, Value::Null).await;
    assert_eq!(full.body["url"], url);
    assert_eq!(full.body["request"]["payload"]["action"], "queued");
    let the_apps = format!("/app/hook/deliveries/{}", log.body[0]["id"]);
    let foreign = lab.github("GET", &the_apps, &lab.jwt(), Value::Null).await;
    assert_eq!(foreign.status, 404, "it is not the App's");
    let attempts = format!("{delivery}/attempts");
    assert_eq!(call(&lab, "POST", &attempts, Value::Null).await.status, 202);
    lab.sleep(1.0).await;
    let last = lab.received().pop().unwrap();
    assert_eq!(last.path, "/x");
    assert_eq!(
        last.header("x-github-delivery"),
        log.body[0]["guid"].as_str().unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn the_apps_configuration_hides_its_secret_and_takes_a_new_one() {
    let lab = Lab::new();
    let path = "/app/hook/config";
    let config = lab.github("GET", path, &lab.jwt(), Value::Null).await;
    assert_eq!(
        config.body,
        json!({"content_type": "json", "insecure_ssl": "0", "secret": "********",
               "url": "https://dispatcher.example/webhook"})
    );
    let change = json!({"secret": "new", "url": "https://other.example/hooks/github"});
    let changed = lab.github("PATCH", path, &lab.jwt(), change).await;
    assert_eq!(changed.body["secret"], "********");
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let received = &lab.received()[0];
    assert_eq!(received.path, "/hooks/github");
    let signature = sha256_signature("new", &received.raw);
    assert_eq!(received.header("x-hub-signature-256"), signature);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_hook_gets_nothing_that_had_not_left_yet() {
    let lab = Lab::with(|settings| {
        settings.github.webhook_delay = fakes::Length::fixed(std::time::Duration::from_secs(5));
        grant_hooks(settings);
    });
    let made = call(&lab, "POST", HOOKS, wanted("https://h.example/x", &["*"])).await;
    let path = format!("{HOOKS}/{}", made.body["id"]);
    assert_eq!(call(&lab, "DELETE", &path, Value::Null).await.status, 204);
    lab.sleep(10.0).await;
    assert!(lab.received().is_empty());
    assert_eq!(lab.world.pending(), 0);
}
