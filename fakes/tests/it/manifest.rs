//! The App manifest flow, as a browser and a set-up script go through it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lab::{Answer, Lab, form, sign};

const NEW: &str = "/settings/apps/new?state=a%26b";

fn manifest() -> Value {
    json!({
        "url": "https://dispatcher.test", "name": "My \"CI\" app",
        "hook_attributes": {"url": "https://dispatcher.test/webhook"},
        "redirect_url": "https://dispatcher.test/setup?x=1",
        "callback_urls": [], "public": false, "request_oauth_on_install": false,
        "default_events": ["workflow_job", "ping"],
        "default_permissions": {"actions": "read", "administration": "write"},
    })
}

/// Whatever a browser would send of the page's hidden fields.
fn hidden(page: &str, name: &str) -> String {
    let from = format!("name=\"{name}\" value=\"");
    let start = page.find(&from).unwrap() + from.len();
    let value = page[start..].split('"').next().unwrap();
    value
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

async fn post(lab: &Lab, path: &str, body: &str) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    lab.github_with(("POST", path), &headers, body).await
}

/// Goes through both pages and gives the redirect.
async fn confirm(lab: &Lab, path: &str, manifest: &Value) -> Answer {
    let page = post(lab, path, &form(&[("manifest", &manifest.to_string())])).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let action = page.text.split("action=\"").nth(1).unwrap();
    let action = action.split('"').next().unwrap().to_owned();
    let fields = ["manifest", "state", "name"].map(|name| (name, hidden(&page.text, name)));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    post(lab, &action, &form(&fields)).await
}

fn code(redirect: &Answer) -> String {
    let address = redirect.header("location");
    let code = address.split("code=").nth(1).unwrap();
    code.split('&').next().unwrap().to_owned()
}

async fn convert(lab: &Lab, code: &str) -> Answer {
    let path = format!("/app-manifests/{code}/conversions");
    lab.github_with(("POST", &path), &[], "").await
}

#[tokio::test(start_paused = true)]
async fn the_form_page_is_html_and_no_call_of_the_api() {
    let lab = Lab::new();
    for path in [NEW, "/organizations/octo/settings/apps/new"] {
        let page = lab.github_with(("GET", path), &[], "").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text.contains("name=\"manifest\""));
        assert_eq!(page.header("x-ratelimit-limit"), "");
    }
    let none = lab
        .github_with(("GET", "/organizations/no/settings/apps/new"), &[], "")
        .await;
    assert_eq!(none.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_manifest_becomes_this_worlds_app() {
    let lab = Lab::new();
    let redirect = confirm(&lab, NEW, &manifest()).await;
    assert_eq!(redirect.status, 302);
    let address = redirect.header("location");
    assert!(
        address.starts_with("https://dispatcher.test/setup?x=1&code="),
        "{address}"
    );
    assert!(address.ends_with("&state=a%26b"), "{address}");
    let made = convert(&lab, &code(&redirect)).await;
    assert_eq!(made.status, 201, "{made:?}");
    for (key, value) in [
        ("id", json!(1234)),
        ("slug", json!("my-ci-app")),
        ("name", json!("My \"CI\" app")),
        ("client_id", json!("Iv23li00000000001234")),
        ("external_url", json!("https://dispatcher.test")),
        ("webhook_secret", json!("lab-webhook-secret")),
        ("events", json!(["workflow_job", "ping"])),
        (
            "permissions",
            json!({"actions": "read", "administration": "write", "metadata": "read"}),
        ),
    ] {
        assert_eq!(made.body[key], value, "{key}");
    }
    assert_eq!(made.body["client_secret"].as_str().unwrap().len(), 40);
    assert_eq!(
        lab.world.github().manifest_hook_url().as_deref(),
        Some("https://dispatcher.test/webhook")
    );

    // The key works, and the permissions are the manifest's.
    let pem = made.body["pem"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    assert_eq!(pem, fakes::LAB_APP_PRIVATE_KEY_PEM);
    let now = lab.clock.now().as_second();
    let claims = json!({"iat": now, "exp": now + 60, "iss": made.body["client_id"]});
    let auth = format!("Bearer {}", sign(&claims));
    let app = lab.github("GET", "/app", &auth, Value::Null).await;
    assert_eq!(
        (&app.body["slug"], app.body.get("pem")),
        (&json!("my-ci-app"), None)
    );
    let path = format!(
        "/app/installations/{}/access_tokens",
        lab.installation("octo/app").await
    );
    let body = json!({"permissions": {"checks": "write"}});
    assert_eq!(
        lab.github("POST", &path, &lab.jwt(), body).await.status,
        422
    );
}

#[tokio::test(start_paused = true)]
async fn an_app_hears_only_the_events_of_its_manifest() {
    let lab = Lab::new();
    let mut deaf = manifest();
    deaf["default_events"] = json!([]);
    let redirect = confirm(&lab, NEW, &deaf).await;
    lab.queue("J1", &["x"]);
    assert_eq!(convert(&lab, &code(&redirect)).await.status, 201);
    lab.queue("J2", &["x"]);
    lab.sleep(5.0).await;
    assert_eq!(lab.received_names(), ["J1.queued"]);
}

#[tokio::test(start_paused = true)]
async fn a_code_works_once_and_for_an_hour() {
    let lab = Lab::new();
    let (first, second) = (
        code(&confirm(&lab, NEW, &manifest()).await),
        code(&confirm(&lab, NEW, &manifest()).await),
    );
    assert_ne!(first, second);
    assert_eq!(convert(&lab, &first).await.status, 201);
    assert_eq!(convert(&lab, &first).await.status, 404);
    lab.sleep(3600.0).await;
    assert_eq!(convert(&lab, &second).await.status, 404);
    assert_eq!(convert(&lab, "nonsense").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn how_often_and_how_long_a_code_works_can_be_set() {
    let lab = Lab::with(|settings| {
        let manifest = &mut settings.github.app.manifest;
        (manifest.single_use, manifest.code) = (false, Duration::from_secs(7200));
    });
    let code = code(&confirm(&lab, NEW, &manifest()).await);
    lab.sleep(7199.0).await;
    let (first, second) = (convert(&lab, &code).await, convert(&lab, &code).await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.body["client_secret"], second.body["client_secret"]);
}

#[tokio::test(start_paused = true)]
async fn an_organisations_app_belongs_to_it() {
    let lab = Lab::new();
    let path = "/organizations/octo/settings/apps/new";
    let mut without = manifest();
    without.as_object_mut().unwrap().remove("redirect_url");
    let shown = confirm(&lab, path, &without).await;
    assert_eq!(shown.status, 200);
    let code = shown
        .text
        .split("<code>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let made = convert(&lab, code).await;
    assert_eq!(made.body["owner"]["login"], "octo");
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_says_too_little_is_refused_on_the_page() {
    let lab = Lab::new();
    let mut nowhere = manifest();
    nowhere["url"] = json!("<b>");
    for (text, why) in [
        ("{".to_owned(), "is not valid"),
        (nowhere.to_string(), "url must be a URL."),
    ] {
        let page = post(&lab, NEW, &form(&[("manifest", &text)])).await;
        assert_eq!(page.status, 422);
        assert!(page.text.contains(why), "{}", page.text);
    }
    let text = manifest().to_string();
    for name in ["", "a name that is longer than GitHub allows"] {
        let fields = [("manifest", text.as_str()), ("name", name)];
        let page = post(&lab, "/settings/apps", &form(&fields)).await;
        assert_eq!(page.status, 422, "{name}");
    }
}
