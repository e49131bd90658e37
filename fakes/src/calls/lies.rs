//! Lies in honest answers: false values, missing items, slipped pages, bodies that break off, streams that stall.
//!
//! They work on the JSON text of whatever a fake answers, so every route of both fakes can lie.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use vocabulary::{EffectKind, JsonPath, Listed, Omit, OnAnswer, Pretended};

use super::{Calls, Incoming, Reply, reply::Cut};
use crate::{
    env::Env,
    faults::{Strike, Subject},
    github::query_pairs,
    ids::EventId,
    json_path::{Opened, set_at},
};

/// Listings that are being paged through at once, at most; older ones are forgotten.
const LISTINGS_MAX: usize = 64;

/// Of each listing an item of the page last answered. Kept only while a rule could slip pages.
pub(super) type Pages = Arc<Mutex<BTreeMap<String, String>>>;

impl Calls {
    /// Bends the honest answer as the rules say, and records what they did. Gives the last event.
    pub(super) fn lie(
        &self,
        reply: &mut Reply,
        request: &Incoming,
        subject: &Subject<'_>,
        because: EventId,
    ) -> EventId {
        let strikes = self.faults.strike_where(subject, |strike, strikes| {
            self.tell(strike, strikes, reply, request, subject)
        });
        if self.faults.threatens(subject, EffectKind::ReorderList) {
            self.keep_page(reply, request, subject);
        }
        strikes.iter().fold(because, |because, strike| {
            self.faults.applied(strike, subject, Some(because))
        })
    }

    /// Changes the reply if the lie `strikes`; false if it changes nothing in it.
    fn tell(
        &self,
        strike: &Strike<OnAnswer>,
        strikes: bool,
        reply: &mut Reply,
        request: &Incoming,
        subject: &Subject<'_>,
    ) -> bool {
        let drawn = |span, what| self.env.within(span, subject.entity, &strike.purpose(what));
        let mut cut_short = |cut| {
            if strikes {
                reply.cut_short(cut)
            } else {
                reply.can_be_cut_short()
            }
        };
        match &strike.effect {
            OnAnswer::Truncate if strikes => reply.break_off(),
            OnAnswer::Truncate => reply.can_break_off(),
            OnAnswer::Stall(stall) => cut_short(Cut::Stalls(drawn(stall.after, "stall"))),
            OnAnswer::EndEarly(end) => cut_short(Cut::Ends(drawn(end.after, "end_early"))),
            OnAnswer::Pretend(values) => {
                rewritten(reply, strikes, |honest| pretend(honest, values))
            }
            OnAnswer::Omit(omit) => rewritten(reply, strikes, |honest| {
                omitted(honest, *omit, &self.env, strike)
            }),
            OnAnswer::ReorderList(Listed) => rewritten(reply, strikes, |honest| {
                self.slipped(honest, strike, request, subject)
            }),
        }
    }

    /// This page with an item of the page before in the place of one of its own.
    fn slipped(
        &self,
        page: &str,
        strike: &Strike<OnAnswer>,
        request: &Incoming,
        subject: &Subject<'_>,
    ) -> Option<String> {
        let (listing, is_first) = place_in_listing(request);
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = pages.get(&listing).filter(|_| !is_first)?;
        let mut listed = Listing::read(page)?;
        // An item that came along by itself is no slip.
        if listed.items.iter().any(|item| id_of(item) == id_of(seen)) {
            return None;
        }
        let at = drawn_index(
            &self.env,
            listed.items.len(),
            subject.entity,
            &strike.purpose("reorder"),
        )?;
        listed.items[at] = Cow::Borrowed(seen);
        Some(listed.to_text())
    }

    /// Keeps an item of this page for the next one to show again.
    fn keep_page(&self, reply: &Reply, request: &Incoming, subject: &Subject<'_>) {
        let page = std::str::from_utf8(&reply.body)
            .ok()
            .and_then(Listing::read);
        let Some(page) = page else {
            return;
        };
        let Some(at) = drawn_index(&self.env, page.items.len(), subject.entity, "page.kept") else {
            return;
        };
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let (listing, _) = place_in_listing(request);
        pages.insert(listing, page.items[at].clone().into_owned());
        while pages.len() > LISTINGS_MAX {
            pages.pop_first();
        }
    }
}

/// Which listing a request pages through, and whether it asks for the first page.
fn place_in_listing(request: &Incoming) -> (String, bool) {
    let mut listing = request.path.clone();
    let mut is_first = true;
    for (key, value) in query_pairs(&request.query) {
        match key.as_str() {
            "page" => is_first &= value == "1",
            "cursor" => is_first = false,
            _ => listing.push_str(&format!("&{key}={value}")),
        }
    }
    (listing, is_first)
}

/// Puts what the lie makes of the honest answer in its place, if it strikes; false if it changes nothing.
fn rewritten(reply: &mut Reply, strikes: bool, lie: impl FnOnce(&str) -> Option<String>) -> bool {
    let Some(bent) = std::str::from_utf8(&reply.body).ok().and_then(lie) else {
        return false;
    };
    if strikes {
        reply.body = Bytes::from(bent);
    }
    true
}

