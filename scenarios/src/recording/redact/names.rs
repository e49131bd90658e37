//! The names in payloads, and their pseudonyms: the same name the same one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::urls;

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A user or an organisation.
    Owner,
    /// A repository.
    Repo,
    /// A branch.
    Branch,
    /// A tag.
    Tag,
    /// A person, by the name commits are written under.
    Person,
    /// A team.
    Team,
    /// A GitHub App.
    App,
    /// An enterprise.
    Enterprise,
    /// A host that is not GitHub's.
    Host,
    /// An address.
    Email,
    /// A runner.
    Runner,
    /// A group of runners.
    Group,
    /// A word of a text that somebody made up.
    Word,
    /// A key of an object that is none of GitHub's.
    Key,
}

impl Kind {
    const ALL: [Self; 14] = [
        Self::Owner,
        Self::Repo,
        Self::Branch,
        Self::Tag,
        Self::Person,
        Self::Team,
        Self::App,
        Self::Enterprise,
        Self::Host,
        Self::Email,
        Self::Runner,
        Self::Group,
        Self::Word,
        Self::Key,
    ];

    /// What its pseudonyms begin with.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Repo => "repo",
            Self::Branch => "branch",
            Self::Tag => "tag",
            Self::Person => "person",
            Self::Team => "team",
            Self::App => "app",
            Self::Enterprise => "enterprise",
            Self::Host => "host",
            Self::Email => "email",
            Self::Runner => "runner",
            Self::Group => "group",
            Self::Word => "word",
            Self::Key => "key",
        }
    }

    fn pseudonym(self, number: usize) -> String {
        let word = self.word();
        match self {
            Self::Host => format!("{word}-{number}.example"),
            Self::Email => format!("{word}-{number}@mail.example"),
            Self::Owner
            | Self::Repo
            | Self::Branch
            | Self::Tag
            | Self::Person
            | Self::Team
            | Self::App
            | Self::Enterprise
            | Self::Runner
            | Self::Group
            | Self::Word
            | Self::Key => format!("{word}-{number}"),
        }
    }
}

/// Names that are everybody's.
const PUBLIC: &[&str] = &[
    "main",
    "master",
    "github",
    "actions",
    "github-actions",
    "dependabot",
    "web-flow",
    "ghost",
];

/// Words that name a repository or a branch and nobody in particular: where they stand for one they get a pseudonym, within
/// other text (the name of a job, say) they stay.
const ORDINARY: &[&str] = &[
    "api",
    "app",
    "build",
    "ci",
    "cli",
    "code",
    "core",
    "demo",
    "deploy",
    "dev",
    "develop",
    "docs",
    "example",
    "job",
    "jobs",
    "lint",
    "release",
    "repo",
    "runner",
    "runners",
    "server",
    "site",
    "test",
    "tests",
    "tool",
    "tools",
    "web",
    "workflow",
    "workflows",
    "owner",
    "branch",
    "user",
    "queue",
    "gpu",
    "cpu",
    "linux",
    "ubuntu",
];

/// The names met so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By kind and by the name in lower case: GitHub does not tell cases apart.
    known: BTreeMap<(Kind, String), String>,
    counts: BTreeMap<Kind, usize>,
    /// The same for looking through text, longest first.
    in_text: Vec<(String, String)>,
}

impl Names {
    /// The pseudonym of a name.
    pub(super) fn pseudonym(&mut self, kind: Kind, name: &str) -> String {
        let (base, suffix) = match name.strip_suffix("[bot]") {
            Some(base) => (base, "[bot]"),
            None => (name, ""),
        };
        if base.is_empty() || PUBLIC.contains(&base.to_lowercase().as_str()) {
            return name.to_owned();
        }
        let key = (kind, base.to_lowercase());
        let known = self.known.get(&key).cloned();
        let new = known.unwrap_or_else(|| {
            let count = self.counts.entry(kind).or_default();
            *count += 1;
            let new = kind.pseudonym(*count);
            self.known.insert(key.clone(), new.clone());
            // Words and the like are looked up one by one.
            let in_text = !matches!(kind, Kind::Runner | Kind::Group | Kind::Word | Kind::Key);
            if in_text && key.1.chars().count() > 2 && !ORDINARY.contains(&key.1.as_str()) {
                self.in_text.push((key.1, new.clone()));
                self.in_text
                    .sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
            }
            new
        });
        new + suffix
    }

    /// Whether a word is a pseudonym.
    pub(super) fn is_pseudonym(word: &str) -> bool {
        let word = word.strip_suffix("[bot]").unwrap_or(word);
        let number_of = |kind: Kind| {
            let nought = kind.pseudonym(0);
            let (before, after) = nought.split_once('0')?;
            word.strip_prefix(before)?.strip_suffix(after)
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        Kind::ALL.into_iter().filter_map(number_of).any(is_number)
    }

    /// How many names of each kind there were.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let counts = self.counts.iter();
        counts
            .map(|(kind, count)| (kind.word().to_owned(), *count))
            .collect()
    }

