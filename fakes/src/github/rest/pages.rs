//! Pages of a listing, and the `Link` header that leads through them.

use std::borrow::Cow;

use crate::{
    calls::{Incoming, Reply},
    github::handle::Github,
    percent::decoded_of_form,
};

/// One page of something.
pub(in crate::github) struct Page {
    pub(in crate::github) number: usize,
    pub(in crate::github) per_page: usize,
}

impl Page {
    /// How many items are on the pages before this one.
    pub(in crate::github) fn first(&self) -> usize {
        (self.number - 1).saturating_mul(self.per_page)
    }

    /// The part of `items` that is on this page.
    pub(in crate::github) fn of<T>(&self, items: Vec<T>) -> Vec<T> {
        items
            .into_iter()
            .skip(self.first())
            .take(self.per_page)
            .collect()
    }
}

/// The value of a query parameter, decoded.
pub(in crate::github) fn query_value(request: &Incoming, name: &str) -> Option<String> {
    // Nothing is decoded that is not asked for, but for a key that hides its name: such a one is longer.
    let hides = |key: &str| key.len() > name.len() && key.contains('%');
    parts(&request.query).find_map(|(key, value)| {
        let is_it = key == name || (hides(key) && decoded_of_form(key) == name);
        is_it.then(|| decoded_of_form(value))
    })
}

/// The keys and values of a query string, as they are written.
fn parts(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// Several of them at once.
pub(in crate::github) fn query_values<const N: usize>(
    request: &Incoming,
    names: [&str; N],
) -> [Option<String>; N] {
    let mut values = [const { None }; N];
    for (key, value) in parts(&request.query) {
        let plain = if key.contains('%') {
            Cow::Owned(decoded_of_form(key))
        } else {
            Cow::Borrowed(key)
        };
        let place = names.iter().position(|name| **name == *plain);
        if let Some(found) = place.and_then(|place| values.get_mut(place))
            && found.is_none()
        {
            *found = Some(decoded_of_form(value));
        }
    }
    values
}

/// All parameters of a query string, decoded.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    parts(query).map(|(key, value)| (decoded_of_form(key), decoded_of_form(value)))
}

impl Github {
    pub(in crate::github) fn per_page(&self, request: &Incoming) -> usize {
        let wanted = query_value(request, "per_page")
            .and_then(|text| text.parse().ok())
            .unwrap_or(30);
        wanted.clamp(1, self.settings().page_size_max.max(1)) as usize
    }

    pub(in crate::github) fn page(&self, request: &Incoming) -> Page {
        let number = query_value(request, "page")
            .and_then(|text| text.parse().ok())
            .unwrap_or(1);
        Page {
            number: std::cmp::max(number, 1),
            per_page: self.per_page(request),
        }
    }

    /// Adds the `Link` header for a listing of `total` items.
    pub(in crate::github) fn with_links(
        &self,
        reply: Reply,
        request: &Incoming,
        page: &Page,
        total: usize,
    ) -> Reply {
        let last = total.div_ceil(page.per_page).max(1);
        let mut links = Vec::new();
        let mut add = |number: usize, rel: &str| {
            let url = self.link(request, "page", &number.to_string());
            links.push(format!("<{url}>; rel=\"{rel}\""));
        };
        if page.number > 1 {
            add(page.number - 1, "prev");
        }
        if page.number < last {
            add(page.number + 1, "next");
            add(last, "last");
        }
        if page.number > 1 {
            add(1, "first");
        }
        if links.is_empty() {
            reply
        } else {
            reply.with_header("link", links.join(", "))
        }
    }

    /// The request's own URL with one parameter set.
    pub(in crate::github) fn link(&self, request: &Incoming, name: &str, value: &str) -> String {
        let base = &self.settings().base_url;
        // A base that already ends in the prefix must not get it twice.
        let path = if base.ends_with("/api/v3") {
            request
                .path
                .strip_prefix("/api/v3")
                .unwrap_or(&request.path)
        } else {
            &request.path
        };
        let mut query: Vec<&str> = request
            .query
            .split('&')
            .filter(|part| !part.is_empty() && part.split('=').next() != Some(name))
            .collect();
        let own = format!("{name}={value}");
        query.push(&own);
        format!("{base}{path}?{}", query.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_parameters_are_decoded_and_may_repeat() {
        let pairs: Vec<_> = query_pairs("stage=RUNNING&stage=ERROR&label=k%3Dv+w&flag").collect();
        let text = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            pairs,
            [
                text("stage", "RUNNING"),
                text("stage", "ERROR"),
                text("label", "k=v w"),
                text("flag", "")
            ]
        );
    }
}
