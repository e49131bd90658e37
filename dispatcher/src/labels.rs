//! Label routing: which jobs are ours, and on which flavor and image they run.
//!
//! A job is ours if its labels are exactly one, `hf-jobs-<flavor>` or `hf-jobs-<flavor>:<image key>`. A runner registers
//! with that one label, so no other class of job can take it.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Images;

const PREFIX: &str = "hf-jobs-";

/// Every flavor the Hub's API names, and whether it has a GPU (which decides the default image). The Neuron flavor
/// has no CUDA device, so it counts as CPU.
pub const FLAVORS: [(&str, bool); 29] = [
    ("cpu-basic", false),
    ("cpu-upgrade", false),
    ("cpu-performance", false),
    ("cpu-xl", false),
    ("sprx8", false),
    ("zero-a10g", true),
    ("t4-small", true),
    ("t4-medium", true),
    ("l4x1", true),
    ("l4x4", true),
    ("l40sx1", true),
    ("l40sx4", true),
    ("l40sx8", true),
    ("a10g-small", true),
    ("a10g-large", true),
    ("a10g-largex2", true),
    ("a10g-largex4", true),
    ("a100-large", true),
    ("a100x4", true),
    ("a100x8", true),
    ("h200", true),
    ("h200x2", true),
    ("h200x4", true),
    ("h200x8", true),
    ("rtx-pro-6000", true),
    ("rtx-pro-6000x2", true),
    ("rtx-pro-6000x4", true),
    ("rtx-pro-6000x8", true),
    ("inf2x6", false),
];

/// Where a routed job runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The one label, lower case; the runner registers with it.
    pub label: String,
    /// The flavor.
    pub flavor: &'static str,
    /// The Docker image.
    pub image: String,
}

/// Why a job is not routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrouted {
    /// None of its labels is ours.
    #[error("no hf-jobs-* label")]
    NotOurs,
    /// One is ours, and there are others: a runner with our label alone could never take it.
    #[error("hf-jobs-* label beside other labels")]
    OtherLabels,
    /// There is no such flavor.
    #[error("unknown flavor")]
    UnknownFlavor,
    /// No image is configured under that key.
    #[error("no matching image label")]
    UnknownImage,
}

/// Names of labels that people are told at once.
const TOLD_MAX: usize = 3;

/// The routing table.
#[derive(Clone, Debug)]
pub struct Labels {
    routes: BTreeMap<String, Route>,
    image_keys: BTreeSet<String>,
}

impl Labels {
    /// The table for these images.
    #[must_use]
    pub fn new(images: &Images) -> Self {
        let mut routes = BTreeMap::new();
        for (flavor, gpu) in FLAVORS {
            let plain = if gpu { &images.gpu } else { &images.cpu };
            let keyed = images
                .by_key
                .iter()
                .map(|(key, image)| (format!("{PREFIX}{flavor}:{key}"), image));
            for (label, image) in keyed.chain([(format!("{PREFIX}{flavor}"), plain)]) {
                let route = Route {
                    label: label.clone(),
                    flavor,
                    image: image.clone(),
                };
                routes.insert(label, route);
            }
        }
        Self {
            routes,
            image_keys: images.by_key.keys().cloned().collect(),
        }
    }

    /// The route of a job with these labels.
    ///
    /// # Errors
    /// Why the job is not ours.
    pub fn route<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> Result<&Route, Unrouted> {
        let set: BTreeSet<String> = labels
            .into_iter()
            .map(|label| label.trim().to_lowercase())
            .collect();
        let ours = |label: &&String| label.starts_with(PREFIX);
        let Some(label) = set.iter().find(ours) else {
            return Err(Unrouted::NotOurs);
        };
        if set.len() > 1 {
            return Err(Unrouted::OtherLabels);
        }
        if let Some(route) = self.routes.get(label) {
            return Ok(route);
        }
        let flavor = label
            .split_once(':')
            .map_or(label.as_str(), |(flavor, _)| flavor);
        Err(if self.routes.contains_key(flavor) {
            Unrouted::UnknownImage
        } else {
            Unrouted::UnknownFlavor
        })
    }

