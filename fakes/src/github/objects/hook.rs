//! The JSON objects of webhooks and their configurations. A secret is only ever shown as asterisks.

use serde::Serialize;

use crate::{
    github::state::{
        accounts::owner::Owner,
        hooks::hook::{Home, Hook},
    },
    ids::HookId,
    json_text::seconds,
    settings::{ContentType, GithubSettings},
};

const HIDDEN_SECRET: &str = "********";

/// A hook's `config`.
#[derive(Serialize)]
pub(in crate::github) struct ConfigObject<'a> {
    content_type: ContentType,
    insecure_ssl: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'static str>,
    url: &'a str,
}

impl<'a> ConfigObject<'a> {
    pub(in crate::github) fn of(hook: &'a Hook) -> Self {
        Self {
            content_type: hook.config.content_type,
            insecure_ssl: if hook.config.insecure_ssl { "1" } else { "0" },
            secret: hook.keys.is_some().then_some(HIDDEN_SECRET),
            url: &hook.config.url,
        }
    }
}

/// A hook.
#[derive(Serialize)]
pub(in crate::github) struct HookObject<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: HookId,
    name: &'static str,
    active: bool,
    events: Vec<&'a str>,
    config: ConfigObject<'a>,
    updated_at: String,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ping_url: Option<String>,
    deliveries_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_response: Option<ResponseObject<'a>>,
}

/// How the last delivery ended. The words are GitHub's as seen in the wild; they are not documented.
#[derive(Serialize)]
struct ResponseObject<'a> {
    code: Option<u16>,
    status: &'static str,
    message: Option<&'a str>,
}

impl<'a> ResponseObject<'a> {
    fn of(hook: &'a Hook) -> Self {
        let Some(last) = &hook.last_response else {
            return Self {
                code: None,
                status: "unused",
                message: None,
            };
        };
        Self {
            code: Some(last.code),
            status: if last.succeeded {
                "active"
            } else {
                "misconfigured"
            },
            message: Some(&last.text),
        }
    }
}

/// A hook as its owner sees it.
pub(in crate::github) fn hook_object<'a>(
    hook: &'a Hook,
    settings: &GithubSettings,
) -> HookObject<'a> {
    let id = hook.id;
    let (kind, url) = match &hook.home {
        Home::App => ("App", None),
        Home::Owner(Owner::Repository(repo)) => {
            ("Repository", Some(format!("{}/hooks/{}", repo.url, id.0)))
        }
        Home::Owner(Owner::Organization(of)) => {
            ("Organization", Some(format!("{}/hooks/{}", of.url, id.0)))
        }
    };
    let of_repository = kind == "Repository";
    let below = |path: &str| url.as_ref().map(|url| format!("{url}/{path}"));
    let base = &settings.base_url;
    HookObject {
        kind,
        id,
        name: "web",
        active: hook.active,
        events: hook.events.iter().map(String::as_str).collect(),
        config: ConfigObject::of(hook),
        updated_at: seconds(hook.updated_at),
        created_at: seconds(hook.created_at),
        app_id: hook.is_the_apps().then_some(settings.app_id),
        test_url: below("tests").filter(|_| of_repository),
        ping_url: below("pings"),
        deliveries_url: below("deliveries")
            .unwrap_or_else(|| format!("{base}/app/hook/deliveries")),
        last_response: of_repository.then(|| ResponseObject::of(hook)),
        url,
    }
}
