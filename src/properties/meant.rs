//! Which jobs look meant for a dispatcher although its rules do not route them: a slip in a label leaves a job queued
//! for ever, and nobody is responsible for it. Such jobs are listed by name; served-or-told judges them where a scenario
//! writes the rules.

use strsim::osa_distance;

use super::rules::label_set;

/// No label is taken for another that differs from it in more letters.
const SLIPS_MAX: usize = 2;

/// What the labels of GitHub's own runners begin with: these have a server.
const HOSTED: &[&str] = &["ubuntu-", "windows-", "macos-"];

/// What a dispatcher's rules route, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routed {
    /// Beginnings of labels.
    pub prefixes: Vec<String>,
    /// Whole labels.
    pub labels: Vec<String>,
}

impl Routed {
    /// True if one of these labels is routed, or is nearly one that is. Only of use for jobs that are not routed.
    #[must_use]
    pub fn seems_meant_by<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> bool {
        let labels = label_set(labels);
        labels
            .iter()
            .filter(|label| !is_hosted(label))
            .any(|label| self.is_near(label))
    }

    fn is_near(&self, label: &str) -> bool {
        let begins = |prefix: &String| label.starts_with(prefix) || begins_nearly(label, prefix);
        let is_one = |routed: &String| slips_at_most(routed, label, SLIPS_MAX);
        self.prefixes.iter().any(begins) || self.labels.iter().any(is_one)
    }
}

fn is_hosted(label: &str) -> bool {
    HOSTED.iter().any(|beginning| label.starts_with(beginning))
}

/// True if `label` is `routed` but for so many slips, and these are at most a fifth of it: in a short label every
/// letter tells.
fn slips_at_most(routed: &str, label: &str, most: usize) -> bool {
    let allowed = most.min(routed.chars().count() / 5);
    // The distance is at least the difference in length, and labels are up to a hundred letters long.
    let lengths = (routed.chars().count()).abs_diff(label.chars().count());
    lengths <= allowed && osa_distance(routed, label) <= allowed
}

/// True if `label` begins with `prefix` but for slips.
fn begins_nearly(label: &str, prefix: &str) -> bool {
    let length = prefix.chars().count();
    (length.saturating_sub(SLIPS_MAX)..=length + SLIPS_MAX).any(|taken| {
        let beginning: String = label.chars().take(taken).collect();
        beginning.chars().count() == taken && slips_at_most(prefix, &beginning, SLIPS_MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::Rules;

    fn meant(labels: &[&str]) -> bool {
        let rules = Rules::default();
        let routed = rules.routed();
        assert_eq!(rules.flavor(labels.iter().copied()), None, "{labels:?}");
        routed.seems_meant_by(labels.iter().copied())
    }

    #[test]
    fn a_slip_in_a_routed_label_is_noticed() {
        for labels in [
            &["hf-jobs-cpu-basci"][..],
            &["hf-job-cpu-basic"],
            &["HF-Jobs-CPU-Basik"],
            &["hf_jobs-cpu-basic"],
            &["hfjobs-t4-small"],
            &["hf-jobs-"],
            &["hf-jobs-nonsense"],
            &["hf-jobs-cpu-basic:cuda"],
            &["hf-jobs-cpu-basic:-q"],
            &["hf-jobs-cpu-basic:a:b"],
        ] {
            assert!(meant(labels), "{labels:?}");
        }
    }

    #[test]
    fn a_label_beside_a_routed_one_is_noticed_whoever_else_has_it() {
        assert!(meant(&["self-hosted", "hf-jobs-cpu-basic"]));
        assert!(meant(&["ubuntu-latest", "hf-jobs-cpu-basic"]));
        assert!(meant(&["hf-jobs-t4-small", "hf-jobs-l4x1"]));
    }

    #[test]
    fn a_job_of_somebody_else_is_left_alone() {
        for labels in [
            &["ubuntu-latest"][..],
            &["ubuntu-24.04-arm"],
            &["windows-2025"],
            &["macos-15-xlarge"],
            &["self-hosted", "linux", "x64"],
            &["gpu"],
            &["jobs-cpu-basic"],
            &["cpu-basic"],
            &[],
        ] {
            assert!(!meant(labels), "{labels:?}");
        }
    }

    #[test]
    fn a_hosted_label_is_never_a_slip_of_a_routed_one() {
        let routed = Routed {
            prefixes: vec!["ubuntu-".to_owned()],
            labels: vec!["ubuntu-latest-gpu".to_owned()],
        };
        assert!(!routed.seems_meant_by(["ubuntu-latest-gpo"]));
        assert!(!routed.seems_meant_by(["ubuntu-latest"]));
    }

    #[test]
    fn slips_are_at_most_two_and_a_fifth_of_the_label() {
        let routed = Routed {
            prefixes: Vec::new(),
            labels: vec!["gpus".to_owned(), "large-gpus".to_owned()],
        };
        let meant = |label| routed.seems_meant_by([label]);
        // Four letters allow no slip, ten allow two; two letters swapped are one slip.
        assert!(!meant("gpu") && !meant("gpsu"));
        assert!(meant("large-gpsu") && meant("large-gp") && meant("lrage-gpsu"));
        assert!(!meant("large-g"));
    }
}
