//! Fragments: settings, faults and parameters that a scenario takes over with `use`, embedded in the program.
//!
//! A fragment is merged into the tree of the scenario before anything is decoded, so a plan holds what it came to
//! and no `use`. Its nodes stand where `use` names it, and that is where an error of theirs is shown.

use crate::{
    error::{Flaw, Place},
    words,
    written::Params,
    yaml::{Kind, Node},
};

/// A fragment that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The name it is used by.
    pub name: &'static str,
    /// Its file, counted from the crate's folder.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! fragments {
    ($($name:literal)*) => {
        &[$(Fragment {
            name: $name,
            file: concat!("fragments/", $name, ".yaml"),
            text: include_str!(concat!("../fragments/", $name, ".yaml")),
        }),*]
    };
}

const FRAGMENTS: &[Fragment] = fragments! {
    "incidents/webhooks-delayed-2024-07"
    "incidents/webhook-backlog-2023-08"
    "incidents/background-jobs-delayed-2023-08"
    "incidents/run-updates-delayed-2023-09"
    "incidents/events-shuffled-2023-03"
    "incidents/foreign-installation-2026-06"
    "incidents/busy-flag-false-2026-07"
    "incidents/registration-502-2026-05"
    "incidents/queued-never-sent-2023-12"
    "incidents/hf-capacity-hole-2026-06"
};

/// All fragments.
#[must_use]
pub const fn fragments() -> &'static [Fragment] {
    FRAGMENTS
}

impl Fragment {
    /// What it is about, in one line.
    #[must_use]
    pub fn title(&self) -> String {
        let root = self.read();
        let title = root.get("title").and_then(Node::text);
        title.unwrap_or_default().to_owned()
    }

    /// The names of its parameters.
    #[must_use]
    pub fn param_names(&self) -> Vec<String> {
        let params = Params::read(&self.read()).unwrap_or_default();
        params.names().map(str::to_owned).collect()
    }

    /// Its text as a tree.
    ///
    /// # Panics
    ///
    /// Never: a test reads every fragment.
    fn read(&self) -> Node {
        Node::parse(self.text).expect("a test reads every fragment")
    }
}

/// The scenario with everything it uses put in. What the scenario says itself wins.
pub(crate) fn merged(mut scenario: Node) -> Result<Node, Flaw> {
    let used = used(&scenario)?;
    if used.is_empty() {
        return Ok(scenario);
    }
    if let Some(seed) = scenario.get("seed") {
        let what = "a plan has a `seed` and no `use`\nremove the `seed` to make a scenario of it";
        return Err(Flaw::at(seed.place, what));
    }
    let mut brought = Brought::default();
    for (fragment, place) in used {
        brought.add(fragment, place, &scenario)?;
    }
    let Kind::Map(entries) = &mut scenario.kind else {
        return Ok(scenario);
    };
    if let Some(world) = brought.world {
        put_below(entries, "world", world);
    }
    if let Some(params) = brought.params {
        put_below(entries, "params", params);
    }
    put_before(entries, "faults", brought.faults);
    Ok(scenario)
}

