//! From something that happens to the webhooks that tell of it: one to each hook that subscribes it.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use super::delivering::Dispatch;
use crate::{
    drawn_text::guid,
    github::{
        handle::Github,
        objects::job::{Look, workflow_job_head},
        state::{
            accounts::{
                account::{account, html_base},
                owner::Owner,
                repository::Repository,
            },
            hooks::{
                hook::{Home, Hooks},
                message::{Ending, Message, Payload, Sender},
            },
            records::State,
        },
    },
    history::{Origin, Signed},
    ids::{EventId, HookId, JobId},
    json_text::push_display,
    settings::ContentType,
};

/// Something that happened, before it is known which hooks hear of it.
pub(in crate::github) struct News {
    pub(in crate::github) event: &'static str,
    pub(in crate::github) action: Option<String>,
    /// The payload up to what all payloads end with: `{"action":…,"workflow_job":{…}`.
    pub(in crate::github) head: String,
    /// The base of the draw keys.
    pub(in crate::github) key: String,
    pub(in crate::github) job: Option<(JobId, String)>,
    pub(in crate::github) repo: Option<Arc<Repository>>,
    /// The App's, where it happened.
    pub(in crate::github) installation: Option<u64>,
}

impl Github {
    /// Emits the webhooks of something that happened to a job, and to its run with it.
    pub(in crate::github) fn emit(
        &self,
        state: &mut State,
        job: JobId,
        action: &str,
        because: EventId,
    ) {
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
        state.hooks.delivery_key(&format!("{}.guid", news.key));
        Some(self.payload(&state, Hooks::of_the_app(), &news).bytes())
    }

    fn job_news(&self, state: &State, job: JobId, action: &str) -> Option<News> {
        let found = state.runs.jobs.get(&job)?;
        let run = state.runs.by_id.get(&found.run)?;
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
    pub(in crate::github) fn broadcast(
        &self,
        state: &mut State,
        news: &News,
        because: Option<EventId>,
    ) {
        let listeners = state.hooks.listeners(
            &state.apps,
            news.event,
            news.repo.as_deref(),
            news.installation,
        );
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
    pub(in crate::github) fn send(
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
        let message = Arc::new(Message {
            sender: self.sender(state, hook),
            event: news.event.to_owned(),
            action: news.action.clone(),
            guid,
            job: news.job.clone(),
            repo: news.repo.as_ref().map(|repo| repo.name.clone()),
            installation_id: news.installation.filter(|_| the_apps),
            repository_id: news.repo.as_ref().map(|repo| repo.id),
            own_headers: HeaderMap::new(),
            payload,
            signed: Signed::Lab,
            key,
        });
        let dispatch = Dispatch {
            message,
            origin: Origin::Emitted,
            failed: None,
            redelivery: false,
            delay: self.settings().webhook_delay,
            bend: true,
            because,
        };
        self.dispatch(state, dispatch);
    }

    /// The payload for one hook: only the App's names an installation.
    fn payload(&self, state: &State, hook: HookId, news: &News) -> Payload {
        let names_it = hook == Hooks::of_the_app() && !news.event.starts_with("installation");
        if let Some(repo) = &news.repo {
            let ending = Ending {
                repo: repo.clone(),
                installation: news.installation.filter(|_| names_it),
            };
            return Payload::of_repository(news.head.clone(), ending);
        }
        let mut out = news.head.clone();
        self.push_sender(&mut out);
        if let Some(Home::Owner(Owner::Organization(organization))) =
            state.hooks.get(hook).map(|hook| &hook.home)
        {
            push_display(
                &mut out,
                format_args!(",\"organization\":{}", organization.in_payload),
            );
        }
        out.push('}');
        Payload::written(out.into_bytes())
    }

    fn push_sender(&self, out: &mut String) {
        let base = &self.settings().base_url;
        out.push_str(",\"sender\":");
        out.push_str(&account("octocat", base, &html_base(base), "User"));
    }

    pub(in crate::github) fn new_guid(&self, state: &mut State, base: &str) -> String {
        let key = state.hooks.delivery_key(&format!("{base}.guid"));
        guid(self.env(), &key, "guid")
    }

    /// A hook as what leaves through it now names it.
    pub(in crate::github) fn sender(&self, state: &State, hook: HookId) -> Sender {
        let found = state.hooks.get(hook);
        let (target_type, target_id) = match found.map(|hook| &hook.home) {
            None | Some(Home::App) => ("integration", self.settings().app_id),
            Some(Home::Owner(Owner::Repository(repo))) => ("repository", repo.id),
            Some(Home::Owner(Owner::Organization(of))) => ("organization", of.id),
        };
        Sender {
            hook,
            target_type,
            target_id,
            content_type: found.map_or(ContentType::Json, |hook| hook.config.content_type),
        }
    }
}
