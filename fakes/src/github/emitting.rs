//! From something that happens to the webhooks that tell of it: one to each hook that subscribes it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    Github,
    delivering::{Dispatch, Message},
    hooks::{Home, Hook, Hooks},
    organization::Organization,
    payload::{Look, workflow_job_head},
    repository_text::{Repository, account, html_base},
    route::Owner,
    state::State,
};
use crate::{
    drawn_text::guid,
    history::{Origin, Signed},
    ids::{EventId, HookId, JobId},
    json_text::push_display,
    settings::ContentType,
};

/// Something that happened, before it is known which hooks hear of it.
pub(super) struct News {
    pub(super) event: &'static str,
    pub(super) action: Option<String>,
    /// The payload up to what all payloads end with: `{"action":…,"workflow_job":{…}`.
    pub(super) head: String,
    /// The base of the draw keys.
    pub(super) key: String,
    pub(super) job: Option<(JobId, String)>,
    pub(super) repo: Option<Arc<Repository>>,
    /// The App's, where it happened.
    pub(super) installation: Option<u64>,
}

impl Github {
    /// Emits the webhooks of something that happened to a job, and to its run with it.
    pub(super) fn emit(&self, state: &mut State, job: JobId, action: &str, because: EventId) {
        if let Some(news) = self.job_news(state, job, action) {
            self.broadcast(state, &news, Some(because));
        }
        self.emit_run_of(state, job, action, because);
    }

    /// The body of the event GitHub would send the App of this job for this action, whatever the fake
    /// believes.
    pub fn job_event_body(&self, job: JobId, action: &str) -> Option<Bytes> {
        let mut state = self.state();
        let news = self.job_news(&state, job, action)?;
        // It counts as an event, so that a GUID drawn later differs from one drawn before.
        state.delivery_key(&format!("{}.guid", news.key));
        Some(self.payload(&state, Hooks::of_the_app(), &news))
    }

    fn job_news(&self, state: &State, job: JobId, action: &str) -> Option<News> {
        let found = state.jobs.get(&job)?;
        let run = state.runs.get(&found.run)?;
        let look = Look::at_action(found, action, self.now());
        Some(News {
            event: "workflow_job",
            action: Some(action.to_owned()),
            head: workflow_job_head(action, found, run, &look),
            key: format!("{}.{action}", found.name),
            job: Some((job, found.name.clone())),
            repo: Some(found.repo.clone()),
            installation: found.repo.installation,
        })
    }

    /// Sends news to every hook that hears of it.
    pub(super) fn broadcast(&self, state: &mut State, news: &News, because: Option<EventId>) {
        let listeners = state.listeners(news.event, news.repo.as_deref(), news.installation);
        if listeners.is_empty() {
            return;
        }
        let one_for_all = self.settings().hooks.one_guid_per_event;
        let shared = one_for_all.then(|| self.new_guid(state, &news.key));
        for hook in listeners {
            self.send(state, hook, news, shared.clone(), because);
        }
    }

    /// Sends news to one hook, whether it subscribes them or not.
    pub(super) fn send(
        &self,
        state: &mut State,
        hook: HookId,
        news: &News,
        guid: Option<String>,
        because: Option<EventId>,
    ) {
        let the_apps = hook == Hooks::of_the_app();
        // The App's deliveries draw as if there were no other hooks.
        let key = if the_apps {
            news.key.clone()
        } else {
            format!("{}@{hook}", news.key)
        };
        let guid = guid.unwrap_or_else(|| self.new_guid(state, &key));
        let payload = self.payload(state, hook, news);
        let (headers, body) = self.envelope(state, hook, news.event, &guid, &payload);
        let message = Arc::new(Message {
            hook,
            event: news.event.to_owned(),
            action: news.action.clone(),
            guid,
            job: news.job.clone(),
            repo: news.repo.as_ref().map(|repo| repo.name.clone()),
            installation_id: news.installation.filter(|_| the_apps),
            repository_id: news.repo.as_ref().map(|repo| repo.id),
            headers,
            payload,
            body,
            signed: Signed::Lab,
            key,
        });
        let dispatch = Dispatch {
            message,
            origin: Origin::Emitted,
            redelivery: false,
            delay: self.settings().webhook_delay,
            bend: true,
            because,
        };
        self.dispatch(state, dispatch);
    }

