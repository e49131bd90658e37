//! One verb or one fault for a world that runs already, in the words a scenario file has for it.
//!
//! [`LiveWorld`] says what that world has by now. A request is JSON and gets the errors a file gets, with line, column
//! and how to mend it. What only a file can mean (`recorded`, triggers of a fault) is refused.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use crate::{
    Fragment, ScenarioError,
    error::{Flaw, Place},
    expand, fragments,
    plan::{Deliver, Fault, NewJob, Redeliver, Repo, RepoName, Verb, Visibility},
    slips,
    written::{self, Params, Scenario},
    yaml::{Kind, Node, Scope, decode, decode_verbatim},
};

/// What errors call the text of a request.
const NAME: &str = "body";

/// A world that runs already: what a request may name.
#[derive(Clone, Debug, Default)]
pub struct LiveWorld {
    /// The seed it was built with, which keys what a request leaves open.
    pub seed: u64,
    /// Its repositories, `owner/name`; a job goes to the first unless it says otherwise.
    pub repos: Vec<String>,
    /// The names of its jobs.
    pub jobs: Vec<String>,
    /// How many faults it was given so far.
    pub faults: usize,
}

impl LiveWorld {
    /// The jobs of a `queue`. Without `as`, they get a name that is free.
    ///
    /// # Errors
    /// What is wrong with the request, where, and how to mend it.
    pub fn queue(&self, text: &str) -> Result<Vec<NewJob>, ScenarioError> {
        let read = || {
            let mut body = object(text)?;
            if body.get("as").is_none() {
                self.name_jobs(&mut body);
            }
            let verbs = self.verbs("queue", body)?;
            Ok(verbs
                .into_iter()
                .filter_map(|verb| match verb {
                    Verb::Queue(job) => Some(job),
                    _ => None,
                })
                .collect())
        };
        read().map_err(|flaw: Flaw| flaw.within(NAME, text))
    }

    /// The delivery of a `deliver`.
    ///
    /// # Errors
    /// What is wrong with the request, where, and how to mend it.
    pub fn deliver(&self, text: &str) -> Result<Deliver, ScenarioError> {
        let read = || {
            let body = object(text)?;
            if let Some(recorded) = body.get("recorded") {
                let what = "`recorded` names a file next to a scenario, and here is none\nsend its deliveries one by one with `payload`, or `dispatchlab import` it";
                return Err(Flaw::at(recorded.place, what));
            }
            match self.verbs("deliver", body)?.pop() {
                Some(Verb::Deliver(deliver)) => Ok(deliver),
                _ => Err(Flaw::new("nothing is delivered here")),
            }
        };
        read().map_err(|flaw| flaw.within(NAME, text))
    }

    /// The deliveries of a `redeliver`.
    ///
    /// # Errors
    /// What is wrong with the request, where, and how to mend it.
    pub fn redeliver(&self, text: &str) -> Result<Redeliver, ScenarioError> {
        let read = || match self.verbs("redeliver", object(text)?)?.pop() {
            Some(Verb::Redeliver(redeliver)) => Ok(redeliver),
            _ => Err(Flaw::new("nothing is delivered again here")),
        };
        read().map_err(|flaw| flaw.within(NAME, text))
    }

    /// A fault. It may name jobs that are not there yet: a fault often comes before what it strikes.
    ///
    /// # Errors
    /// What is wrong with the request, where, and how to mend it.
    pub fn fault(&self, text: &str) -> Result<Fault, ScenarioError> {
        let read = || {
            let body = object(text)?;
            for key in ["from", "until"] {
                if let Some(trigger) = body.get(key) {
                    let what = format!(
                        "`{key}` belongs to the timeline of a scenario, and a world that runs has none\nsend the fault when it shall begin, and end it with DELETE"
                    );
                    return Err(Flaw::at(trigger.place, &what));
                }
            }
            slips::changes_nothing(&body)?;
            let place = body.get("to").map(|to| to.place).unwrap_or_default();
            let scenario = self.scenario("faults", body)?;
            let mut faults = expand::faults(&scenario, self.seed, self.faults)?;
            let fault = faults
                .pop()
                .ok_or_else(|| Flaw::new("there is no fault here"))?;
            if fault.to.iter().any(|place| place == "store") {
                let what = "`store` is the dispatcher's own disk, and a world that is served does not hold its dispatcher\nfill or slow down the disk where the dispatcher runs";
                return Err(Flaw::at(place, what));
            }
            Ok(fault)
        };
        read().map_err(|flaw| flaw.within(NAME, text))
    }

