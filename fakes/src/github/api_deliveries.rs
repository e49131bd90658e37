//! The endpoints of the App's webhook deliveries.

use super::{
    Github,
    delivering::Dispatch,
    delivery_log::Item,
    links::query_value,
    reply::{error, invalid_request, not_found},
};
use crate::{
    calls::{CallContext, Incoming, Reply},
    history::Origin,
    ids::DeliveryId,
};

impl Github {
    pub(super) fn list_deliveries(&self, request: &Incoming) -> Reply {
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

    pub(super) fn get_delivery(&self, delivery: u64) -> Reply {
        let state = self.state();
        match state.log.find(DeliveryId(delivery), self.now()) {
            Some(entry) => Reply::json(200, &Item::in_full(entry)),
            None => not_found(),
        }
    }

    /// The same webhook once more: same GUID, new id, at once.
    pub(super) fn redeliver_by_api(&self, delivery: u64, call: CallContext) -> Reply {
        let mut state = self.state();
        let Some(entry) = state.log.find(DeliveryId(delivery), self.now()) else {
            return not_found();
        };
        let again = Dispatch::again(entry.message.clone(), Origin::Repeated, call.received);
        self.dispatch(&mut state, again);
        Reply::text(202, "{}".to_owned()).with_effect()
    }
}