fn drawn_index(env: &Env, length: usize, entity: &str, purpose: &str) -> Option<usize> {
    let length = u64::try_from(length).ok().filter(|length| *length > 0)?;
    usize::try_from(env.draw.bits(entity, purpose) % length).ok()
}

fn pretend(honest: &str, values: &Pretended) -> Option<String> {
    let mut bent: Option<String> = None;
    for (path, value) in &values.0 {
        let value = value.to_string();
        let text = bent.as_deref().unwrap_or(honest);
        if let Some(in_items) = path
            .is_one_key()
            .then(|| pretend_in_items(text, path, &value))
            .flatten()
        {
            bent = Some(in_items);
        }
        let text = bent.as_deref().unwrap_or(honest);
        if let Some(changed) = set_at(path, text, &value) {
            bent = Some(changed);
        }
    }
    bent
}

fn pretend_in_items(json: &str, path: &JsonPath, value: &str) -> Option<String> {
    let mut listing = Listing::read(json)?;
    let mut changed = false;
    for item in &mut listing.items {
        if let Some(bent) = set_at(path, item, value) {
            *item = Cow::Owned(bent);
            changed = true;
        }
    }
    changed.then(|| listing.to_text())
}

fn omitted(honest: &str, omit: Omit, env: &Env, strike: &Strike<OnAnswer>) -> Option<String> {
    let mut listing = Listing::read(honest)?;
    let before = listing.items.len();
    listing.items.retain(|item| match omit {
        Omit::All => false,
        Omit::Share(share) => !env.happens(
            share,
            &format!("item {}", id_of(item)),
            &strike.purpose("omit"),
        ),
    });
    let missing = before - listing.items.len();
    (missing > 0).then(|| {
        listing.uncount(missing);
        listing.to_text()
    })
}

/// The id of an item of a listing, as text; an item without one is known by all it says.
fn id_of(item: &str) -> String {
    #[derive(Deserialize)]
    struct WithId<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    serde_json::from_str::<WithId<'_>>(item)
        .map_or_else(|_| item.to_owned(), |found| found.id.get().to_owned())
}

/// An answer that lists items: a list, or an object with `total_count` and one list.
struct Listing<'a> {
    frame: Vec<(String, Cow<'a, str>)>,
    items: Vec<Cow<'a, str>>,
}

/// Marks the place of the items in the frame; no JSON value is empty.
const ITEMS: Cow<'static, str> = Cow::Borrowed("");

impl<'a> Listing<'a> {
    fn read(json: &'a str) -> Option<Self> {
        let mut frame = match Opened::read(json)? {
            Opened::List(items) => {
                return Some(Self {
                    frame: Vec::new(),
                    items,
                });
            }
            Opened::Object(members) => members,
        };
        frame.iter().find(|(name, _)| name == "total_count")?;
        let mut lists = frame.iter_mut().filter(|(_, value)| value.starts_with('['));
        let (Some((_, list)), None) = (lists.next(), lists.next()) else {
            return None;
        };
        let Cow::Borrowed(text) = std::mem::replace(list, ITEMS) else {
            return None;
        };
        let Some(Opened::List(items)) = Opened::read(text) else {
            return None;
        };
        Some(Self { frame, items })
    }

    /// Takes so many off `total_count`, so that the answer does not give its lie away.
    fn uncount(&mut self, missing: usize) {
        for (_, value) in self
            .frame
            .iter_mut()
            .filter(|(name, _)| name == "total_count")
        {
            if let Ok(total) = value.parse::<usize>() {
                *value = Cow::Owned(total.saturating_sub(missing).to_string());
            }
        }
    }

    fn to_text(&self) -> String {
        let items = Opened::List(self.items.clone()).to_text();
        if self.frame.is_empty() {
            return items;
        }
        let filled = self.frame.iter().map(|(name, value)| {
            let value = if value.is_empty() {
                Cow::Borrowed(items.as_str())
            } else {
                value.clone()
            };
            (name.clone(), value)
        });
        Opened::Object(filled.collect()).to_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pretended(json: &str, path: &str, value: &serde_json::Value) -> Option<String> {
        pretend(json, &Pretended::from([(path, value.clone())]))
    }

    #[test]
    fn one_key_means_the_items_of_a_listing_and_the_answer_itself_but_nothing_deeper() {
        let runner = r#"{"id":1,"busy":true,"labels":[{"name":"a","busy":true}]}"#;
        let listing = format!(r#"{{"total_count":1,"runners":[{runner}]}}"#);
        let no = serde_json::Value::Bool(false);
        let lie = runner.replacen("true", "false", 1);
        assert_eq!(pretended(runner, "busy", &no).unwrap(), lie);
        assert_eq!(
            pretended(&listing, "busy", &no).unwrap(),
            listing.replace(runner, &lie)
        );
        assert_eq!(
            pretended(&listing, "total_count", &0.into()).unwrap(),
            listing.replace("\"total_count\":1", "\"total_count\":0")
        );
        assert_eq!(pretended(&lie, "busy", &no), None, "it says so already");
    }
}
