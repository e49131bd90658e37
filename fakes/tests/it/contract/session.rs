//! A world whose every answer is held against GitHub's description, and notes on what was asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::body::Body;
use fakes::{
    Settings,
    github::{RouteInfo, routes},
};
use http::Request;
use serde_json::Value;

use super::{
    description::{Description, Operation, check_basic_error},
    exceptions::UNDESCRIBED,
    headers,
    lab::{Answer, Lab, Received, form},
    schema::Keys,
    violation::Violation,
};

/// What an App needs to be let in by every route, beside what the lab's App has.
const PERMISSIONS: [&str; 6] = [
    "actions",
    "checks",
    "deployments",
    "organization_hooks",
    "organization_self_hosted_runners",
    "repository_hooks",
];

/// What was seen in all worlds of a session.
#[derive(Default)]
struct Notes {
    labs: Vec<Lab>,
    /// Statuses by `METHOD /template`.
    answered: BTreeMap<String, BTreeSet<u16>>,
    /// What is wrong by where and what; with the first example and how often it was met.
    violations: BTreeMap<(String, String), (String, usize)>,
}

/// One world of a session. Clones share it; worlds beside it share its notes.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) lab: Lab,
    notes: Arc<Mutex<Notes>>,
}

/// Somebody with a credential.
#[derive(Clone)]
pub(crate) struct Caller {
    session: Session,
    authorization: Option<String>,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self::in_world(Arc::default(), |_| {})
    }

    /// Another world, whose answers go into the same notes.
    pub(crate) fn beside(&self, change: impl FnOnce(&mut Settings)) -> Self {
        Self::in_world(self.notes.clone(), change)
    }

    fn in_world(notes: Arc<Mutex<Notes>>, change: impl FnOnce(&mut Settings)) -> Self {
        let lab = Lab::with(|settings| {
            let granted = &mut settings.github.app.permissions;
            for name in PERMISSIONS {
                granted.insert(name.to_owned(), "write".to_owned());
            }
            change(settings);
        });
        notes.lock().unwrap().labs.push(lab.clone());
        Self { lab, notes }
    }

    /// The App, by its JWT.
    pub(crate) fn app(&self) -> Caller {
        self.caller(Some(self.lab.jwt()))
    }

    /// The App's installation on the owner of `octo/app`, with all its permissions.
    pub(crate) async fn installation(&self) -> Caller {
        self.caller(Some(self.lab.token().await))
    }

    /// Whoever has this as `Authorization`.
    pub(crate) fn caller(&self, authorization: Option<String>) -> Caller {
        Caller {
            session: self.clone(),
            authorization,
        }
    }

    /// Submits an HTML form of the web site, which is no part of the described API.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::builder()
            .method("POST")
            .uri(path)
            .header("user-agent", "contract-test/1")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form(fields)))
            .unwrap();
        let answer = self.lab.github_raw(request).await;
        let asked = Asked {
            method: "POST",
            path,
            body: &Value::Null,
        };
        let name = key(&asked.route().unwrap());
        let mut notes = self.notes.lock().unwrap();
        notes
            .answered
            .entry(name)
            .or_default()
            .insert(answer.status);
        answer
    }

    /// The statuses a route was seen to answer with.
    pub(crate) fn answered(&self, route: &RouteInfo) -> BTreeSet<u16> {
        let notes = self.notes.lock().unwrap();
        notes.answered.get(&key(route)).cloned().unwrap_or_default()
    }

    /// Every webhook of every world of the session.
    pub(crate) fn received(&self) -> Vec<Received> {
        let notes = self.notes.lock().unwrap();
        notes.labs.iter().flat_map(Lab::received).collect()
    }

    /// Notes what is wrong with something called `name`, met at `example`.
    pub(crate) fn note(&self, name: &str, example: &str, violations: Vec<Violation>) {
        let mut notes = self.notes.lock().unwrap();
        for Violation { rule, found } in violations {
            let first = || (format!("{found}\n      in {example}"), 0);
            let known = notes.violations.entry((name.to_owned(), rule));
            known.or_insert_with(first).1 += 1;
        }
    }

    /// Fails with everything that was noted.
    pub(crate) fn assert_nothing_is_wrong(&self) {
        let notes = self.notes.lock().unwrap();
        let mut report = String::new();
        let mut last = "";
        for ((name, rule), (example, count)) in &notes.violations {
            if name != last {
                report.push_str(&format!("\n{name}\n"));
                last = name;
            }
            report.push_str(&format!("    {rule}\n      {example}, {count} times\n"));
        }
        assert!(report.is_empty(), "\n{report}");
    }
}

impl Caller {
    pub(crate) async fn get(&self, status: u16, path: &str) -> Answer {
        self.ask(status, "GET", path, &Value::Null).await
    }

    pub(crate) async fn post(&self, status: u16, path: &str, body: Value) -> Answer {
        self.ask(status, "POST", path, &body).await
    }

    pub(crate) async fn delete(&self, status: u16, path: &str) -> Answer {
        self.ask(status, "DELETE", path, &Value::Null).await
    }

    pub(crate) async fn put(&self, status: u16, path: &str, body: Value) -> Answer {
        self.ask(status, "PUT", path, &body).await
    }

    pub(crate) async fn patch(&self, status: u16, path: &str, body: Value) -> Answer {
        self.ask(status, "PATCH", path, &body).await
    }

    /// Asks, expects this status, and holds the answer against GitHub's description.
    pub(crate) async fn ask(&self, status: u16, method: &str, path: &str, body: &Value) -> Answer {
        let answer = self.ask_openly(method, path, body).await;
        if answer.status != status {
            let found = format!("{}: {}", answer.status, answer.body);
            let violation = Violation::whole(format!("the session expects {status}"), found);
            let name = format!("{method} {path}");
            self.session.note(&name, &name, vec![violation]);
        }
        answer
    }

