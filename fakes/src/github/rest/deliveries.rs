//! The endpoints of webhook deliveries: the App's, and those of the hooks of repositories and organisations.

use super::{
    pages::query_value,
    route::{Access, Ask, Permission, Route},
};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::{
            invalid::Invalid,
            refusal::{Answer, Refusal},
        },
        state::{
            accounts::owner::Owner,
            hooks::{hook::Hooks, log::Item},
        },
        webhooks::delivering::Dispatch,
    },
    history::Origin,
    ids::{DeliveryId, HookId},
};

const OF_REPOSITORY: Permission = Permission::read("repository_hooks");
const OF_ORGANIZATION: Permission = Permission::read("organization_hooks");

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/app/hook/deliveries",
        "github.list-deliveries",
        Access::App(|github, ask| github.list_deliveries(Hooks::of_the_app(), ask)),
    ),
    Route::get(
        "/app/hook/deliveries/{delivery_id}",
        "github.get-delivery",
        Access::App(|github, ask| github.get_delivery(Hooks::of_the_app(), ask)),
    ),
    Route::post(
        "/app/hook/deliveries/{delivery_id}/attempts",
        "github.redeliver",
        Access::App(|github, ask| github.redeliver_by_api(Hooks::of_the_app(), ask)),
    ),
    Route::get(
        "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries",
        "github.list-deliveries",
        Access::Repository(OF_REPOSITORY, |github, of, ask| {
            github.with_hook(&Owner::Repository(of.clone()), ask, Github::list_deliveries)
        }),
    ),
    Route::get(
        "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}",
        "github.get-delivery",
        Access::Repository(OF_REPOSITORY, |github, of, ask| {
            github.with_hook(&Owner::Repository(of.clone()), ask, Github::get_delivery)
        }),
    ),
    Route::post(
        "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
        "github.redeliver",
        Access::Repository(Permission::write("repository_hooks"), |github, of, ask| {
            github.with_hook(
                &Owner::Repository(of.clone()),
                ask,
                Github::redeliver_by_api,
            )
        }),
    ),
    Route::get(
        "/orgs/{org}/hooks/{hook_id}/deliveries",
        "github.list-deliveries",
        Access::Organization(OF_ORGANIZATION, |github, of, ask| {
            github.with_hook(
                &Owner::Organization(of.clone()),
                ask,
                Github::list_deliveries,
            )
        }),
    ),
    Route::get(
        "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}",
        "github.get-delivery",
        Access::Organization(OF_ORGANIZATION, |github, of, ask| {
            github.with_hook(&Owner::Organization(of.clone()), ask, Github::get_delivery)
        }),
    ),
    Route::post(
        "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
        "github.redeliver",
        Access::Organization(
            Permission::write("organization_hooks"),
            |github, of, ask| {
                github.with_hook(
                    &Owner::Organization(of.clone()),
                    ask,
                    Github::redeliver_by_api,
                )
            },
        ),
    ),
];

impl Github {
    /// Answers for the hook of the path, if it is this owner's.
    pub(in crate::github) fn with_hook(
        &self,
        owner: &Owner,
        ask: &Ask<'_>,
        answer: fn(&Self, HookId, &Ask<'_>) -> Answer,
    ) -> Answer {
        let id = HookId(ask.number("hook_id"));
        let known = self
            .state()
            .hooks
            .get(id)
            .is_some_and(|hook| hook.belongs_to(owner));
        if known {
            answer(self, id, ask)
        } else {
            Err(Refusal::NotFound)
        }
    }

    fn list_deliveries(&self, hook: HookId, ask: &Ask<'_>) -> Answer {
        let request = ask.request;
        let succeeded = match query_value(request, "status").as_deref() {
            None => None,
            Some("success") => Some(true),
            Some("failure") => Some(false),
            Some(_) => return Err(Invalid::DeliveryStatus.into()),
        };
        let before = match query_value(request, "cursor") {
            None => u64::MAX,
            Some(cursor) => match cursor
                .strip_prefix("v1_")
                .and_then(|place| place.parse().ok())
            {
                Some(place) => place,
                None => return Err(Refusal::Cursor),
            },
        };
        let per_page = self.per_page(request);
        let state = self.state();
        let mut rest = state
            .hooks
            .log
            .shown_of(hook, before, self.now())
            .filter(|(_, entry)| succeeded.is_none_or(|wanted| entry.succeeded() == wanted))
            .peekable();
        let shown: Vec<_> = rest.by_ref().take(per_page).collect();
        let items: Vec<Item<'_>> = shown.iter().map(|(_, entry)| Item::of(entry)).collect();
        let reply = Reply::json(200, &items);
        Ok(match (shown.last(), rest.peek()) {
            (Some((place, _)), Some(_)) => {
                let url = self.link(request, "cursor", &format!("v1_{place}"));
                reply.with_header("link", format!("<{url}>; rel=\"next\""))
            }
            _ => reply,
        })
    }

    fn get_delivery(&self, hook: HookId, ask: &Ask<'_>) -> Answer {
        let delivery = ask.number("delivery_id");
        let state = self.state();
        match state.hooks.log.find(hook, DeliveryId(delivery), self.now()) {
            Some(entry) => Ok(Reply::json(200, &Item::in_full(entry))),
            None => Err(Refusal::NotFound),
        }
    }

    /// The same webhook once more: same GUID, new id, at once.
    fn redeliver_by_api(&self, hook: HookId, ask: &Ask<'_>) -> Answer {
        let (delivery, call) = (ask.number("delivery_id"), ask.call);
        let mut state = self.state();
        let Some(entry) = state.hooks.log.find(hook, DeliveryId(delivery), self.now()) else {
            return Err(Refusal::NotFound);
        };
        let again = Dispatch::again(entry.message.clone(), Origin::Repeated, call.received);
        self.dispatch(&mut state, again);
        Ok(Reply::text(202, "{}".to_owned()).with_effect())
    }
}