    /// For the user whose job is not routed: what is wrong with its labels, and what would work. Nothing if the job was
    /// meant for somebody else.
    #[must_use]
    pub fn advice<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let set: BTreeSet<String> = labels
            .into_iter()
            .map(|label| label.trim().to_lowercase())
            .collect();
        let meant: Vec<&str> = set
            .iter()
            .map(String::as_str)
            .filter(|label| is_near_the_prefix(label))
            .collect();
        let (first, others) = meant.split_first()?;
        if set.len() > 1 {
            let known = meant.iter().find(|label| self.routes.contains_key(**label));
            let one = known.map_or_else(|| self.nearest(first), |label| vec![*label]);
            let also = if others.is_empty() {
                "no other label"
            } else {
                "one such label only"
            };
            let told = format!(
                "a runner has the hf-jobs-* label alone, so that a job must ask for {also}"
            );
            return Some(with_suggestions(told, &one));
        }
        let (flavor, key) = first
            .split_once(':')
            .map_or((*first, None), |(f, k)| (f, Some(k)));
        let told = match key {
            Some(key) if self.routes.contains_key(flavor) => {
                let known: Vec<&str> = self.image_keys().collect();
                let known = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                };
                format!(
                    "there is no RUNNER_IMAGE_{}; images configured: {known}",
                    key.to_uppercase().escape_debug()
                )
            }
            _ => format!(
                "there is no flavor {}",
                flavor.strip_prefix(PREFIX).unwrap_or(flavor).escape_debug()
            ),
        };
        Some(with_suggestions(told, &self.nearest(first)))
    }

    /// The routes whose labels are most like this one, nearest first.
    fn nearest(&self, label: &str) -> Vec<&str> {
        let (flavor, key) = label
            .split_once(':')
            .map_or((label, None), |(f, k)| (f, Some(k)));
        let mut near: Vec<(usize, &str)> = self
            .routes
            .keys()
            .map(|route| {
                let (route_flavor, route_key) = route
                    .split_once(':')
                    .map_or((route.as_str(), None), |(f, k)| (f, Some(k)));
                let keys = match (key, route_key) {
                    (Some(key), Some(route_key)) => strsim::osa_distance(key, route_key),
                    (None, None) => 0,
                    // Without an image of its own a job may do with the usual one.
                    (Some(_), None) => 3,
                    (None, Some(_)) => 9,
                };
                (
                    strsim::osa_distance(flavor, route_flavor) + keys,
                    route.as_str(),
                )
            })
            .filter(|(distance, _)| *distance <= 3)
            .collect();
        near.sort_unstable();
        near.into_iter()
            .take(TOLD_MAX)
            .map(|(_, route)| route)
            .collect()
    }

    /// The route of one canonical label.
    #[must_use]
    pub fn get(&self, label: &str) -> Option<&Route> {
        self.routes.get(label)
    }

    /// Every route.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.values()
    }

    /// The configured image keys, lower case.
    pub fn image_keys(&self) -> impl Iterator<Item = &str> {
        self.image_keys.iter().map(String::as_str)
    }
}

/// Whether a label looks meant for us: the prefix, or it with a slip of the pen.
fn is_near_the_prefix(label: &str) -> bool {
    label.starts_with(PREFIX)
        || label
            .char_indices()
            .map(|(at, _)| &label[..at])
            .take_while(|start| start.len() <= PREFIX.len() + 1)
            .any(|start| {
                start.len() + 1 >= PREFIX.len() && strsim::osa_distance(start, PREFIX) <= 1
            })
}

