//! What is private in a recording, taken out before somebody commits it.
//!
//! Names of people, organisations, repositories, branches and hosts get pseudonyms: the same name the same one, in every
//! file of an import, so that jobs and repositories still belong together. What a dispatcher acts on stays: ids, labels,
//! actions, states and times, as far as it looks like that. Of any other text nobody can say what it tells, so it goes.

mod names;
mod rewrite;
mod secrets;
mod urls;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use self::{
    names::{Kind, Names},
    rewrite::rewrite,
};
use super::{Import, Matter, Note};

/// What was taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Redacted {
    /// Names that got a pseudonym, by kind.
    pub names: BTreeMap<String, usize>,
    /// Addresses that got a pseudonym.
    pub emails: usize,
    /// Tokens, passwords and the like.
    pub secrets: usize,
    /// Texts such as commit messages.
    pub texts: usize,
    /// Headers that are none of GitHub's.
    pub headers: usize,
}

/// Takes out what is private, from all the files of one import alike. With `keep_names` only tokens, addresses and headers
/// that are not GitHub's go.
pub fn redact(imports: &mut [Import], keep_names: bool) -> Redacted {
    let mut names = Names::default();
    if !keep_names {
        for delivery in imports.iter().flat_map(|import| &import.deliveries) {
            if let Ok(payload) = serde_json::from_str(&delivery.payload) {
                names.gather(&payload);
            }
        }
    }
    let mut redaction = Redaction {
        names,
        keep_names,
        redacted: Redacted::default(),
    };
    for import in imports {
        let mut dropped: BTreeMap<String, usize> = BTreeMap::new();
        for delivery in &mut import.deliveries {
            delivery.headers.retain(|name, _| {
                let keeps = is_githubs(name);
                if !keeps {
                    *dropped.entry(name.clone()).or_default() += 1;
                }
                keeps
            });
            for (name, value) in &mut delivery.headers {
                *value = redaction.header(name, value);
            }
            if let Some(guid) = &mut delivery.guid {
                *guid = redaction.secrets(guid);
            }
            if let Some(failed) = &mut delivery.failed {
                failed.status = redaction.failure(&failed.status);
            }
            if let Ok(payload) = serde_json::from_str::<Value>(&delivery.payload) {
                delivery.payload = redaction.payload(&delivery.payload, &payload);
            }
        }
        redaction.redacted.headers += dropped.values().sum::<usize>();
        note_headers(import, &dropped);
    }
    redaction.redacted.names = redaction.names.counts();
    redaction.redacted.emails = redaction.names.count(Kind::Email);
    redaction.redacted.names.remove(Kind::Email.word());
    redaction.redacted
}

/// Headers that GitHub sends. Others are of a proxy on the way, and tell of addresses and keys.
fn is_githubs(name: &str) -> bool {
    name.starts_with("x-github-") || ["accept", "content-type", "user-agent"].contains(&name)
}

fn note_headers(import: &mut Import, dropped: &BTreeMap<String, usize>) {
    let Some(first) = import.deliveries.first().filter(|_| !dropped.is_empty()) else {
        return;
    };
    let names: Vec<_> = dropped.keys().map(String::as_str).collect();
    let text = format!(
        "headers that are not GitHub's were left out: {}",
        names.join(", ")
    );
    import.notes.push(Note {
        place: first.place,
        text,
        matter: Matter::Content,
    });
    import.notes.sort_by_key(|note| note.place);
}

struct Redaction {
    names: Names,
    keep_names: bool,
    redacted: Redacted,
}

/// Words of GitHub's that a dispatcher acts on, or that say nothing about anybody.
const STATES: &[&str] = &[
    "action",
    "status",
    "conclusion",
    "event",
    "type",
    "visibility",
    "state",
    "author_association",
    "events",
    "ref_type",
    "sub_type",
    "target_type",
    "repository_selection",
];

/// Ids and hashes.
const DRAWN: &[&str] = &[
    "node_id", "sha", "head_sha", "before", "after", "tree_id", "id",
];

/// Objects whose keys and texts somebody made up.
const MADE_UP: &[&str] = &[
    "inputs",
    "client_payload",
    "custom_properties",
    "properties",
];

/// What a secret is called.
const SECRET: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "private_key",
    "privatekey",
    "api_key",
    "apikey",
    "access_key",
    "jit_config",
    "credential",
    "cookie",
];

/// GitHub's maxims, as its `ping` tells one.
const ZEN: &[&str] = &[
    "Anything added dilutes everything else.",
    "Approachable is better than simple.",
    "Avoid administrative distraction.",
    "Design for failure.",
    "Encourage flow.",
    "Favor focus over features.",
    "Half measures are as bad as nothing at all.",
    "It's not fully shipped until it's fast.",
    "Keep it logically awesome.",
    "Mind your words, they are important.",
    "Non-blocking is better than blocking.",
    "Practicality beats purity.",
    "Responsive is better than fast.",
    "Speak like a human.",
];

const GONE: &str = "redacted";

/// Whether a key says that a secret stands there.
fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    key == "pem" || SECRET.iter().any(|word| key.contains(word))
}

