//! The endpoints of the App's webhook deliveries.

use super::{
    Github,
    delivering::Dispatch,
    delivery_log::Item,
    links::query_value,
    reply::{error, invalid_request, not_found},
    route::{Access, Ask, Route},
};
use crate::{calls::Reply, history::Origin, ids::DeliveryId};

pub(super) const ROUTES: &[Route] = &[
    Route::get(
        "/app/hook/deliveries",
        "github.list-deliveries",
        Access::App(Github::list_deliveries),
    ),
    Route::get(
        "/app/hook/deliveries/{delivery_id}",
        "github.get-delivery",
        Access::App(Github::get_delivery),
    ),
    Route::post(
        "/app/hook/deliveries/{delivery_id}/attempts",
        "github.redeliver",
        Access::App(Github::redeliver_by_api),
    ),
];

impl Github {
    fn list_deliveries(&self, ask: &Ask<'_>) -> Reply {
        let request = ask.request;
        let succeeded = match query_value(request, "status").as_deref() {
            None => None,
            Some("success") => Some(true),
            Some("failure") => Some(false),
            Some(_) => return invalid_request("status must be success or failure."),
        };
        let before = match query_value(request, "cursor") {
            None => u64::MAX,
            Some(cursor) => match cursor
                .strip_prefix("v1_")
                .and_then(|place| place.parse().ok())
            {
                Some(place) => place,
                None => return error(400, "Invalid cursor"),
            },
        };
        let per_page = self.per_page(request);
        let state = self.state();
        let mut rest = state
            .log
            .shown(self.now())
            .filter(|(place, entry)| {
                *place < before && succeeded.is_none_or(|wanted| entry.succeeded() == wanted)
            })
            .peekable();
        let shown: Vec<_> = rest.by_ref().take(per_page).collect();
        let items: Vec<Item<'_>> = shown.iter().map(|(_, entry)| Item::of(entry)).collect();
        let reply = Reply::json(200, &items);
        match (shown.last(), rest.peek()) {
            (Some((place, _)), Some(_)) => {
                let url = self.link(request, "cursor", &format!("v1_{place}"));
                reply.with_header("link", format!("<{url}>; rel=\"next\""))
            }
            _ => reply,
        }
    }

    fn get_delivery(&self, ask: &Ask<'_>) -> Reply {
        let delivery = ask.number("delivery_id");
        let state = self.state();
        match state.log.find(DeliveryId(delivery), self.now()) {
            Some(entry) => Reply::json(200, &Item::in_full(entry)),
            None => not_found(),
        }
    }

    /// The same webhook once more: same GUID, new id, at once.
    fn redeliver_by_api(&self, ask: &Ask<'_>) -> Reply {
        let (delivery, call) = (ask.number("delivery_id"), ask.call);
        let mut state = self.state();
        let Some(entry) = state.log.find(DeliveryId(delivery), self.now()) else {
            return not_found();
        };
        let again = Dispatch::again(entry.message.clone(), Origin::Repeated, call.received);
        self.dispatch(&mut state, again);
        Reply::text(202, "{}".to_owned()).with_effect()
    }
}