fn with_suggestions(told: String, labels: &[&str]) -> String {
    match labels.split_first() {
        None => told,
        Some((one, more)) => more
            .iter()
            .fold(format!("{told}; try runs-on: {one}"), |told, label| {
                format!("{told}, or {label}")
            }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels() -> Labels {
        let by_key = [("torch".to_owned(), "torch:2".to_owned())].into();
        Labels::new(&Images {
            cpu: "ubuntu".into(),
            gpu: "cuda".into(),
            by_key,
        })
    }

    #[test]
    fn routes_by_flavor_and_image_key() {
        let labels = labels();
        let route = |label| labels.route([label]).unwrap().clone();
        assert_eq!(route("hf-jobs-cpu-basic").image, "ubuntu");
        assert_eq!(route("hf-jobs-t4-small").image, "cuda");
        assert_eq!(route("HF-Jobs-A10G-Small:Torch").image, "torch:2");
        assert_eq!(
            route("HF-Jobs-A10G-Small:Torch").label,
            "hf-jobs-a10g-small:torch"
        );
        assert_eq!(route(" hf-jobs-inf2x6").flavor, "inf2x6");
    }

    #[test]
    fn never_routes_empty_or_mixed_labels() {
        let labels = labels();
        assert_eq!(labels.route([]), Err(Unrouted::NotOurs));
        assert_eq!(labels.route([""]), Err(Unrouted::NotOurs));
        assert_eq!(
            labels.route(["self-hosted", "hf-jobs-h200"]),
            Err(Unrouted::OtherLabels)
        );
        assert_eq!(
            labels.route(["hf-jobs-h200", "hf-jobs-t4-small"]),
            Err(Unrouted::OtherLabels)
        );
        assert_eq!(labels.route(["hf-jobs-h100"]), Err(Unrouted::UnknownFlavor));
        assert_eq!(
            labels.route(["hf-jobs-h200:nope"]),
            Err(Unrouted::UnknownImage)
        );
        assert_eq!(
            labels.route(["hf-jobs-h200:torch:x"]),
            Err(Unrouted::UnknownImage)
        );
        assert!(
            labels.route(["hf-jobs-h200", " HF-JOBS-H200 "]).is_ok(),
            "duplicates collapse"
        );
    }

    #[test]
    fn tells_what_would_work() {
        let labels = labels();
        for (set, advice) in [
            (
                &["hf-jobs-cpu-basci"][..],
                "there is no flavor cpu-basci; try runs-on: hf-jobs-cpu-basic",
            ),
            (
                &["hf-jobs-cpu-basic:troch"],
                "there is no RUNNER_IMAGE_TROCH; images configured: torch; try runs-on: hf-jobs-cpu-basic:torch",
            ),
            (
                &["hf-jobs-cpu-basic:rust"],
                "there is no RUNNER_IMAGE_RUST; images configured: torch; try runs-on: hf-jobs-cpu-basic",
            ),
            (
                &["hf-job-t4-small"],
                "there is no flavor hf-job-t4-small; try runs-on: hf-jobs-t4-small",
            ),
            (
                &["self-hosted", "HF-Jobs-h200"],
                "a runner has the hf-jobs-* label alone, so that a job must ask for no other label; try runs-on: hf-jobs-h200",
            ),
            (
                &["hf-jobs-h200", "hf-jobs-t4-small"],
                "a runner has the hf-jobs-* label alone, so that a job must ask for one such label only; try runs-on: hf-jobs-h200",
            ),
            (&["hf-jobs-tpu-v5"], "there is no flavor tpu-v5"),
            (&["hf-jobs-"], "there is no flavor "),
        ] {
            let told = labels.advice(set.iter().copied()).unwrap();
            assert!(told.starts_with(advice), "{set:?}: {told}");
        }
        assert_eq!(labels.advice(["ubuntu-latest"]), None);
        assert_eq!(labels.advice([]), None);
        assert_eq!(labels.advice(["é".repeat(60).as_str()]), None);
    }

    /// The rule once more, written from its statement instead of from a table.
    fn model(labels: &[String]) -> Option<(String, bool)> {
        let mut distinct: Vec<String> = labels.iter().map(|l| l.trim().to_lowercase()).collect();
        distinct.sort();
        distinct.dedup();
        let [only] = distinct.as_slice() else {
            return None;
        };
        let rest = only.strip_prefix("hf-jobs-")?;
        let (flavor, key) = rest
            .split_once(':')
            .map_or((rest, None), |(flavor, key)| (flavor, Some(key)));
        let known = FLAVORS.iter().any(|(name, _)| *name == flavor);
        let image_known = key.is_none_or(|key| key == "torch");
        (known && image_known).then(|| (only.clone(), key.is_some()))
    }

    fn some_label() -> impl Strategy<Value = String> {
        let flavor = prop::sample::select(FLAVORS.map(|(name, _)| name).to_vec());
        prop_oneof![
            flavor.clone().prop_map(|f| format!("hf-jobs-{f}")),
            flavor
                .clone()
                .prop_map(|f| format!("HF-jobs-{}", f.to_uppercase())),
            flavor.clone().prop_map(|f| format!(" hf-jobs-{f}:TORCH")),
            flavor.prop_map(|f| format!("hf-jobs-{f}:other")),
            Just("hf-jobs-".to_owned()),
            Just("self-hosted".to_owned()),
            "[a-z:-]{0,12}",
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_the_stated_rule(set in prop::collection::vec(some_label(), 0..4)) {
            let table = labels();
            let routed = table.route(set.iter().map(String::as_str)).ok().map(|r| (r.label.clone(), r.image == "torch:2"));
            prop_assert_eq!(routed, model(&set));
        }
    }
}
