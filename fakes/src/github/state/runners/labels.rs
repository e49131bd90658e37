//! The labels of a runner: its own, which can be changed, and those GitHub gave it, which cannot.

use serde::Serialize;

/// GitHub's limit on the labels of a runner that are its own.
pub(in crate::github) const LABELS_MAX: usize = 100;

/// The labels `config.sh` adds on its own.
const DEFAULT_LABELS: [&str; 3] = ["self-hosted", "Linux", "X64"];

/// Whether a label can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::github) enum LabelKind {
    ReadOnly,
    Custom,
}

/// One label, as GitHub shows it.
#[derive(Clone, Debug, Serialize)]
pub(in crate::github) struct RunnerLabel {
    id: u64,
    name: String,
    #[serde(rename = "type")]
    kind: LabelKind,
}

/// All labels of a runner. Names do not differ by case.
#[derive(Clone, Debug)]
pub(in crate::github) struct RunnerLabels {
    labels: Vec<RunnerLabel>,
    last_id: u64,
}

/// Why a label stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) enum LabelStays {
    Unknown,
    ReadOnly,
}

impl RunnerLabels {
    /// The labels of a new runner: exactly those it was given, and GitHub's own in front if it gets them.
    pub(in crate::github) fn new(own: Vec<String>, with_default: bool) -> Self {
        let mut made = Self {
            labels: Vec::with_capacity(own.len()),
            last_id: 0,
        };
        if with_default {
            for name in DEFAULT_LABELS {
                made.push(name.to_owned(), LabelKind::ReadOnly);
            }
        }
        for name in own {
            let is_ours = with_default && made.place(&name).is_some();
            if !is_ours {
                made.push(name, LabelKind::Custom);
            }
        }
        made
    }

    fn push(&mut self, name: String, kind: LabelKind) {
        self.last_id += 1;
        self.labels.push(RunnerLabel {
            id: self.last_id,
            name,
            kind,
        });
    }

    fn place(&self, name: &str) -> Option<usize> {
        let folded = name.to_lowercase();
        self.labels
            .iter()
            .position(|label| label.name.to_lowercase() == folded)
    }

    pub(in crate::github) fn all(&self) -> &[RunnerLabel] {
        &self.labels
    }

    /// Their names, as written.
    pub(in crate::github) fn names(&self) -> Vec<String> {
        self.labels.iter().map(|label| label.name.clone()).collect()
    }

    /// Their names in lower case, sorted, each once.
    pub(in crate::github) fn folded(&self) -> Vec<String> {
        folded_set(self.labels.iter().map(|label| label.name.as_str()))
    }

    /// How many of its own it would have with these added.
    pub(in crate::github) fn own_with(&self, more: &[String]) -> usize {
        let mut probe = self.clone();
        probe.add(more);
        probe.own()
    }

    fn own(&self) -> usize {
        let own = |label: &&RunnerLabel| label.kind == LabelKind::Custom;
        self.labels.iter().filter(own).count()
    }

    /// Adds those it does not have.
    pub(in crate::github) fn add(&mut self, more: &[String]) {
        for name in more {
            if self.place(name).is_none() {
                self.push(name.clone(), LabelKind::Custom);
            }
        }
    }

    /// Makes these its own labels and no others; one that it keeps keeps its id.
    pub(in crate::github) fn set(&mut self, own: &[String]) {
        let wanted = folded_set(own.iter().map(String::as_str));
        self.labels.retain(|label| {
            label.kind == LabelKind::ReadOnly || wanted.contains(&label.name.to_lowercase())
        });
        self.add(own);
    }

    /// Takes one of its own labels off.
    pub(in crate::github) fn remove(&mut self, name: &str) -> Result<(), LabelStays> {
        let place = self.place(name).ok_or(LabelStays::Unknown)?;
        if self.labels[place].kind == LabelKind::ReadOnly {
            return Err(LabelStays::ReadOnly);
        }
        self.labels.remove(place);
        Ok(())
    }
}

/// Labels as they are compared: in lower case, sorted, each once.
pub(in crate::github) fn folded_set<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut folded: Vec<String> = labels.map(str::to_lowercase).collect();
    folded.sort_unstable();
    folded.dedup();
    folded
}