    /// The whole payload for one hook: only the App's names an installation.
    fn payload(&self, state: &State, hook: HookId, news: &News) -> Bytes {
        let settings = &self.settings().hooks;
        let mut out = String::with_capacity(news.head.len() + 9 * 1024);
        out.push_str(&news.head);
        out.push(',');
        match &news.repo {
            Some(repo) => out.push_str(&repo.payload_tail),
            None => self.push_sender(&mut out),
        }
        if let Some(organization) = self.organization_of(state, hook, news) {
            push_display(
                &mut out,
                format_args!(",\"organization\":{}", organization.in_payload),
            );
        }
        if settings.enterprise_in_payload && news.repo.is_some() {
            out.push_str(",\"enterprise\":");
            out.push_str(&enterprise(&html_base(&self.settings().base_url)));
        }
        let names_it = hook == Hooks::of_the_app() && !news.event.starts_with("installation");
        if let Some(id) = news.installation.filter(|_| names_it) {
            push_display(
                &mut out,
                format_args!(
                    ",\"installation\":{{\"id\":{id},\"node_id\":\"MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u{id}\"}}"
                ),
            );
        }
        out.push('}');
        Bytes::from(out)
    }

    fn push_sender(&self, out: &mut String) {
        let base = &self.settings().base_url;
        out.push_str("\"sender\":");
        out.push_str(&account("octocat", base, &html_base(base), "User"));
    }

    fn organization_of<'a>(
        &self,
        state: &'a State,
        hook: HookId,
        news: &News,
    ) -> Option<&'a Organization> {
        let repo = match &news.repo {
            Some(repo) if self.settings().hooks.organization_in_payload => repo,
            Some(_) => return None,
            None => {
                return match state.hooks.get(hook).map(|hook| &hook.home) {
                    Some(Home::Owner(Owner::Organization(organization))) => Some(organization),
                    _ => None,
                };
            }
        };
        let (login, _) = repo.name.split_once('/')?;
        let found = state.organizations.get(&login.to_lowercase())?;
        (!found.is_user).then_some(&**found)
    }

    pub(super) fn new_guid(&self, state: &mut State, base: &str) -> String {
        let key = state.delivery_key(&format!("{base}.guid"));
        guid(self.env(), &key, "guid")
    }

    /// The headers and the body that take this payload to this hook.
    pub(super) fn envelope(
        &self,
        state: &State,
        hook: HookId,
        event: &str,
        guid: &str,
        payload: &Bytes,
    ) -> (HeaderMap, Bytes) {
        let found = state.hooks.get(hook);
        let (kind, id) = match found.map(|hook| &hook.home) {
            None | Some(Home::App) => ("integration", self.settings().app_id),
            Some(Home::Owner(Owner::Repository(repo))) => ("repository", repo.id),
            Some(Home::Owner(Owner::Organization(of))) => ("organization", of.id),
        };
        let content_type = if wants_form(found) {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        let mut headers = HeaderMap::with_capacity(12);
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("accept", "*/*");
        set("content-type", content_type);
        set("user-agent", "GitHub-Hookshot/044aadd");
        set("x-github-delivery", guid);
        set("x-github-event", event);
        set("x-github-hook-id", &hook.0.to_string());
        set("x-github-hook-installation-target-id", &id.to_string());
        set("x-github-hook-installation-target-type", kind);
        (headers, encoded(found, payload))
    }
}

fn wants_form(hook: Option<&Hook>) -> bool {
    hook.is_some_and(|hook| hook.config.content_type == ContentType::Form)
}

/// A payload as this hook wants it.
pub(super) fn encoded(hook: Option<&Hook>, payload: &Bytes) -> Bytes {
    if wants_form(hook) {
        form_of(payload)
    } else {
        payload.clone()
    }
}

/// `payload=…`, the payload in the encoding of HTML forms.
fn form_of(payload: &[u8]) -> Bytes {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(payload.len() * 3 / 2);
    out.extend_from_slice(b"payload=");
    for &byte in payload {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => {
                let digit = |nibble: u8| DIGITS[usize::from(nibble)];
                out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    Bytes::from(out)
}

/// The enterprise that the lab's organisations belong to, if payloads are to name one.
fn enterprise(html: &str) -> String {
    format!(
        "{{\"id\":9001,\"slug\":\"octo-enterprise\",\"name\":\"Octo Enterprise\",\"node_id\":\"E_kgDNIyk\",\
         \"avatar_url\":\"{html}/avatars/b/9001?v=4\",\"description\":null,\"website_url\":null,\
         \"html_url\":\"{html}/enterprises/octo-enterprise\",\"created_at\":\"2024-01-01T00:00:00Z\",\
         \"updated_at\":\"2024-01-01T00:00:00Z\"}}"
    )
}
