//! Installations that come and go, look-ups, limits, renames, and an App made from a manifest.

use serde_json::{Value, json};

use super::session::{Caller, Session};

pub(crate) async fn ask(session: &Session) {
    lookups(session).await;
    suspended(session).await;
    renamed(session).await;
    manifest(session).await;
}

async fn lookups(session: &Session) {
    let session = session.beside(|settings| {
        settings.github.app.user_owners.insert("hubot".to_owned());
        let repo = fakes::RepoSettings::installed("hubot/tool");
        settings.github.repos.push(repo);
    });
    let (app, installation) = (session.app(), session.installation().await);
    app.get(200, "/orgs/octo/installation").await;
    app.get(404, "/orgs/nobody/installation").await;
    app.get(200, "/users/hubot/installation").await;
    installation.get(200, "/orgs/octo").await;
    installation.get(404, "/orgs/nobody").await;
    installation.get(200, "/repos/octo/app").await;
    installation.get(404, "/repos/octo/nothing").await;
    installation.get(200, "/rate_limit").await;
    session.caller(None).get(200, "/rate_limit").await;
    let id = session.lab.installation("octo/app").await;
    app.get(200, &format!("/app/installations/{id}")).await;
    app.get(404, "/app/installations/9").await;
    installation.delete(204, "/installation/token").await;
    installation.get(401, "/repos/octo/app").await;
}

async fn suspended(session: &Session) {
    let session = session.beside(|_| {});
    let (app, installation) = (session.app(), session.installation().await);
    let id = session.lab.installation("octo/app").await;
    let path = format!("/app/installations/{id}");
    app.put(204, &format!("{path}/suspended"), Value::Null)
        .await;
    let token = format!("{path}/access_tokens");
    app.post(403, &token, Value::Null).await;
    installation
        .get(403, "/repos/octo/app/actions/runners")
        .await;
    app.delete(204, &format!("{path}/suspended")).await;
    app.delete(204, &path).await;
    app.get(404, &path).await;
    session.lab.world.github().install("octo", None);
    session.lab.sleep(5.0).await;
}

/// What a redirection leads to: the same answers, by the repository's id.
async fn by_id(installation: &Caller) {
    let found = installation.get(200, "/repos/octo/new").await;
    let path = format!("/repositories/{}", found.body["id"]);
    let same = installation.get(200, &path).await;
    assert_eq!(found.body, same.body);
    let runners = format!("{path}/actions/runners");
    installation
        .get(200, &format!("{runners}?per_page=1"))
        .await;
    installation
        .post(201, &format!("{runners}/registration-token"), Value::Null)
        .await;
    installation.get(404, &format!("{path}/nowhere")).await;
    installation.get(404, "/repositories/1").await;
    installation
        .get(404, "/repositories/1/actions/runners")
        .await;
}

async fn renamed(session: &Session) {
    let session = session.beside(|_| {});
    let (app, installation) = (session.app(), session.installation().await);
    let github = session.lab.world.github();
    github.rename_repo("octo/app", "octo/new", None);
    installation.get(301, "/repos/octo/app").await;
    by_id(&installation).await;
    app.get(301, "/repos/octo/app/installation").await;
    installation.get(200, "/repos/octo/new").await;
    session.lab.sleep(5.0).await;
}

async fn manifest(session: &Session) {
    let session = session.beside(|_| {});
    let nobody = session.caller(None);
    for home in ["/settings", "/organizations/octo/settings"] {
        nobody.get(200, &format!("{home}/apps/new?state=s")).await;
    }
    nobody
        .post(404, "/app-manifests/nothing/conversions", Value::Null)
        .await;
    let manifest = json!({
        "url": "https://example.com", "name": "Made here",
        "redirect_url": "https://example.com/made", "hook_attributes": {"url": "https://example.com/hook"},
    });
    let text = manifest.to_string();
    for home in ["/settings", "/organizations/octo/settings"] {
        let path = format!("{home}/apps/new?state=s");
        let shown = session.form(&path, &[("manifest", &text)]).await;
        assert_eq!(shown.status, 200);
        let fields = [
            ("manifest", text.as_str()),
            ("state", "s"),
            ("name", "Made here"),
        ];
        let confirmed = session.form(&format!("{home}/apps"), &fields).await;
        let place = confirmed.header("location").to_owned();
        let code = place.split_once("code=").map(|(_, rest)| rest);
        let code = code
            .and_then(|rest| rest.split('&').next())
            .unwrap_or_default();
        let conversions = format!("/app-manifests/{code}/conversions");
        nobody.post(201, &conversions, Value::Null).await;
    }
}
