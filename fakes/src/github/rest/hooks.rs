//! The endpoints of webhooks: the App's configuration, and the hooks of repositories and organisations.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::route::{Access, Ask, Permission, Route};
use crate::{
    calls::{Incoming, Reply},
    github::{
        handle::Github,
        objects::{
            body::read,
            hook::{ConfigObject, HookObject, hook_object},
            invalid::HookFault,
            refusal::{Answer, Refusal},
        },
        state::{
            accounts::owner::Owner,
            hooks::hook::{Home, Hook, HookConfig, HookParts, Hooks},
            records::State,
        },
    },
    ids::{EventId, HookId},
    settings::ContentType,
};

const READ_REPOSITORY: Permission = Permission::read("repository_hooks");
const WRITE_REPOSITORY: Permission = Permission::write("repository_hooks");
const READ_ORGANIZATION: Permission = Permission::read("organization_hooks");
const WRITE_ORGANIZATION: Permission = Permission::write("organization_hooks");

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/app/hook/config",
        "github.hook-config",
        Access::App(|github, _| github.hook_config(Hooks::of_the_app())),
    ),
    Route::patch(
        "/app/hook/config",
        "github.update-hook-config",
        Access::App(|github, ask| github.update_hook_config(Hooks::of_the_app(), ask)),
    ),
    Route::get(
        "/repos/{owner}/{repo}/hooks",
        "github.list-hooks",
        Access::Repository(READ_REPOSITORY, |github, of, ask| {
            github.list_hooks(&Owner::Repository(of.clone()), ask)
        }),
    ),
    Route::post(
        "/repos/{owner}/{repo}/hooks",
        "github.create-hook",
        Access::Repository(WRITE_REPOSITORY, |github, of, ask| {
            github.create_hook(&Owner::Repository(of.clone()), ask)
        }),
    ),
    Route::get(
        "/repos/{owner}/{repo}/hooks/{hook_id}",
        "github.get-hook",
        Access::Repository(READ_REPOSITORY, |github, of, ask| {
            github.with_hook(&Owner::Repository(of.clone()), ask, Github::get_hook)
        }),
    ),
    Route::patch(
        "/repos/{owner}/{repo}/hooks/{hook_id}",
        "github.update-hook",
        Access::Repository(WRITE_REPOSITORY, |github, of, ask| {
            github.with_hook(&Owner::Repository(of.clone()), ask, Github::update_hook)
        }),
    ),
    Route::delete(
        "/repos/{owner}/{repo}/hooks/{hook_id}",
        "github.delete-hook",
        Access::Repository(WRITE_REPOSITORY, |github, of, ask| {
            github.with_hook(&Owner::Repository(of.clone()), ask, Github::delete_hook)
        }),
    ),
    Route::get(
        "/repos/{owner}/{repo}/hooks/{hook_id}/config",
        "github.hook-config",
        Access::Repository(READ_REPOSITORY, |github, of, ask| {
            github.with_hook(&Owner::Repository(of.clone()), ask, |github, id, _| {
                github.hook_config(id)
            })
        }),
    ),
    Route::patch(
        "/repos/{owner}/{repo}/hooks/{hook_id}/config",
        "github.update-hook-config",
        Access::Repository(WRITE_REPOSITORY, |github, of, ask| {
            github.with_hook(
                &Owner::Repository(of.clone()),
                ask,
                Github::update_hook_config,
            )
        }),
    ),
    Route::post(
        "/repos/{owner}/{repo}/hooks/{hook_id}/pings",
        "github.ping-hook",
        Access::Repository(WRITE_REPOSITORY, |github, of, ask| {
            github.with_hook(&Owner::Repository(of.clone()), ask, Github::ping_hook)
        }),
    ),
    Route::post(
        "/repos/{owner}/{repo}/hooks/{hook_id}/tests",
        "github.test-hook",
        Access::Repository(WRITE_REPOSITORY, |github, of, ask| {
            github.with_hook(&Owner::Repository(of.clone()), ask, Github::test_hook)
        }),
    ),
    Route::get(
        "/orgs/{org}/hooks",
        "github.list-hooks",
        Access::Organization(READ_ORGANIZATION, |github, of, ask| {
            github.list_hooks(&Owner::Organization(of.clone()), ask)
        }),
    ),
    Route::post(
        "/orgs/{org}/hooks",
        "github.create-hook",
        Access::Organization(WRITE_ORGANIZATION, |github, of, ask| {
            github.create_hook(&Owner::Organization(of.clone()), ask)
        }),
    ),
    Route::get(
        "/orgs/{org}/hooks/{hook_id}",
        "github.get-hook",
        Access::Organization(READ_ORGANIZATION, |github, of, ask| {
            github.with_hook(&Owner::Organization(of.clone()), ask, Github::get_hook)
        }),
    ),
    Route::patch(
        "/orgs/{org}/hooks/{hook_id}",
        "github.update-hook",
        Access::Organization(WRITE_ORGANIZATION, |github, of, ask| {
            github.with_hook(&Owner::Organization(of.clone()), ask, Github::update_hook)
        }),
    ),
    Route::delete(
        "/orgs/{org}/hooks/{hook_id}",
        "github.delete-hook",
        Access::Organization(WRITE_ORGANIZATION, |github, of, ask| {
            github.with_hook(&Owner::Organization(of.clone()), ask, Github::delete_hook)
        }),
    ),
    Route::get(
        "/orgs/{org}/hooks/{hook_id}/config",
        "github.hook-config",
        Access::Organization(READ_ORGANIZATION, |github, of, ask| {
            github.with_hook(&Owner::Organization(of.clone()), ask, |github, id, _| {
                github.hook_config(id)
            })
        }),
    ),
    Route::patch(
        "/orgs/{org}/hooks/{hook_id}/config",
        "github.update-hook-config",
        Access::Organization(WRITE_ORGANIZATION, |github, of, ask| {
            github.with_hook(
                &Owner::Organization(of.clone()),
                ask,
                Github::update_hook_config,
            )
        }),
    ),
    Route::post(
        "/orgs/{org}/hooks/{hook_id}/pings",
        "github.ping-hook",
        Access::Organization(WRITE_ORGANIZATION, |github, of, ask| {
            github.with_hook(&Owner::Organization(of.clone()), ask, Github::ping_hook)
        }),
    ),
];

