//! The images that a plan's rules name by a key: `hf-jobs-<flavor>:<key>`, in the environment `RUNNER_IMAGE_<KEY>`.

use std::collections::BTreeMap;

use scenarios::plan::LabelRule;

/// The names of jobs-actions that end like a key and are none.
const TAKEN: &[&str] = &["cpu", "gpu", "keys"];

/// The image of each key. None if one of them cannot be told by an environment: its key stands for two images, is no part
/// of a variable's name, or means something else there.
pub(super) fn by_key(rules: &[LabelRule]) -> Option<BTreeMap<String, String>> {
    let mut images = BTreeMap::new();
    for (key, image) in rules.iter().filter_map(LabelRule::names_image) {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !key.bytes().all(fits) || TAKEN.contains(&key.as_str()) {
            return None;
        }
        let other = images.insert(key, image.to_owned());
        if other.is_some_and(|other| other != image) {
            return None;
        }
    }
    Some(images)
}

/// The environment that tells of them.
pub(super) fn environment(rules: &[LabelRule]) -> BTreeMap<String, String> {
    let images = by_key(rules).unwrap_or_default();
    if images.is_empty() {
        return BTreeMap::new();
    }
    let keys: Vec<&str> = images.keys().map(String::as_str).collect();
    let keys = ("RUNNER_IMAGE_KEYS".to_owned(), keys.join(","));
    let named = images.iter().map(|(key, image)| {
        let name = format!("RUNNER_IMAGE_{}", key.to_ascii_uppercase());
        (name, image.clone())
    });
    named.chain([keys]).collect()
}