    /// The same without an expectation of the status.
    pub(crate) async fn ask_openly(&self, method: &str, path: &str, body: &Value) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", "contract-test/1");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let bytes = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let answer = self
            .session
            .lab
            .github_raw(request.body(bytes).unwrap())
            .await;
        let asked = Asked { method, path, body };
        let example = format!("{method} {path} {} -> {}", asked.body_text(), answer.status);
        let (name, violations) = match asked.route() {
            Some(route) => {
                let name = key(&route);
                let mut notes = self.session.notes.lock().unwrap();
                let statuses = notes.answered.entry(name.clone()).or_default();
                statuses.insert(answer.status);
                (name, asked.check(&route, &answer))
            }
            None => (
                "no route".to_owned(),
                check_refusal(&answer, &[404, 301, 307]),
            ),
        };
        let name = format!("{name} -> {}", answer.status);
        self.session.note(&name, &example, violations);
        answer
    }
}

/// `METHOD /template`.
pub(crate) fn key(route: &RouteInfo) -> String {
    format!("{} {}", route.method, route.path)
}

/// The routes that can be held against a description, or at least asked like the API. What only runners say is the
/// lab's own ([`fakes::Surface::Runner`]); the stand-in that says it is the test of it.
pub(crate) fn described_routes() -> impl Iterator<Item = RouteInfo> {
    routes().filter(|route| route.surface != fakes::Surface::Runner)
}

/// The call GitHub describes for a route. A few have none, for the reasons given with [`UNDESCRIBED`].
pub(crate) fn operation(route: &RouteInfo) -> Option<Operation<'static>> {
    Description::rest().call(route.method.as_str(), route.path)
}

/// A request, as far as the description has a say.
struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    body: &'a Value,
}

impl Asked<'_> {
    fn body_text(&self) -> String {
        if self.body.is_null() {
            String::new()
        } else {
            super::violation::shortened(self.body)
        }
    }

    /// The path without the query and without the prefix of enterprise servers.
    fn bare_path(&self) -> &str {
        let path = self.path.split('?').next().unwrap_or_default();
        path.strip_prefix("/api/v3").unwrap_or(path)
    }

    /// The path of what is asked for: `/repositories/{id}/…` is a repository's other address.
    fn path_by_name(&self) -> String {
        let path = self.bare_path();
        let Some(rest) = path.strip_prefix("/repositories/") else {
            return path.to_owned();
        };
        let rest = rest.find('/').map_or("", |at| &rest[at..]);
        format!("/repos/by/id{rest}")
    }

    /// The most literal route that fits.
    fn route(&self) -> Option<RouteInfo> {
        let path = self.path_by_name();
        let fits = |route: &RouteInfo| {
            let (template, path) = (route.path.split('/'), path.split('/'));
            route.method.as_str() == self.method
                && template.clone().count() == path.clone().count()
                && template
                    .zip(path)
                    .all(|(expected, found)| expected.starts_with('{') || expected == found)
        };
        routes()
            .filter(fits)
            .min_by_key(|route| route.path.matches('{').count())
    }

    fn check(&self, route: &RouteInfo, answer: &Answer) -> Vec<Violation> {
        let described = operation(route);
        let Some(operation) = described else {
            // A page of the web site or a file of a storage has none of the API's headers.
            let known = UNDESCRIBED.iter().any(|(name, _)| *name == key(route));
            assert!(known, "{} is in no description", key(route));
            return headers::check_of_no_api(answer);
        };
        let mut found = headers::check(answer);
        if answer.status >= 400 {
            found.extend(check_refusal(answer, &[]));
        }
        found.extend(operation.check_response(answer.status, &answer.body));
        found.extend(headers::check_links(
            self.bare_path(),
            self.path,
            answer,
            &operation,
        ));
        if answer.status < 300 {
            // What GitHub would not take must not succeed here.
            found.extend(operation.check_request(self.body, Keys::Described));
            found.extend(self.check_query(&operation));
        }
        found
    }

    fn check_query(&self, operation: &Operation<'_>) -> Option<Violation> {
        let query = self.path.split_once('?')?.1;
        let known = operation.query_names();
        let unknown = query
            .split('&')
            .find(|part| !known.contains(&part.split('=').next().unwrap_or_default()))?;
        let rule = format!("the query's parameters are among {known:?}");
        Some(Violation::whole(rule, unknown))
    }
}

/// An error names itself: a message, where to read on, and its status as text.
fn check_refusal(answer: &Answer, statuses: &[u16]) -> Vec<Violation> {
    let mut found = check_basic_error(&answer.body);
    let texts = ["message", "documentation_url", "status"];
    let lacks = |key: &&str| answer.body[*key].as_str().is_none_or(str::is_empty);
    if let Some(key) = texts.into_iter().find(lacks) {
        let rule = format!("an error has the text `{key}`");
        found.push(Violation::whole(rule, answer.body.to_string()));
    } else if !names_its_status(answer) {
        let shown = answer.body["status"].to_string();
        found.push(Violation::whole(
            "an error's `status` is its status code",
            shown,
        ));
    }
    if !statuses.is_empty() && !statuses.contains(&answer.status) {
        let rule = format!("the status is one of {statuses:?}");
        found.push(Violation::whole(rule, answer.status.to_string()));
    }
    found
}

fn names_its_status(answer: &Answer) -> bool {
    let named = answer.body["status"].as_str();
    named.and_then(|text| text.parse().ok()) == Some(answer.status)
}
