//! The App itself, its installations, their tokens and repositories.

use fakes::RepoSettings;
use serde_json::{Value, json};

use super::session::Session;

pub(crate) async fn ask(session: &Session) {
    let session = session.beside(|settings| {
        let mut hidden = RepoSettings::installed("octo/hidden");
        hidden.private = true;
        settings.github.repos = vec![
            RepoSettings::installed("octo/app"),
            RepoSettings::installed("octo/web"),
            hidden,
            RepoSettings::installed("other/site"),
        ];
    });
    let app = session.app();
    app.get(200, "/app").await;
    app.get(200, "/api/v3/app").await;
    app.get(404, "/app/").await;
    app.get(200, "/app/installations").await;
    app.get(200, "/app/installations?per_page=1").await;
    app.get(200, "/app/installations?per_page=1&page=2").await;
    app.get(200, "/repos/octo/app/installation").await;
    tokens(&session).await;
    repositories(&session).await;
}

async fn tokens(session: &Session) {
    let app = session.app();
    let installation = session.lab.installation("octo/app").await;
    let path = format!("/app/installations/{installation}/access_tokens");
    let repos = session.installation().await;
    let repos = repos.get(200, "/installation/repositories").await;
    let id = repos.body["repositories"][0]["id"].clone();
    let accepted = [
        Value::Null,
        json!({}),
        json!({"permissions": {}}),
        json!({"permissions": {"actions": "read", "metadata": "read"}}),
        json!({"repositories": ["web"]}),
        json!({"repository_ids": [id], "permissions": {"administration": "write"}}),
    ];
    for body in accepted {
        app.post(201, &path, body).await;
    }
    let refused = [
        json!({"repositories": ["nothing"]}),
        json!({"repository_ids": [1]}),
        json!({"permissions": {"issues": "write"}}),
        json!({"repositories": "web"}),
    ];
    for body in refused {
        app.post(422, &path, body).await;
    }
    app.post(400, &path, json!(["web"])).await;
}

async fn repositories(session: &Session) {
    let installation = session.installation().await;
    for query in ["", "?per_page=2", "?per_page=2&page=2", "?page=9"] {
        let path = format!("/installation/repositories{query}");
        installation.get(200, &path).await;
    }
}