/// The fragments a scenario names, each with the place of its name.
fn used(scenario: &Node) -> Result<Vec<(&'static Fragment, Place)>, Flaw> {
    let Some(written) = scenario.get("use").filter(|written| !written.is_null()) else {
        return Ok(Vec::new());
    };
    let names = match &written.kind {
        Kind::List(names) => names.as_slice(),
        Kind::Scalar { .. } | Kind::Map(_) => std::slice::from_ref(written),
    };
    let mut used: Vec<(&'static Fragment, Place)> = Vec::new();
    for name in names {
        let Some(text) = name.text() else {
            let what = "expected the name of a fragment\nwrite `use: [incidents/webhooks-delayed-2024-07]`";
            return Err(Flaw::at(name.place, what));
        };
        let known: Vec<&str> = FRAGMENTS.iter().map(|fragment| fragment.name).collect();
        let found = FRAGMENTS.iter().find(|fragment| fragment.name == text);
        let found =
            found.ok_or_else(|| Flaw::at(name.place, &words::unknown("fragment", text, &known)))?;
        if used.iter().any(|(other, _)| *other == found) {
            let what = format!("`{text}` is used a second time\nname it once");
            return Err(Flaw::at(name.place, &what));
        }
        used.push((found, name.place));
    }
    Ok(used)
}

/// What all used fragments bring along together.
#[derive(Default)]
struct Brought {
    params: Option<Node>,
    world: Option<Node>,
    faults: Vec<Node>,
}

impl Brought {
    fn add(&mut self, fragment: &Fragment, place: Place, scenario: &Node) -> Result<(), Flaw> {
        let root = fragment.read().moved_to(place);
        let clash = |path: &str| {
            let what = format!(
                "`{path}` is set by `{}` and by a fragment before it\nset it in the scenario itself, which wins over both",
                fragment.name
            );
            Flaw::at(place, &what)
        };
        let parts = [
            ("params", 1, &mut self.params),
            ("world", usize::MAX, &mut self.world),
        ];
        for (key, depth, whole) in parts {
            let Some(part) = root.get(key) else {
                continue;
            };
            match whole {
                None => *whole = Some(part.clone()),
                Some(whole) => {
                    join(whole, part, scenario.get(key), key, depth)
                        .map_err(|path| clash(&path))?;
                }
            }
        }
        if let Some(Kind::List(faults)) = root.get("faults").map(|faults| &faults.kind) {
            self.faults.extend(faults.iter().cloned().map(may_miss));
        }
        Ok(())
    }
}

/// Joins two mappings of fragments, down to this depth. Its error is the path of what both set differently and the
/// scenario does not set itself.
fn join(
    whole: &mut Node,
    part: &Node,
    own: Option<&Node>,
    path: &str,
    depth: usize,
) -> Result<(), String> {
    let (Kind::Map(entries), Kind::Map(more)) = (&mut whole.kind, &part.kind) else {
        return Err(path.to_owned());
    };
    for (key, value) in more {
        let name = key.text().unwrap_or_default();
        let own = own.and_then(|own| own.get(name));
        let path = format!("{path}.{name}");
        match entries
            .iter_mut()
            .find(|(known, _)| known.text() == Some(name))
        {
            None => entries.push((key.clone(), value.clone())),
            Some((_, known)) if depth > 1 && both_are_maps(known, value) => {
                join(known, value, own, &path, depth - 1)?;
            }
            Some((_, known)) if own.is_some() || says_the_same(known, value) => {}
            Some(_) => return Err(path),
        }
    }
    Ok(())
}

fn both_are_maps(one: &Node, other: &Node) -> bool {
    matches!((&one.kind, &other.kind), (Kind::Map(_), Kind::Map(_)))
}

/// Whether two nodes differ in their places only.
fn says_the_same(one: &Node, other: &Node) -> bool {
    let nowhere = Place::default();
    one.clone().moved_to(nowhere) == other.clone().moved_to(nowhere)
}

/// Puts a mapping behind a key, under what stands there already.
fn put_below(entries: &mut Vec<(Node, Node)>, key: &str, brought: Node) {
    let place = brought.place;
    match entries
        .iter_mut()
        .find(|(name, _)| name.text() == Some(key))
    {
        None => entries.push((word(key, place), brought)),
        Some((_, own)) if own.is_null() => *own = brought,
        Some((_, own)) => fill(own, brought, key == "params"),
    }
}

/// Adds to a mapping what it does not say itself. A parameter is taken over whole or not at all.
fn fill(own: &mut Node, brought: Node, whole: bool) {
    // Anything else than a mapping is an error that is found when it is decoded.
    let (Kind::Map(entries), Kind::Map(more)) = (&mut own.kind, brought.kind) else {
        return;
    };
    for (key, value) in more {
        match entries
            .iter_mut()
            .find(|(known, _)| known.text() == key.text())
        {
            None => entries.push((key, value)),
            Some((_, known)) if !whole => fill(known, value, false),
            Some(_) => {}
        }
    }
}

/// An incident is the weather, not the point of a scenario: its faults may miss unless the fragment says otherwise.
fn may_miss(mut fault: Node) -> Node {
    let place = fault.place;
    if let Kind::Map(entries) = &mut fault.kind
        && !entries
            .iter()
            .any(|(key, _)| key.text() == Some("may_miss"))
    {
        entries.push((word("may_miss", place), word("true", place)));
    }
    fault
}

/// Puts items at the front of the list behind a key.
fn put_before(entries: &mut Vec<(Node, Node)>, key: &str, mut items: Vec<Node>) {
    let Some(place) = items.first().map(|first| first.place) else {
        return;
    };
    let known = entries
        .iter_mut()
        .find(|(name, _)| name.text() == Some(key));
    match known.map(|(_, own)| own) {
        Some(own) if !own.is_null() => {
            if let Kind::List(behind) = &mut own.kind {
                items.append(behind);
                *behind = items;
            }
        }
        Some(own) => own.kind = Kind::List(items),
        None => {
            let list = Node {
                kind: Kind::List(items),
                place,
            };
            entries.push((word(key, place), list));
        }
    }
}

fn word(text: &str, place: Place) -> Node {
    let text = text.to_owned();
    Node {
        kind: Kind::Scalar { text, plain: true },
        place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a fragment is, and what it may bring along.
    const KEYS: &[&str] = &[
        "title", "source", "date", "cause", "params", "world", "faults",
    ];

    #[test]
    fn every_fragment_says_what_it_is_and_brings_only_what_it_may() {
        for fragment in fragments() {
            let Kind::Map(entries) = fragment.read().kind else {
                panic!("{} is no mapping", fragment.name);
            };
            for (key, _) in &entries {
                let key = key.text().unwrap_or_default();
                assert!(KEYS.contains(&key), "{}: `{key}`", fragment.name);
            }
            for key in ["title", "source", "date", "faults"] {
                let says = entries.iter().any(|(name, _)| name.text() == Some(key));
                assert!(says, "{} has no {key}", fragment.name);
            }
        }
    }
}
