//! Which label set goes to which flavor: the rules that the scenario declares, or the convention of the field.

use std::collections::BTreeSet;

use scenarios::plan::{LabelRule, flavor_of, label_set as folded};

/// The label sets a dispatcher serves. The default is the convention of the field: one label, `hf-jobs-<flavor>` or
/// `hf-jobs-<flavor>:<image>`, in any letter case.
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