/// A `config` as clients write it: `insecure_ssl` comes as a number and as a string.
#[derive(Default, Deserialize)]
struct ConfigRequest {
    url: Option<String>,
    content_type: Option<String>,
    secret: Option<String>,
    insecure_ssl: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
struct HookRequest {
    name: Option<String>,
    config: Option<ConfigRequest>,
    events: Option<Vec<String>>,
    #[serde(default)]
    add_events: Vec<String>,
    #[serde(default)]
    remove_events: Vec<String>,
    active: Option<bool>,
}

impl ConfigRequest {
    /// The configuration that results from this one on top of another, if there is one already.
    fn on_top_of(&self, old: Option<&HookConfig>) -> Result<HookConfig, HookFault> {
        let url = self.url.as_deref().or(old.map(|old| &*old.url));
        let Some(url) = url.filter(|url| !url.is_empty()) else {
            return Err(HookFault::BlankUrl);
        };
        let content_type = match self.content_type.as_deref() {
            Some("json") => ContentType::Json,
            Some("form") => ContentType::Form,
            Some(_) => return Err(HookFault::ContentType),
            None => old.map_or(ContentType::Form, |old| old.content_type),
        };
        let insecure_ssl = match &self.insecure_ssl {
            None => old.is_some_and(|old| old.insecure_ssl),
            Some(value) => match value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
            {
                text if text == "0" => false,
                text if text == "1" => true,
                _ => return Err(HookFault::InsecureSsl),
            },
        };
        let made = HookConfig::new(url, content_type);
        let made = made.ok_or(HookFault::NoHttpUrl)?;
        Ok(HookConfig {
            insecure_ssl,
            ..made
        })
    }
}

impl Github {
    fn hook_config(&self, id: HookId) -> Answer {
        match self.state().hooks.get(id) {
            Some(hook) => Ok(Reply::json(200, &ConfigObject::of(hook))),
            None => Err(Refusal::NotFound),
        }
    }

    /// Changes what the request names, and nothing else.
    fn update_hook_config(&self, id: HookId, ask: &Ask<'_>) -> Answer {
        let wanted: ConfigRequest = read(body_of(ask.request))?;
        let mut state = self.state();
        let hook = state.hooks.get_mut(id).ok_or(Refusal::NotFound)?;
        hook.config = wanted.on_top_of(Some(&hook.config))?;
        hook.updated_at = self.now();
        if let Some(secret) = &wanted.secret {
            let because = Some(ask.call.received);
            self.change_secret(&mut state, id, Some(secret.as_bytes()), because);
        }
        let hook = state.hooks.get(id).ok_or(Refusal::NotFound)?;
        Ok(Reply::json(200, &ConfigObject::of(hook)).with_effect())
    }

    fn list_hooks(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let all: Vec<HookObject<'_>> = state
            .hooks
            .of(owner)
            .map(|hook| hook_object(hook, self.settings()))
            .collect();
        let (page, total) = (self.page(ask.request), all.len());
        let reply = Reply::json(200, &page.of(all));
        Ok(self.with_links(reply, ask.request, &page, total))
    }

