//! Webhooks as objects: the App's own, and those of repositories and organisations.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use bytes::Bytes;
use http::Uri;
use jiff::Timestamp;

use super::{log::DeliveryLog, signing::Keys, throttling::Throttle};
use crate::{
    github::state::{
        accounts::{owner::Owner, repository::Repository},
        apps::table::Apps,
        runs::standing::RunStatus,
    },
    history::Signed,
    ids::{DeliveryId, HookId, RunId},
    settings::{ContentType, GithubSettings},
};

/// The App's hook. Those of repositories and organisations come after it.
const APP_HOOK: HookId = HookId(412_345_678);

/// Where a hook lives.
pub(in crate::github) enum Home {
    App,
    Owner(Owner),
}

/// Where a hook sends, and how.
#[derive(Clone)]
pub(in crate::github) struct HookConfig {
    pub(in crate::github) url: Arc<str>,
    /// What of `url` a request names: everything behind the host.
    pub(in crate::github) target: Uri,
    pub(in crate::github) content_type: ContentType,
    pub(in crate::github) insecure_ssl: bool,
}

impl HookConfig {
    /// None if the URL is not one of HTTP.
    pub(in crate::github) fn new(url: &str, content_type: ContentType) -> Option<Self> {
        let parsed: Uri = url.parse().ok()?;
        if !matches!(parsed.scheme_str(), Some("http" | "https")) || parsed.host().is_none() {
            return None;
        }
        let target = parsed.path_and_query().map_or("/", |path| path.as_str());
        Some(Self {
            url: url.into(),
            target: target.parse().ok()?,
            content_type,
            insecure_ssl: false,
        })
    }
}

/// How a hook's last delivery ended.
pub(in crate::github) struct LastResponse {
    pub(in crate::github) succeeded: bool,
    pub(in crate::github) code: u16,
    pub(in crate::github) text: String,
}

/// A webhook.
pub(in crate::github) struct Hook {
    pub(in crate::github) id: HookId,
    pub(in crate::github) home: Home,
    pub(in crate::github) active: bool,
    /// Empty for the App's: what the App subscribes to is part of the App.
    pub(in crate::github) events: BTreeSet<String>,
    pub(in crate::github) config: HookConfig,
    pub(in crate::github) keys: Option<Keys>,
    /// Those of before the latest rotation.
    pub(in crate::github) old_keys: Option<Keys>,
    /// Whether its secret was set by a call, whose maker knows it. Else somebody else set it up, and a dispatcher knows
    /// the App's secret alone.
    pub(in crate::github) set_by_call: bool,
    pub(in crate::github) created_at: Timestamp,
    pub(in crate::github) updated_at: Timestamp,
    pub(in crate::github) last_response: Option<LastResponse>,
    pub(in crate::github) throttle: Throttle,
}

/// Everything a new hook is made of.
pub(in crate::github) struct HookParts {
    pub(in crate::github) home: Home,
    pub(in crate::github) active: bool,
    pub(in crate::github) events: BTreeSet<String>,
    pub(in crate::github) config: HookConfig,
    pub(in crate::github) secret: Option<Vec<u8>>,
    pub(in crate::github) set_by_call: bool,
}

impl Hook {
    fn new(id: HookId, parts: HookParts, now: Timestamp) -> Self {
        Self {
            id,
            home: parts.home,
            active: parts.active,
            events: parts.events,
            config: parts.config,
            keys: parts.secret.and_then(|secret| Keys::of(&secret)),
            old_keys: None,
            set_by_call: parts.set_by_call,
            created_at: now,
            updated_at: now,
            last_response: None,
            throttle: Throttle::default(),
        }
    }

    pub(in crate::github) fn is_the_apps(&self) -> bool {
        matches!(self.home, Home::App)
    }

    pub(in crate::github) fn subscribes(&self, event: &str) -> bool {
        self.events.contains(event) || self.events.contains("*")
    }

    /// Whether it belongs to this repository or organisation.
    pub(in crate::github) fn belongs_to(&self, owner: &Owner) -> bool {
        matches!(&self.home, Home::Owner(own) if own.is(owner))
    }
}

/// All hooks, the App's first.
pub(in crate::github) struct Hooks {
    /// The hooks.
    by_id: BTreeMap<HookId, Hook>,
    /// The id of the youngest.
    last: u64,
    /// Their deliveries, as the log shows them.
    pub(in crate::github) log: DeliveryLog,
    /// How many deliveries each key has had, so that every delivery has a key of its own.
    delivery_keys: BTreeMap<String, u32>,
    last_delivery: u64,
    /// How far the events of a run's attempt have come, while somebody listens to them.
    pub(in crate::github) told_of_runs: BTreeMap<(RunId, u32), RunStatus>,
}

impl Hooks {
    /// The App's hook alone.
    pub(in crate::github) fn new(settings: &GithubSettings, now: Timestamp) -> Self {
        let hooks = &settings.hooks;
        let fallback = || HookConfig {
            url: hooks.app_url.as_str().into(),
            target: Uri::from_static("/"),
            content_type: hooks.app_content_type,
            insecure_ssl: false,
        };
        let config = HookConfig::new(&hooks.app_url, hooks.app_content_type);
        let parts = HookParts {
            home: Home::App,
            active: true,
            events: BTreeSet::new(),
            config: config.unwrap_or_else(fallback),
            secret: Some(settings.webhook_secret.clone()),
            set_by_call: false,
        };
        Self {
            by_id: BTreeMap::from([(APP_HOOK, Hook::new(APP_HOOK, parts, now))]),
            last: APP_HOOK.0,
            log: DeliveryLog::new(hooks.retention),
            delivery_keys: BTreeMap::new(),
            // Beyond 2^53 as the real ones, one apart, so that a reader who goes through floating point
            // confuses neighbours.
            last_delivery: 3_822_373_033_388_024_000,
            told_of_runs: BTreeMap::new(),
        }
    }

