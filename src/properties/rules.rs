//! Which label set goes to which flavor: the rules that the scenario declares, or the convention of the field.

use std::collections::BTreeSet;

use scenarios::plan::{LabelRule, flavor_of, label_set as folded};

use super::meant::Routed;

/// The labels that GitHub's runner gives itself: whoever has runners of their own has these, so they say of nobody
/// that they are meant.
const EVERYBODYS: &[&str] = &[
    "self-hosted",
    "linux",
    "windows",
    "macos",
    "x64",
    "arm",
    "arm64",
];

/// The label sets a dispatcher serves. The default is the convention of the field: one label, `hf-jobs-<flavor>`, in any
/// letter case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    declared: Option<Vec<LabelRule>>,
}

impl Rules {
    /// The rules that a scenario declares; the convention, if it declares none.
    #[must_use]
    pub const fn declared(rules: Option<Vec<LabelRule>>) -> Self {
        Self { declared: rules }
    }

    /// Whether they are the scenario's own.
    #[must_use]
    pub const fn are_declared(&self) -> bool {
        self.declared.is_some()
    }

    /// The flavor these `runs-on` labels go to, or none if the dispatcher must leave the job alone.
    #[must_use]
    pub fn flavor<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
        flavor_of(self.declared.as_deref(), &folded(labels))
    }
}

impl Rules {
    /// What these rules route, to find jobs that nearly are.
    #[must_use]
    pub fn routed(&self) -> Routed {
        let Some(rules) = &self.declared else {
            let label = |flavor: &&str| format!("hf-jobs-{flavor}");
            return Routed {
                prefixes: vec!["hf-jobs-".to_owned()],
                labels: scenarios::FLAVORS.iter().map(label).collect(),
            };
        };
        let mut routed = Routed::default();
        for pattern in rules.iter().flat_map(telling) {
            match pattern.strip_suffix('*') {
                Some(beginning) => routed.prefixes.push(beginning.to_owned()),
                None => routed.labels.push(pattern),
            }
        }
        routed
    }
}

/// The labels of a rule, folded, by which a job shows whom it is meant for.
fn telling(rule: &LabelRule) -> Vec<String> {
    let patterns = rule.labels.0.iter();
    let all: Vec<String> = patterns
        .map(|pattern| pattern.0.trim().to_ascii_lowercase())
        .collect();
    let is_telling = |label: &String| !EVERYBODYS.contains(&label.as_str());
    if all.iter().any(is_telling) {
        all.into_iter().filter(is_telling).collect()
    } else {
        all
    }
}

/// Labels as GitHub compares them: trimmed, without letter case, each once.
#[must_use]
pub(super) fn label_set<'a>(labels: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    folded(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_routes_only_by_exactly_one_known_label() {
        let flavor = |labels: &[&str]| Rules::default().flavor(labels.iter().copied());
        assert_eq!(flavor(&["hf-jobs-t4-small"]), Some("t4-small"));
        assert_eq!(
            flavor(&["HF-Jobs-T4-Small", "hf-jobs-t4-small"]),
            Some("t4-small")
        );
        for wrong in [
            &[][..],
            &[""],
            &["ubuntu-latest"],
            &["hf-jobs-"],
            &["hf-jobs-nonsense"],
            &["self-hosted", "hf-jobs-t4-small"],
            &["hf-jobs-t4-small", "hf-jobs-l4x1"],
            &["hf-jobs-cpu-basic:cuda"],
            &["hf-jobs-cpu-basic:a:b"],
            &["hf-jobs-cpu-basic:"],
        ] {
            assert_eq!(flavor(wrong), None, "{wrong:?}");
        }
    }
}