/// Whether what stands here is what a dispatcher acts on, and looks like it: states, times, ids, labels.
fn stays(path: &[String], parent: Option<&Map<String, Value>>, text: &str) -> bool {
    let key = path.last().map_or("", String::as_str);
    let all = |fits: fn(char) -> bool| text.len() <= 64 && text.chars().all(fits);
    let is_word = || all(|c| c.is_ascii_alphabetic() || c == '_');
    let is_drawn = || all(|c| c.is_ascii_alphanumeric() || "_-=".contains(c)) && text.len() >= 6;
    let is_time = || all(|c| c.is_ascii_digit() || "TZ:+-. ".contains(c)) && text.contains(':');
    let of_a_dispatch = || parent.is_some_and(|it| it.contains_key("client_payload"));
    match key {
        // Those of a job or a runner are texts; others are objects with a name.
        "labels" => true,
        "zen" => ZEN.contains(&text),
        "action" => is_word() && !of_a_dispatch(),
        _ if path.iter().any(|key| key == "permissions") => {
            ["read", "write", "admin", "none"].contains(&text)
        }
        _ if STATES.contains(&key) => is_word(),
        _ if DRAWN.contains(&key) => is_drawn(),
        _ => key.ends_with("_at") && is_time(),
    }
}

/// Whether a job, a workflow or one of their steps is called so.
fn is_name_of_work(path: &[String]) -> bool {
    let key = path.last().map_or("", String::as_str);
    let around = path.len().checked_sub(2).map_or("", |at| path[at].as_str());
    let works = [
        "workflow_job",
        "workflow_run",
        "workflow",
        "steps",
        "check_run",
        "jobs",
    ];
    key == "workflow_name" || (key == "name" && works.contains(&around))
}

/// Whether somebody made up what lies in this object.
fn is_made_up(path: &[String]) -> bool {
    let key = path.last().map_or("", String::as_str);
    let of_deployment = key == "payload" && path.iter().any(|key| key == "deployment");
    MADE_UP.contains(&key) || of_deployment
}

impl Redaction {
    /// The payload without what is private.
    fn payload(&mut self, text: &str, payload: &Value) -> String {
        let keep_names = self.keep_names;
        let empties = |path: &[String]| !keep_names && is_made_up(path);
        rewrite(text, payload, &empties, &mut |at, text| match at.is_key {
            true => self.key(text),
            false => self.string(at.path, at.parent, text),
        })
    }

    /// What stands instead of a key; nothing if it may stay.
    fn key(&mut self, key: &str) -> Option<String> {
        let new = self.secrets(key);
        let is_githubs = |key: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
            key.len() <= 64 && key.chars().all(fits)
        };
        if new != key {
            return Some(self.names.pseudonym(Kind::Key, key));
        }
        (!self.keep_names && !is_githubs(key)).then(|| self.names.pseudonym(Kind::Key, key))
    }

    /// What stands instead of a text; nothing if it may stay. Only what is known to tell nothing does.
    fn string(
        &mut self,
        path: &[String],
        parent: Option<&Map<String, Value>>,
        text: &str,
    ) -> Option<String> {
        let key = path.last().map_or("", String::as_str);
        if text.is_empty() {
            return None;
        }
        if is_secret(key) && !urls::is_url(text) && !stays(path, parent, text) {
            self.redacted.secrets += 1;
            return Some(GONE.to_owned());
        }
        let text_without = self.secrets(text);
        let new = if self.keep_names || stays(path, parent, text) {
            text_without
        } else if let Some(new) = self.names.named(path, parent, &text_without) {
            new
        } else if is_name_of_work(path) {
            words::redacted(&text_without, &mut self.names)
        } else if key == "runner_name" {
            words::runner(&text_without, &mut self.names)
        } else if key == "runner_group_name" {
            match text {
                "Default" | "GitHub Actions" => text.to_owned(),
                group => self.names.pseudonym(Kind::Group, group),
            }
        } else if urls::is_url(text) {
            urls::redacted(&text_without, &mut self.names)
        } else if Names::is_pseudonym(&text_without) {
            text_without
        } else {
            self.redacted.texts += 1;
            GONE.to_owned()
        };
        (new != text).then_some(new)
    }

    /// A header of GitHub's.
    fn header(&mut self, name: &str, value: &str) -> String {
        let value = self.secrets(value);
        if self.keep_names {
            return value;
        }
        if name == "x-github-enterprise-host" {
            return self.names.pseudonym(Kind::Host, &value);
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || "/*;=,.+- _".contains(c);
        let tells_nothing = match name {
            "user-agent" => {
                let hash = value.strip_prefix("GitHub-Hookshot/");
                return match hash.filter(|hash| hash.bytes().all(|c| c.is_ascii_hexdigit())) {
                    Some(_) => value,
                    None => format!("GitHub-Hookshot/{GONE}"),
                };
            }
            "accept" | "content-type" => value.len() <= 128 && value.chars().all(fits),
            _ => value.len() <= 32 && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'),
        };
        match tells_nothing {
            true => value,
            false => GONE.to_owned(),
        }
    }

    /// How an attempt failed.
    fn failure(&mut self, status: &str) -> String {
        let status = self.secrets(status);
        match self.keep_names {
            true => status,
            false => words::redacted(&status, &mut self.names),
        }
    }

    /// Without tokens and addresses.
    fn secrets(&mut self, text: &str) -> String {
        let (text, found) = secrets::without_tokens(text, GONE);
        self.redacted.secrets += found;
        secrets::with_emails(&text, |email| self.names.pseudonym(Kind::Email, email))
    }
}
