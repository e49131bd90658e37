//! The headers of an answer: those every answer has, and the `Link` that leads through a listing.

use serde_json::Value;

use super::{
    description::Operation,
    lab::Answer,
    violation::{Violation, shortened},
};

const NUMBERS: [&str; 4] = [
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-used",
    "x-ratelimit-reset",
];
const TEXTS: [&str; 3] = ["x-ratelimit-resource", "x-github-request-id", "date"];
/// What pages and files are.
const OTHER_KINDS: [&str; 3] = [
    "text/html; charset=utf-8",
    "text/plain; charset=utf-8",
    "application/zip",
];
/// Where the fake says it lives.
const BASE_URL: &str = "https://api.github.com";

/// What is wrong with the headers of a page or a file.
pub(crate) fn check_of_no_api(answer: &Answer) -> Vec<Violation> {
    let mut found = Vec::new();
    let kind = answer.header("content-type");
    if answer.status == 200 && !OTHER_KINDS.contains(&kind) {
        let rule = format!("header content-type: is one of {OTHER_KINDS:?}");
        found.push(Violation::whole(rule, kind));
    }
    for name in NUMBERS {
        if answer.headers.contains_key(name) {
            let rule = format!("header {name}: nothing outside the API counts");
            found.push(Violation::whole(rule, answer.header(name)));
        }
    }
    found
}

/// What is wrong with the headers every answer of the API has.
pub(crate) fn check(answer: &Answer) -> Vec<Violation> {
    let kind = answer.header("content-type");
    let mut found = Vec::new();
    let mut expect = |holds: bool, rule: &str, header: &str| {
        if !holds {
            let rule = format!("header {header}: {rule}");
            found.push(Violation::whole(
                rule,
                format!("{:?}", answer.header(header)),
            ));
        }
    };
    for name in NUMBERS {
        expect(
            answer.header(name).parse::<u64>().is_ok(),
            "is a number",
            name,
        );
    }
    for name in TEXTS {
        let values = answer.headers.get_all(name).iter().count();
        expect(
            values == 1 && !answer.header(name).is_empty(),
            "is there once",
            name,
        );
    }
    if answer.body.is_null() {
        expect(kind.is_empty(), "nothing has no type", "content-type");
    } else {
        let json = kind == "application/json; charset=utf-8";
        expect(json, "is application/json; charset=utf-8", "content-type");
    }
    if (300..400).contains(&answer.status) && answer.status != 304 {
        let location = answer.header("location");
        expect(
            location.starts_with("http"),
            "a redirection says where to",
            "location",
        );
    }
    found
}

/// What is wrong with the `Link` header.
pub(crate) fn check_links(
    path: &str,
    asked: &str,
    answer: &Answer,
    operation: &Operation<'_>,
) -> Vec<Violation> {
    let header = answer.header("link");
    let links = match parse(header) {
        Ok(links) => links,
        Err(rule) => return vec![Violation::whole(format!("header link: {rule}"), header)],
    };
    let mut found = Vec::new();
    let mut expect = |holds: bool, rule: &str| {
        if !holds {
            let rule = format!("header link: {rule}");
            found.push(Violation::whole(rule, format!("{header:?}")));
        }
    };
    let queries = operation.query_names();
    let paged = ["page", "cursor", "after"]
        .iter()
        .any(|name| queries.contains(name));
    expect(links.is_empty() || paged, "only a listing has links");
    for (url, _) in &links {
        let own = url
            .strip_prefix(BASE_URL)
            .map(|rest| rest.strip_prefix("/api/v3").unwrap_or(rest))
            .and_then(|rest| rest.split_once('?'));
        let Some((target, query)) = own else {
            expect(false, "leads to the fake's own address and has parameters");
            continue;
        };
        expect(target == path, "leads to the same path");
        let named = |part: &str| queries.contains(&part.split('=').next().unwrap_or_default());
        expect(query.split('&').all(named), "has known parameters only");
    }
    if let Some(expected) = is_continued(asked, &answer.body) {
        let continued = links.iter().any(|(_, rel)| rel == "next");
        expect(
            continued == expected,
            "there is a next page if and only if the listing goes on",
        );
    }
    found
}

/// `<url>; rel="next", …`
fn parse(header: &str) -> Result<Vec<(String, String)>, &'static str> {
    let mut links: Vec<(String, String)> = Vec::new();
    for link in header.split(", ").filter(|link| !link.is_empty()) {
        let parts = link
            .strip_prefix('<')
            .and_then(|link| link.strip_suffix('"'))
            .and_then(|link| link.split_once(">; rel=\""));
        let (url, rel) = parts.ok_or("is a list of <url>; rel=\"…\"")?;
        if !["first", "prev", "next", "last"].contains(&rel) {
            return Err("leads to the first, prev, next or last page");
        }
        if links.iter().any(|(_, known)| known == rel) {
            return Err("leads to each page once");
        }
        links.push((url.to_owned(), rel.to_owned()));
    }
    Ok(links)
}

/// Whether a listing with a total has more after this page.
fn is_continued(asked: &str, body: &Value) -> Option<bool> {
    let total = body["total_count"].as_u64()?;
    let items = body
        .as_object()?
        .values()
        .find_map(Value::as_array)
        .map_or(0, Vec::len);
    let parameter = |name: &str, default: u64| {
        let query = asked.split_once('?').map_or("", |(_, query)| query);
        let value = query
            .split('&')
            .find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        value
            .and_then(|value| value.parse::<u64>().ok())
            .unwrap_or(default)
    };
    let per_page = parameter("per_page", 30).clamp(1, 100);
    let before = (parameter("page", 1) - 1) * per_page;
    assert!(
        items as u64 <= per_page,
        "a page of {items} items: {}",
        shortened(body)
    );
    Some(before + (items as u64) < total)
}
