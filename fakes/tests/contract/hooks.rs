//! Webhooks of repositories and organisations, the App's hook, and the events that only they send.

use fakes::RepoSettings;
use serde_json::{Value, json};

use crate::session::{Caller, Session};

pub(crate) async fn ask(session: &Session) {
    let session = session.beside(|settings| {
        for permission in ["repository_hooks", "organization_hooks"] {
            let granted = (permission.to_owned(), "write".to_owned());
            settings.github.app.permissions.extend([granted]);
        }
        settings
            .github
            .repos
            .push(RepoSettings::installed("octo/other"));
    });
    let installation = session.installation().await;
    let app = session.app();
    app.get(200, "/app/hook/config").await;
    let change = json!({"url": "https://dispatcher.example/webhook", "content_type": "json"});
    app.patch(200, "/app/hook/config", change).await;
    for home in ["/repos/octo/app/hooks", "/orgs/octo/hooks"] {
        of(&session, &installation, home).await;
    }
}

async fn of(session: &Session, installation: &Caller, home: &str) {
    let config = json!({"url": "https://hooks.example/x", "content_type": "json", "secret": "s"});
    let body = json!({"name": "web", "events": ["workflow_job"], "config": config});
    let made = installation.post(201, home, body.clone()).await;
    let hook = format!("{home}/{}", made.body["id"]);
    installation.get(200, home).await;
    installation.get(200, &hook).await;
    installation
        .patch(200, &hook, json!({"active": true, "events": ["*"]}))
        .await;
    installation.get(200, &format!("{hook}/config")).await;
    let url = json!({"url": "https://hooks.example/y"});
    installation
        .patch(200, &format!("{hook}/config"), url)
        .await;
    installation
        .post(204, &format!("{hook}/pings"), Value::Null)
        .await;
    if home.starts_with("/repos") {
        installation
            .post(204, &format!("{hook}/tests"), Value::Null)
            .await;
    }
    session.lab.queue(&format!("J {home}"), &["a"]);
    session.lab.sleep(5.0).await;
    let deliveries = format!("{hook}/deliveries");
    let listed = installation.get(200, &deliveries).await;
    let delivery = format!("{deliveries}/{}", listed.body[0]["id"]);
    installation.get(200, &delivery).await;
    installation
        .post(202, &format!("{delivery}/attempts"), Value::Null)
        .await;
    session.lab.sleep(5.0).await;
    installation.delete(204, &hook).await;
    installation.get(404, &hook).await;
    let wrong = json!({"name": "web", "config": {"url": ""}});
    installation.post(422, home, wrong).await;
}