    pub(super) fn count(&self, kind: Kind) -> usize {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// Meets every name of a payload.
    pub(super) fn gather(&mut self, payload: &Value) {
        self.walk(payload, &mut Vec::new(), None);
    }

    fn walk(&mut self, value: &Value, path: &mut Vec<String>, parent: Option<&Map<String, Value>>) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    path.push(key.clone());
                    self.walk(inner, path, Some(map));
                    path.pop();
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, path, parent)),
            Value::String(text) if !super::stays(path, parent, text) => {
                if self.named(path, parent, text).is_none() && urls::is_url(text) {
                    urls::redacted(text, self);
                }
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// What stands instead of a text that is a name, or a few names put together.
    pub(super) fn named(
        &mut self,
        path: &[String],
        parent: Option<&Map<String, Value>>,
        text: &str,
    ) -> Option<String> {
        let key = path.last()?.as_str();
        match key {
            "full_name" | "name_with_owner" | "nameWithOwner" | "repository" | "repo" => {
                if urls::is_url(text) {
                    return None;
                }
                let Some((owner, repo)) = text.split_once('/') else {
                    return Some(self.pseudonym(Kind::Repo, text));
                };
                let owner = self.pseudonym(Kind::Owner, owner);
                Some(format!("{owner}/{}", self.pseudonym(Kind::Repo, repo)))
            }
            "ref" | "base_ref" | "head_ref" => Some(self.reference(text)),
            "label" => {
                parent.filter(|it| it.contains_key("ref") && it.contains_key("sha"))?;
                let (owner, branch) = text.split_once(':')?;
                let owner = self.pseudonym(Kind::Owner, owner);
                Some(format!("{owner}:{}", self.pseudonym(Kind::Branch, branch)))
            }
            _ => kind_of(path, parent, text).map(|kind| self.pseudonym(kind, text)),
        }
    }

    /// A git reference, by its full name or the short one.
    fn reference(&mut self, text: &str) -> String {
        let is_sha = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_sha || text.starts_with("refs/pull/") {
            return text.to_owned();
        }
        let kinds = [("refs/heads/", Kind::Branch), ("refs/tags/", Kind::Tag)];
        for (prefix, kind) in kinds {
            if let Some(name) = text.strip_prefix(prefix) {
                return format!("{prefix}{}", self.pseudonym(kind, name));
            }
        }
        self.pseudonym(Kind::Branch, text)
    }

    /// A text in which the names that are known by now have their pseudonyms.
    pub(super) fn replaced(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        let mut within_word = false;
        while let Some(next) = text[at..].chars().next() {
            let found = (!within_word)
                .then(|| self.at_start_of(&text[at..]))
                .flatten();
            if let Some((length, new)) = found {
                out.push_str(new);
                at += length;
                within_word = true;
                continue;
            }
            out.push(next);
            at += next.len_utf8();
            within_word = next.is_alphanumeric();
        }
        out
    }

    fn at_start_of(&self, text: &str) -> Option<(usize, &str)> {
        self.in_text.iter().find_map(|(name, new)| {
            let start = text.get(..name.len())?;
            let ends = !text[name.len()..].starts_with(char::is_alphanumeric);
            (ends && start.to_lowercase() == *name).then_some((name.len(), new.as_str()))
        })
    }
}

/// What a text names by where it stands.
fn kind_of(path: &[String], parent: Option<&Map<String, Value>>, text: &str) -> Option<Kind> {
    let key = path.last()?.as_str();
    let around = path.len().checked_sub(2).map_or("", |at| path[at].as_str());
    let has =
        |key: &str| parent.is_some_and(|parent| parent.get(key).is_some_and(|it| !it.is_null()));
    Some(match (key, around) {
        ("login" | "username" | "user_login" | "owner" | "organization" | "org" | "creator", _) => {
            Kind::Owner
        }
        (
            "head_branch" | "base_branch" | "default_branch" | "master_branch" | "source_branch"
            | "branch" | "branch_name" | "ref_name",
            _,
        )
        | ("name", "branches" | "branch") => Kind::Branch,
        ("tag_name", _) => Kind::Tag,
        ("repository_name" | "repo_name", _) => Kind::Repo,
        ("name" | "slug", "team" | "teams" | "requested_teams" | "requested_team") => Kind::Team,
        ("name" | "slug", "app" | "performed_via_github_app") => Kind::App,
        ("app_slug", _) => Kind::App,
        ("name" | "slug", "enterprise") => Kind::Enterprise,
        ("name", _) if has("full_name") || is_repo(parent, text) => Kind::Repo,
        ("name", _) if has("email") => Kind::Person,
        _ => return None,
    })
}

/// A pull request names its repositories by name and address only.
fn is_repo(parent: Option<&Map<String, Value>>, name: &str) -> bool {
    let url = parent.and_then(|parent| parent.get("url")?.as_str());
    url.and_then(|url| url.split_once("/repos/")?.1.split_once('/'))
        .is_some_and(|(_, repo)| repo == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_pseudonym_whatever_its_case_and_wherever_it_stands() {
        let mut names = Names::default();
        let acme = names.pseudonym(Kind::Owner, "Acme");
        assert_eq!(names.pseudonym(Kind::Owner, "acme"), acme);
        assert_ne!(names.pseudonym(Kind::Owner, "acme-labs"), acme);
        assert_eq!(
            names.pseudonym(Kind::Owner, "acme[bot]"),
            format!("{acme}[bot]")
        );
        assert_eq!(names.pseudonym(Kind::Branch, "main"), "main");
        assert_eq!(
            names.replaced("ACME/x acme-labs-1 acmes (acme)"),
            "owner-1/x owner-2-1 acmes (owner-1)"
        );
    }

    #[test]
    fn ordinary_words_stay_in_text() {
        let mut names = Names::default();
        assert_eq!(names.pseudonym(Kind::Repo, "app"), "repo-1");
        assert_eq!(names.replaced("build app"), "build app");
    }
}
