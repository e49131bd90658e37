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