    /// What a fragment brings: its faults, their triggers counted from the moment it is started, and the settings
    /// of a world that it would be built with. `set` gives its parameters other values than their defaults.
    ///
    /// # Errors
    /// A parameter it has not, or a value that cannot stand there.
    pub fn fragment(
        &self,
        fragment: &Fragment,
        set: &BTreeMap<String, String>,
    ) -> Result<Brought, ScenarioError> {
        let read = || {
            let place = Place::default();
            let nothing = Node {
                kind: Kind::List(Vec::new()),
                place,
            };
            let entries = [
                ("title", scalar(place, "live")),
                ("heal", scalar(place, "0s")),
                ("timeline", nothing),
                ("use", scalar(place, fragment.name)),
            ];
            let root = fragments::merged(map(place, entries))?;
            let scope = Params::read(&root)?.choose(None, set)?;
            let scenario = self.settled(&root, &scope)?;
            let mut settings = Vec::new();
            if let Some(world) = root.get("world") {
                leaves("world", world, &scope, &mut settings);
            }
            Ok(Brought {
                faults: expand::faults(&scenario, self.seed, self.faults)?,
                settings,
            })
        };
        read().map_err(|flaw: Flaw| flaw.within(NAME, ""))
    }

    fn verbs(&self, verb: &str, body: Node) -> Result<Vec<Verb>, Flaw> {
        let place = body.place;
        let step = map(place, [("at", scalar(place, "0s")), (verb, body)]);
        let scenario = self.scenario("timeline", step)?;
        expand::verbs(&scenario, self.seed, &self.jobs)
    }

    /// A scenario of this world with one item in one of its lists.
    fn scenario(&self, list: &str, item: Node) -> Result<Scenario, Flaw> {
        let place = item.place;
        let items = Node {
            kind: Kind::List(vec![item]),
            place,
        };
        let mut entries = vec![
            ("title", scalar(place, "live")),
            // Whatever is injected can be ended: that is what the healing of a scenario does.
            ("heal", scalar(place, "0s")),
            (list, items),
        ];
        if list != "timeline" {
            let kind = Kind::List(Vec::new());
            entries.push(("timeline", Node { kind, place }));
        }
        let root = map(place, entries);
        self.settled(&root, &Scope::new())
    }

    /// Decodes a scenario, and puts it into this world.
    fn settled(&self, root: &Node, scope: &Scope) -> Result<Scenario, Flaw> {
        let mut scenario: Scenario = decode(root, scope)?;
        let repos = self.repos.iter().map(|name| Repo {
            name: RepoName(name.clone()),
            visibility: Visibility::Public,
            installed: true,
            listed: true,
        });
        scenario.world.github.repos = repos.collect();
        Ok(scenario)
    }

    /// Puts a name into a `queue` that has none: `Q7`, or `Q7-` in front of the numbers of several jobs.
    fn name_jobs(&self, body: &mut Node) {
        let several = body.get("jobs").is_some();
        let taken = |base: &str| {
            let clashes = |job: &String| job == base || (several && job.starts_with(base));
            self.jobs.iter().any(clashes)
        };
        let base = |number: usize| {
            let tail = if several { "-" } else { "" };
            format!("Q{number}{tail}")
        };
        let mut number = self.jobs.len() + 1;
        while taken(&base(number)) {
            number += 1;
        }
        let place = body.place;
        if let Kind::Map(entries) = &mut body.kind {
            entries.push((scalar(place, "as"), scalar(place, &base(number))));
        }
    }
}

/// What a fragment brings to a world that runs.
#[derive(Clone, Debug)]
pub struct Brought {
    /// Its faults.
    pub faults: Vec<Fault>,
    /// The settings it names. A world has them from its beginning or not at all.
    pub settings: Vec<Setting>,
}

/// A setting of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its path: `world.github.assignment.delay`.
    pub path: String,
    /// Its value, as a file would say it.
    pub value: String,
}

