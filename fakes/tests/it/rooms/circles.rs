//! Circles in a graph of imports.

use std::collections::{BTreeMap, BTreeSet};

/// The largest groups of files of which each leads to every other, as sorted names.
pub(super) fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = imports
        .keys()
        .map(|file| (file.as_str(), reach(file, imports)))
        .collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (&file, others) in &reached {
        if !others.contains(file) || seen.contains(file) {
            continue;
        }
        let leads_back = |other: &&&str| reached.get(**other).is_some_and(|its| its.contains(file));
        let circle: Vec<&str> = others.iter().filter(leads_back).copied().collect();
        seen.extend(circle.iter().copied());
        found.push(circle.into_iter().map(str::to_owned).collect());
    }
    found
}

/// Everything that can be reached from a file.
fn reach<'a>(file: &str, imports: &'a BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&str> = imports
        .get(file)
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    while let Some(next) = ahead.pop() {
        if reached.insert(next) {
            ahead.extend(imports.get(next).into_iter().flatten().map(String::as_str));
        }
    }
    reached
}
