//! Which label set goes to which flavor: the lab's own model of routing, written apart from any dispatcher's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::meant::Routed;

/// The label sets a dispatcher serves. The default is the convention of the field: one label,
/// `hf-jobs-<flavor>` or `hf-jobs-<flavor>:<image>`, in any letter case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules;

impl Rules {
    /// The flavor these `runs-on` labels go to, or none if the dispatcher must leave the job alone.
    ///
    /// A runner serves a job only if it has all the job's labels, and a runner of this convention has one
    /// label. So a job routes only if its labels, taken as a set, are that one label.
    #[must_use]
    pub fn flavor<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
        let set = label_set(labels);
        let mut members = set.iter();
        let (only, None) = (members.next()?, members.next()) else {
            return None;
        };
        let flavor = only.strip_prefix("hf-jobs-")?;
        let flavor = match flavor.split_once(':') {
            Some((_, image)) if image.is_empty() || image.contains(':') => return None,
            Some((flavor, _)) => flavor,
            None => flavor,
        };
        scenarios::FLAVORS
            .iter()
            .find(|known| **known == flavor)
            .copied()
    }
}

impl Rules {
    /// What these rules route, to find jobs that nearly are.
    #[must_use]
    pub fn routed(&self) -> Routed {
        let label = |flavor: &&str| format!("hf-jobs-{flavor}");
        Routed {
            prefixes: vec!["hf-jobs-".to_owned()],
            labels: scenarios::FLAVORS.iter().map(label).collect(),
        }
    }
}

/// Labels as GitHub compares them: trimmed, without letter case, each once.
#[must_use]
pub(super) fn label_set<'a>(labels: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    labels
        .into_iter()
        .map(|label| label.trim().to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_routes_only_by_exactly_one_known_label() {
        let flavor = |labels: &[&str]| Rules.flavor(labels.iter().copied());
        assert_eq!(flavor(&["hf-jobs-t4-small"]), Some("t4-small"));
        assert_eq!(
            flavor(&["HF-Jobs-T4-Small", "hf-jobs-t4-small"]),
            Some("t4-small")
        );
        assert_eq!(flavor(&["hf-jobs-cpu-basic:cuda"]), Some("cpu-basic"));
        for wrong in [
            &[][..],
            &[""],
            &["ubuntu-latest"],
            &["hf-jobs-"],
            &["hf-jobs-nonsense"],
            &["self-hosted", "hf-jobs-t4-small"],
            &["hf-jobs-t4-small", "hf-jobs-l4x1"],
            &["hf-jobs-cpu-basic:a:b"],
            &["hf-jobs-cpu-basic:"],
        ] {
            assert_eq!(flavor(wrong), None, "{wrong:?}");
        }
    }
}
