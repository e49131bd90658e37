//! Webhooks of repositories, of organisations and of the App, and the deliveries of each.

use fakes::{ContentType, NewJob, ids::EventId};
use serde_json::{Value, json};

use super::{
    lab::job,
    session::{Caller, Session},
};

pub(crate) async fn ask(session: &Session) {
    let session = session.beside(|_| {});
    let app = session.app();
    app.get(200, "/app/hook/config").await;
    let config = json!({"content_type": "json", "url": "https://hooks.example/app"});
    app.ask(200, "PATCH", "/app/hook/config", &config).await;
    let installation = session.installation().await;
    for base in ["/repos/octo/app/hooks", "/orgs/octo/hooks"] {
        hook_of(&session, &installation, base).await;
    }
    for encoding in [ContentType::Json, ContentType::Form] {
        all_events(&session, encoding).await;
    }
}

/// Hooks of every kind hear of everything in this encoding, while everything happens.
async fn all_events(session: &Session, encoding: ContentType) {
    let session = session.beside(|settings| {
        settings.github.hooks.app_content_type = encoding;
        let events = ["repository", "workflow_job", "workflow_run"];
        settings.github.app.events = events.map(str::to_owned).into();
    });
    let installation = session.installation().await;
    for base in ["/repos/octo/app/hooks", "/orgs/octo/hooks"] {
        let config =
            json!({"url": "https://hooks.example/all", "content_type": encoding, "secret": "s3"});
        let wanted = json!({"name": "web", "events": ["*"], "config": config});
        let made = installation.post(201, base, wanted).await;
        if base.starts_with("/repos") {
            let test = format!("{base}/{}/tests", made.body["id"]);
            installation.post(204, &test, Value::Null).await;
        }
    }
    let lab = &session.lab;
    let github = lab.world.github();
    let gated = NewJob {
        needs_approval: true,
        ..job("gated", &["gated"])
    };
    github.queue(gated, None).unwrap();
    lab.queue("heard of", &["heard"]);
    lab.launch("heard of", &["heard"]).await;
    lab.sleep(180.0).await;
    let id = lab.installation("octo/app").await;
    github.announce_repositories(id, &["octo/app"], &[], EventId(1));
    github.announce_repositories(id, &[], &["octo/app"], EventId(1));
    github.rename_repo("octo/app", "octo/renamed", None);
    github.suspend("octo", None);
    github.unsuspend("octo", None);
    github.uninstall("octo", None);
    github.install("octo", None);
    lab.sleep(5.0).await;
}

/// A hook is made, tried, listened to, changed and deleted.
async fn hook_of(session: &Session, installation: &Caller, base: &str) {
    let config = json!({"url": "https://hooks.example/x", "content_type": "json", "secret": "s3"});
    let wanted = json!({"name": "web", "events": ["workflow_job", "push"], "config": config});
    let made = installation.post(201, base, wanted).await;
    installation.post(422, base, json!({"config": {}})).await;
    installation.get(200, base).await;
    let hook = format!("{base}/{}", made.body["id"]);
    installation.get(200, &hook).await;
    let ping = format!("{hook}/pings");
    installation.post(204, &ping, Value::Null).await;
    if base.starts_with("/repos") {
        let test = format!("{hook}/tests");
        installation.post(204, &test, Value::Null).await;
    }
    session.lab.queue(&format!("job for {base}"), &["a"]);
    session.lab.sleep(2.0).await;
    let log = format!("{hook}/deliveries");
    let listed = installation.get(200, &log).await;
    installation.get(400, &format!("{log}?cursor=x")).await;
    installation.get(422, &format!("{log}?status=x")).await;
    for delivery in listed.body.as_array().unwrap() {
        let path = format!("{log}/{}", delivery["id"]);
        installation.get(200, &path).await;
        let again = format!("{path}/attempts");
        installation.post(202, &again, Value::Null).await;
    }
    let change = json!({"events": ["push"], "active": false});
    installation.ask(200, "PATCH", &hook, &change).await;
    let wrong = json!({"config": {"url": "nowhere"}});
    installation.ask(422, "PATCH", &hook, &wrong).await;
    let config = format!("{hook}/config");
    installation.get(200, &config).await;
    let change = json!({"url": "https://hooks.example/y", "insecure_ssl": "1"});
    installation.ask(200, "PATCH", &config, &change).await;
    installation.delete(204, &hook).await;
}