    /// The id of the next delivery.
    pub(in crate::github) fn next_delivery(&mut self) -> DeliveryId {
        self.last_delivery += 1;
        DeliveryId(self.last_delivery)
    }

    /// A key no other delivery has: `J3.queued`, then `J3.queued#2`.
    pub(in crate::github) fn delivery_key(&mut self, base: &str) -> String {
        let count = self.delivery_keys.entry(base.to_owned()).or_insert(0);
        *count += 1;
        if *count == 1 {
            base.to_owned()
        } else {
            format!("{base}#{count}")
        }
    }

    pub(in crate::github) const fn of_the_app() -> HookId {
        APP_HOOK
    }

    pub(in crate::github) fn get(&self, id: HookId) -> Option<&Hook> {
        self.by_id.get(&id)
    }

    pub(in crate::github) fn get_mut(&mut self, id: HookId) -> Option<&mut Hook> {
        self.by_id.get_mut(&id)
    }

    /// Those of a repository or an organisation, oldest first.
    pub(in crate::github) fn of<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = &'a Hook> {
        self.by_id.values().filter(|hook| hook.belongs_to(owner))
    }

    pub(in crate::github) fn add(&mut self, parts: HookParts, now: Timestamp) -> HookId {
        self.last += 1;
        let id = HookId(self.last);
        self.by_id.insert(id, Hook::new(id, parts, now));
        id
    }

    pub(in crate::github) fn remove(&mut self, id: HookId) {
        self.by_id.remove(&id);
    }

    /// How what a hook would sign so looks to a dispatcher: it knows the secret of the App's webhook, and of other hooks
    /// only what was set by a call.
    pub(in crate::github) fn shown(&self, id: HookId, signed: Signed) -> Signed {
        let (Some(hook), Some(app)) = (self.get(id), self.get(APP_HOOK)) else {
            return signed;
        };
        if hook.is_the_apps() || hook.set_by_call {
            return signed;
        }
        let keys = match signed {
            Signed::Lab | Signed::Tampered => hook.keys.as_ref(),
            Signed::OldSecret => hook.old_keys.as_ref(),
            Signed::None | Signed::Wrong => return signed,
        };
        let in_force = app.keys.as_ref().map(Keys::mark);
        let before = app.old_keys.as_ref().map(Keys::mark);
        match keys.map(Keys::mark) {
            mark if mark == in_force && signed == Signed::OldSecret => Signed::Lab,
            mark if mark == in_force => signed,
            None => Signed::None,
            mark if mark == before => Signed::OldSecret,
            Some(_) => Signed::Wrong,
        }
    }

    /// A repository has another name or installation: its hooks stay with it.
    pub(in crate::github) fn follow(&mut self, made: &Arc<Repository>) {
        for hook in self.by_id.values_mut() {
            if let Home::Owner(Owner::Repository(repo)) = &mut hook.home
                && repo.id == made.id
            {
                *repo = made.clone();
            }
        }
    }
}

impl Hooks {
    /// Which hooks hear of an event, the App's first. The App hears what it subscribes to where it is
    /// installed and not suspended; what becomes of its installations it hears always, and nobody else.
    pub(in crate::github) fn listeners(
        &self,
        apps: &Apps,
        event: &str,
        repo: Option<&Repository>,
        installation: Option<u64>,
    ) -> Vec<HookId> {
        let unasked = event == "installation" || event == "installation_repositories";
        let hears = |hook: &&Hook| match (&hook.home, repo) {
            (Home::App, _) => unasked || (apps.hears(installation) && apps.profile.hears_of(event)),
            (Home::Owner(owner), Some(repo)) => owner.serves(repo) && hook.subscribes(event),
            (Home::Owner(_), None) => false,
        };
        let hooks = self.by_id.values().filter(|hook| hook.active);
        hooks.filter(hears).map(|hook| hook.id).collect()
    }
}

/// A webhook somebody sets up on a repository or an organisation.
#[derive(Clone, PartialEq, Eq)]
pub struct NewHook {
    /// `owner/name` of a repository, or the login of an organisation.
    pub on: String,
    /// Where it points.
    pub url: String,
    /// The events it subscribes to; `*` for all.
    pub events: Vec<String>,
    /// How it wants its payload.
    pub content_type: ContentType,
    /// Its secret; empty for none.
    pub secret: Bytes,
}

impl fmt::Debug for NewHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Everything but the secret.
        f.debug_struct("NewHook")
            .field("on", &self.on)
            .field("url", &self.url)
            .field("events", &self.events)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

/// How the history names a hook: the App's goes without saying.
pub(in crate::github) fn unless_the_apps(hook: HookId) -> Option<HookId> {
    (hook != APP_HOOK).then_some(hook)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hooks_request_names_what_stands_behind_the_host() {
        let target = |url| HookConfig::new(url, ContentType::Json).map(|it| it.target.to_string());
        assert_eq!(target("http://127.0.0.1:80/a/b?c=d").unwrap(), "/a/b?c=d");
        assert_eq!(target("https://example.com").unwrap(), "/");
        for wrong in ["", "/webhook", "ftp://example.com/x", "http://"] {
            assert_eq!(target(wrong), None, "{wrong}");
        }
    }
}