/// Every value below a node, with its path.
fn leaves(path: &str, node: &Node, scope: &Scope, found: &mut Vec<Setting>) {
    match &node.kind {
        Kind::Map(entries) => {
            for (key, value) in entries {
                let key = key.text().unwrap_or_default();
                leaves(&format!("{path}.{key}"), value, scope, found);
            }
        }
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(&format!("{path}.{index}"), item, scope, found);
            }
        }
        Kind::Scalar { text, .. } => {
            let given = text.strip_prefix('$').and_then(|name| scope.get(name));
            let value = given.and_then(Node::text).unwrap_or(text);
            found.push(Setting {
                path: path.to_owned(),
                value: value.to_owned(),
            });
        }
    }
}

/// Decodes the JSON of a request that is nothing of the language, with the language's errors and value types.
///
/// # Errors
/// What is wrong with the request, where, and how to mend it.
pub fn request<T: DeserializeOwned>(text: &str) -> Result<T, ScenarioError> {
    let read = || decode_verbatim(&object(text)?);
    read().map_err(|flaw| flaw.within(NAME, text))
}

/// Reads a JSON object.
fn object(text: &str) -> Result<Node, Flaw> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let place = Place {
            line: error.line().max(1),
            column: error.column().max(1),
            offset: 0,
            length: 0,
        };
        return Err(Flaw::at(
            place,
            &format!(
                "this is not JSON: {reason}\nlook at quotes, commas and brackets up to this place"
            ),
        ));
    }
    let node = Node::parse(text)?;
    if matches!(node.kind, Kind::Map(_)) {
        return Ok(node);
    }
    let what = format!(
        "expected an object, found {}\nwrite `{{ \"key\": … }}`",
        node.described()
    );
    Err(Flaw::at(node.place, &what))
}

fn scalar(place: Place, text: &str) -> Node {
    let (text, plain) = (text.to_owned(), true);
    Node {
        kind: Kind::Scalar { text, plain },
        place,
    }
}

fn map<'a>(place: Place, entries: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    let entries = entries.into_iter();
    let kind = Kind::Map(
        entries
            .map(|(key, value)| (scalar(place, key), value))
            .collect(),
    );
    Node { kind, place }
}

/// The JSON Schema of what [`LiveWorld::queue`] reads.
pub fn queue_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = written::Queue::json_schema(generator);
    // A live world finds a name by itself.
    let required = schema.get_mut("required");
    if let Some(serde_json::Value::Array(required)) = required {
        required.retain(|key| key != "as");
    }
    schema
}

/// The JSON Schema of what [`LiveWorld::deliver`] reads.
pub fn deliver_schema(generator: &mut SchemaGenerator) -> Schema {
    without(written::Deliver::json_schema(generator), &["recorded"])
}

/// The JSON Schema of what [`LiveWorld::redeliver`] reads.
pub fn redeliver_schema(generator: &mut SchemaGenerator) -> Schema {
    written::Redeliver::json_schema(generator)
}

/// The JSON Schema of what [`LiveWorld::fault`] reads.
pub fn fault_schema(generator: &mut SchemaGenerator) -> Schema {
    without(written::Fault::json_schema(generator), &["from", "until"])
}