    fn create_hook(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        let wanted: HookRequest = read(body_of(ask.request))?;
        if wanted.name.as_deref().is_some_and(|name| name != "web") {
            return Err(HookFault::Name.into());
        }
        let request = wanted.config.unwrap_or_default();
        let config = request.on_top_of(None)?;
        let events = wanted.events.filter(|events| !events.is_empty());
        let events =
            events.map_or_else(|| ["push".to_owned()].into(), |it| it.into_iter().collect());
        let mut state = self.state();
        if state
            .hooks
            .of(owner)
            .any(|hook| hook.config.url == config.url && hook.events == events)
        {
            let kind = match owner {
                Owner::Repository(_) => "repository",
                Owner::Organization(_) => "organization",
            };
            return Err(HookFault::Exists(kind).into());
        }
        self.must_have_room(&state, owner, &events, None)?;
        let parts = HookParts {
            home: Home::Owner(owner.clone()),
            active: wanted.active.unwrap_or(true),
            events,
            config,
            secret: request.secret.map(String::into_bytes),
            set_by_call: true,
        };
        let id = state.hooks.add(parts, self.now());
        let reply = self.shown(&state, id, 201)?.with_effect();
        self.ping(&mut state, id, Some(ask.call.received));
        Ok(reply)
    }

    /// At most so many hooks of one owner may subscribe to the same event. `but` is the hook that asks.
    fn must_have_room(
        &self,
        state: &State,
        owner: &Owner,
        events: &BTreeSet<String>,
        but: Option<HookId>,
    ) -> Result<(), HookFault> {
        let most = self.settings().hooks.per_event_max;
        let others = |event: &String| {
            let others = state.hooks.of(owner).filter(|hook| Some(hook.id) != but);
            others.filter(|hook| hook.events.contains(event)).count()
        };
        match events.iter().find(|event| others(event) >= most) {
            None => Ok(()),
            Some(event) => Err(HookFault::TooMany {
                event: event.clone(),
                most,
            }),
        }
    }

    fn shown(&self, state: &State, id: HookId, status: u16) -> Answer {
        let hook = state.hooks.get(id).ok_or(Refusal::NotFound)?;
        Ok(Reply::json(status, &hook_object(hook, self.settings())))
    }

    fn get_hook(&self, id: HookId, _ask: &Ask<'_>) -> Answer {
        let state = self.state();
        self.shown(&state, id, 200)
    }

    fn update_hook(&self, id: HookId, ask: &Ask<'_>) -> Answer {
        let wanted: HookRequest = read(body_of(ask.request))?;
        let mut state = self.state();
        let hook = state.hooks.get(id).ok_or(Refusal::NotFound)?;
        let Home::Owner(owner) = &hook.home else {
            return Err(Refusal::NotFound);
        };
        let config = wanted
            .config
            .as_ref()
            .unwrap_or(&ConfigRequest::default())
            .on_top_of(Some(&hook.config))?;
        let events = changed_events(hook, &wanted);
        self.must_have_room(&state, owner, &events, Some(id))?;
        let hook = state.hooks.get_mut(id).ok_or(Refusal::NotFound)?;
        hook.config = config;
        hook.events = events;
        hook.active = wanted.active.unwrap_or(hook.active);
        hook.updated_at = self.now();
        // A configuration without a secret takes away the one there was, as GitHub documents it.
        if let Some(config) = &wanted.config
            && (config.secret.is_some() || hook.keys.is_some())
        {
            let secret = config.secret.as_deref().map(str::as_bytes);
            self.change_secret(&mut state, id, secret, Some(ask.call.received));
        }
        Ok(self.shown(&state, id, 200)?.with_effect())
    }

    fn delete_hook(&self, id: HookId, _ask: &Ask<'_>) -> Answer {
        self.state().hooks.remove(id);
        Ok(Reply::empty(204).with_effect())
    }

    fn ping_hook(&self, id: HookId, ask: &Ask<'_>) -> Answer {
        self.ping(&mut self.state(), id, Some(ask.call.received));
        Ok(Reply::empty(204).with_effect())
    }

    fn test_hook(&self, id: HookId, ask: &Ask<'_>) -> Answer {
        let because: EventId = ask.call.received;
        let mut state = self.state();
        let repo = format!("{}/{}", ask.text("owner"), ask.text("repo"));
        if let Some(repo) = state.accounts.repo(&repo).cloned() {
            self.test_push(&mut state, id, &repo, Some(because));
        }
        Ok(Reply::empty(204).with_effect())
    }
}

/// An empty body stands for an object without fields.
fn body_of(request: &Incoming) -> &[u8] {
    if request.body.is_empty() {
        b"{}"
    } else {
        &request.body
    }
}

fn changed_events(hook: &Hook, wanted: &HookRequest) -> BTreeSet<String> {
    let mut events = match &wanted.events {
        Some(events) => events.iter().cloned().collect(),
        None => hook.events.clone(),
    };
    events.extend(wanted.add_events.iter().cloned());
    for event in &wanted.remove_events {
        events.remove(event);
    }
    events
}
