//! What is private in a recording, taken out before somebody commits it.
//!
//! Names of people, organisations, repositories, branches and hosts get pseudonyms: the same name the same one, in every
//! file of an import, so that jobs and repositories still belong together. Free text, tokens and addresses go. What a
//! dispatcher acts on stays: ids, labels, actions, states and times.

mod names;
mod rewrite;
mod secrets;
mod urls;

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
            for value in delivery.headers.values_mut() {
                *value = redaction.other(value);
            }
            if let Some(failed) = &mut delivery.failed {
                failed.status = redaction.other(&failed.status);
            }
            if let Ok(payload) = serde_json::from_str::<Value>(&delivery.payload) {
                let text = &delivery.payload;
                delivery.payload = rewrite(text, &payload, &mut |at, text| {
                    redaction.string(at.path, at.parent, text)
                });
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

/// What a dispatcher acts on, or what says nothing about anybody.
const KEPT: &[&str] = &[
    "action",
    "status",
    "conclusion",
    "event",
    "labels",
    "type",
    "visibility",
    "state",
    "node_id",
    "sha",
    "head_sha",
    "author_association",
    "permissions",
    "events",
    "language",
    "ref_type",
    "sub_type",
    "target_type",
    "repository_selection",
];

/// Free text, of which nobody can say what it tells.
const FREE: &[&str] = &[
    "message",
    "description",
    "body",
    "bio",
    "blog",
    "company",
    "location",
    "title",
    "display_title",
    "homepage",
    "summary",
    "text",
    "short_description",
    "twitter_username",
    "commit_message",
    "commit_title",
    "topics",
    "added",
    "removed",
    "modified",
];

/// Objects whose texts somebody made up.
const MADE_UP: &[&str] = &["inputs", "client_payload", "custom_properties"];

const SECRET: &[&str] = &[
    "token",
    "secret",
    "password",
    "authorization",
    "client_secret",
    "webhook_secret",
    "pem",
    "private_key",
    "access_token",
    "encoded_jit_config",
    "temp_clone_token",
    "credentials",
];

const GONE: &str = "redacted";

/// Whether what stands here is what a dispatcher acts on.
fn stays(path: &[String]) -> bool {
    let key = path.last().map_or("", String::as_str);
    key.ends_with("_at") || path.iter().any(|key| KEPT.contains(&key.as_str()))
}

impl Redaction {
    /// What stands instead of a text; nothing if it may stay.
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
        if SECRET.contains(&key) {
            self.redacted.secrets += 1;
            return Some(GONE.to_owned());
        }
        let new = if self.keep_names || stays(path) {
            self.secrets(text)
        } else if FREE.contains(&key) || path.iter().any(|key| MADE_UP.contains(&key.as_str())) {
            self.redacted.texts += 1;
            GONE.to_owned()
        } else if let Some(new) = self.names.named(path, parent, text) {
            self.secrets(&new)
        } else if urls::is_url(text) {
            let text = self.secrets(text);
            urls::redacted(&text, &mut self.names)
        } else {
            self.other(text)
        };
        (new != text).then_some(new)
    }

    /// A text that may hold anything.
    fn other(&mut self, text: &str) -> String {
        let text = self.secrets(text);
        if self.keep_names {
            return text;
        }
        self.names.replaced(&text)
    }

    /// Without tokens and addresses.
    fn secrets(&mut self, text: &str) -> String {
        let (text, found) = secrets::without_tokens(text, GONE);
        self.redacted.secrets += found;
        secrets::with_emails(&text, |email| self.names.pseudonym(Kind::Email, email))
    }
}