/// Takes out the keys that only a file can have.
fn without(mut schema: Schema, keys: &[&str]) -> Schema {
    let properties = schema.get_mut("properties");
    if let Some(serde_json::Value::Object(properties)) = properties {
        for key in keys {
            properties.remove(*key);
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::Trigger;

    fn world() -> LiveWorld {
        LiveWorld {
            seed: 1,
            repos: vec!["octo/app".to_owned()],
            jobs: vec!["J1".to_owned()],
            faults: 2,
        }
    }

    #[test]
    fn queues_several_jobs_in_the_words_of_a_scenario() {
        let jobs = world()
            .queue(r#"{"as": "B", "jobs": 2, "labels": "hf-jobs-$i", "runs_for": "5m"}"#)
            .unwrap();
        let names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["B1", "B2"]);
        assert_eq!(jobs[1].labels, ["hf-jobs-2"]);
        assert_eq!(jobs[0].runs_for.0.as_secs(), 300);
        assert_eq!(jobs[0].repo, "octo/app");
    }

    #[test]
    fn gives_a_free_name_to_jobs_that_have_none() {
        let mut world = world();
        world.jobs.push("Q2".to_owned());
        let jobs = world.queue(r#"{"labels": ["gpu"]}"#).unwrap();
        assert_eq!(jobs[0].name, "Q3");
        let jobs = world.queue(r#"{"labels": ["gpu"], "jobs": 2}"#).unwrap();
        assert_eq!(jobs[1].name, "Q3-2");
    }

    #[test]
    fn refuses_a_name_that_is_taken_and_a_key_that_is_unknown() {
        let taken = world().queue(r#"{"as": "J1", "labels": "x"}"#).unwrap_err();
        assert_eq!(taken.what(), "the name `J1` is taken already");
        let unknown = world()
            .queue("{\"as\": \"K\",\n \"lables\": \"x\"}")
            .unwrap_err();
        assert_eq!(unknown.what(), "unknown key `lables`");
        assert_eq!(unknown.place(), (2, 2));
        assert!(unknown.help_text().unwrap().contains("`labels`"));
    }

    #[test]
    fn refuses_what_is_not_json_at_its_line_and_column() {
        let error = world()
            .fault("{\"to\": \"webhook\",\n  drop: 1}")
            .unwrap_err();
        assert_eq!(error.place(), (2, 3));
        assert!(error.what().starts_with("this is not JSON"), "{error}");
        assert_eq!(
            world().fault("[]").unwrap_err().what(),
            "expected an object, found a list"
        );
    }

    #[test]
    fn a_dollar_means_nothing_outside_the_language() {
        let read: std::collections::BTreeMap<String, String> = request(r#"{"a": "$x"}"#).unwrap();
        assert_eq!(read["a"], "$x");
    }

    #[test]
    fn a_fault_may_name_a_job_that_is_not_there_yet_but_no_trigger() {
        let fault = world()
            .fault(r#"{"to": "webhook", "for": {"job": "later"}, "drop": "logged"}"#)
            .unwrap();
        assert_eq!(fault.only.job, Some(vec!["later".to_owned()]));
        let error = world()
            .fault(r#"{"to": "webhook", "drop": "logged", "until": "5m"}"#)
            .unwrap_err();
        assert!(error.what().starts_with("`until` belongs to"), "{error}");
    }

    fn fragment(name: &str) -> &'static Fragment {
        let mut all = crate::fragments().iter();
        all.find(|fragment| fragment.name == name).unwrap()
    }

    #[test]
    fn a_fragment_brings_faults_with_windows_and_names_the_settings_it_needs() {
        let name = "incidents/webhooks-delayed-2024-07";
        let brought = world().fragment(fragment(name), &BTreeMap::new()).unwrap();
        let fault = &brought.faults[0];
        let minutes = |minutes: u64| Some(Trigger::At(Duration::from_secs(minutes * 60)));
        assert_eq!(
            (&fault.from, &fault.until),
            (&minutes(26), &minutes(97)),
            "{fault:?}"
        );
        let setting = Setting {
            path: "world.github.assignment.delay".to_owned(),
            value: "2m..12m".to_owned(),
        };
        assert_eq!(brought.settings, [setting]);
    }

    #[test]
    fn a_fragments_parameters_can_be_set_and_every_fragment_can_be_started() {
        for fragment in crate::fragments() {
            let set = BTreeMap::from([("lasts".to_owned(), "7s".to_owned())]);
            let brought = match world().fragment(fragment, &set) {
                Ok(brought) => brought,
                Err(error) => {
                    assert_eq!(error.what(), "unknown parameter `lasts`");
                    world().fragment(fragment, &BTreeMap::new()).unwrap()
                }
            };
            assert!(!brought.faults.is_empty(), "{}", fragment.name);
            for fault in brought.faults {
                let ends = match fault.until {
                    Some(until) => matches!(until, Trigger::At(_)),
                    None => fault.times.is_some(),
                };
                assert!(ends, "{}", fragment.name);
            }
        }
    }

    #[test]
    fn delivers_and_redelivers_only_what_is_known() {
        let raw = world().deliver(r#"{"event": "ping", "body": "{}", "sign": "wrong"}"#);
        assert!(matches!(raw.unwrap(), Deliver::Raw(raw) if raw.event == "ping"));
        let file = world()
            .deliver(r#"{"recorded": "/etc/passwd"}"#)
            .unwrap_err();
        assert!(file.what().starts_with("`recorded` names a file"), "{file}");
        assert!(
            world()
                .redeliver(r#"{"job": "J2", "action": "queued"}"#)
                .is_err()
        );
        let known = world().redeliver(r#"{"job": "J1", "action": "queued"}"#);
        assert!(matches!(known.unwrap(), Redeliver::Job { .. }));
    }
}
