//! What is well-formed and can only be a slip of the pen, where it is seen in the text alone: a second repository of one name,
//! a parameter that nothing uses, a header that cannot be sent. Plans are written by this program and are spared.

use std::collections::BTreeSet;

use jiff::civil::Date;

use vocabulary::{FailedStage, parse_duration};

use crate::{
    error::Flaw,
    yaml::{Kind, Node},
};

/// Refuses what would be told less well, or not at all, once the scenario is read.
pub(crate) fn check_before(scenario: &Node) -> Result<(), Flaw> {
    if let Some(seed) = scenario.get("seed") {
        let number = seed.text().unwrap_or("7");
        let what = format!(
            "a scenario has no `seed`: it is run with any, and only a plan has its own\nremove it and run `--seed {number}`, or write the plan out: `dispatchlab plan FILE --seed {number}`"
        );
        return Err(Flaw::at(seed.place, &what));
    }
    beside_when(scenario)?;
    items(scenario.get("faults")).try_for_each(cancels_for_no_reason)?;
    made_of_others(scenario)
}

/// Refuses the first slip of a scenario that can be read otherwise.
pub(crate) fn check(scenario: &Node) -> Result<(), Flaw> {
    date(scenario)?;
    twice(items(scenario.get("about")), "property")?;
    let repos = scenario
        .get("world")
        .and_then(|world| world.get("github"))
        .and_then(|github| github.get("repos"));
    twice(
        items(repos).filter_map(|repo| repo.get("name")),
        "repository",
    )?;
    let steps = items(scenario.get("timeline"));
    let delivers = steps.filter_map(|step| step.get("deliver")?.get("headers"));
    delivers.into_iter().try_for_each(these)?;
    items(scenario.get("faults")).try_for_each(headers_below)?;
    items(scenario.get("faults")).try_for_each(changes_nothing)?;
    unused(scenario)
}

fn items(list: Option<&Node>) -> impl Iterator<Item = &Node> {
    let items = match list.map(|list| &list.kind) {
        Some(Kind::List(items)) => items.as_slice(),
        Some(Kind::Scalar { .. } | Kind::Map(_)) | None => &[],
    };
    items.iter()
}

fn entries(node: &Node) -> &[(Node, Node)] {
    match &node.kind {
        Kind::Map(entries) => entries,
        Kind::Scalar { .. } | Kind::List(_) => &[],
    }
}

/// A day, or a month where nothing better is known; with `~` before it, about then.
fn date(scenario: &Node) -> Result<(), Flaw> {
    let Some(node) = scenario.get("date") else {
        return Ok(());
    };
    let text = node.text().unwrap_or_default();
    let day = text.strip_prefix('~').unwrap_or(text);
    let whole = match day.len() {
        4 => format!("{day}-01-01"),
        7 => format!("{day}-01"),
        _ => day.to_owned(),
    };
    let read = whole.parse::<Date>().ok();
    if text.contains('$') || read.is_some_and(|date| date.to_string() == whole) {
        return Ok(());
    }
    let what = format!(
        "`{text}` is not a date\nwrite the year, the month and the day: `2026-12-31`, or `~2026-12` where only that is known"
    );
    Err(Flaw::at(node.place, &what))
}

/// Refuses a word that stands twice in a list.
fn twice<'a>(words: impl Iterator<Item = &'a Node>, what: &str) -> Result<(), Flaw> {
    let mut seen = BTreeSet::new();
    for word in words {
        let Some(text) = word.text() else {
            continue;
        };
        if !seen.insert(text.to_ascii_lowercase()) {
            let what = format!("the {what} `{text}` stands here a second time\nname it once");
            return Err(Flaw::at(word.place, &what));
        }
    }
    Ok(())
}

/// Keys of `when`, which are often written beside it.
const OF_WHEN: &[&str] = &[
    "call", "phase", "hf_job", "job", "is", "nth", "plus", "after",
];

fn beside_when(scenario: &Node) -> Result<(), Flaw> {
    for step in items(scenario.get("timeline")) {
        let outside = entries(step)
            .iter()
            .map(|(key, _)| key)
            .find(|key| key.text().is_some_and(|key| OF_WHEN.contains(&key)));
        if let (Some(_), Some(key)) = (step.get("when"), outside) {
            let name = key.text().unwrap_or_default();
            let what = format!(
                "`{name}` is a key of `when`, and stands beside it\nwrite it inside: `when: {{ …, {name}: … }}`"
            );
            return Err(Flaw::at(key.place, &what));
        }
    }
    Ok(())
}

/// Refuses a platform that cancels a job and does not say why, at the word that says so.
fn cancels_for_no_reason(fault: &Node) -> Result<(), Flaw> {
    let fail = fault.get("fail");
    let stage = fail.and_then(|fail| fail.get("stage"));
    let reason = fail.and_then(|fail| fail.get("cancel_reason"));
    match stage.filter(|stage| stage.text() == Some("canceled")) {
        Some(stage) if reason.is_none() => Err(Flaw::at(stage.place, FailedStage::NEEDS_A_REASON)),
        Some(_) | None => Ok(()),
    }
}

/// The headers of the answers that a fault gives.
fn headers_below(node: &Node) -> Result<(), Flaw> {
    for (key, value) in entries(node) {
        match key.text() {
            Some("headers") => these(value)?,
            _ => headers_below(value)?,
        }
    }
    Ok(())
}

/// Refuses a header that HTTP cannot carry.
fn these(headers: &Node) -> Result<(), Flaw> {
    for (key, value) in entries(headers) {
        let name = key.text().unwrap_or_default();
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(is_token) {
            let what = format!(
                "`{}` cannot name a header\nuse letters, digits and `-`: `retry-after`",
                name.escape_debug()
            );
            return Err(Flaw::at(key.place, &what));
        }
        let text = value.text().unwrap_or_default();
        if text.chars().any(|c| c.is_control() && c != '\t') {
            let what = format!(
                "the header `{name}` has a line break or another control character in it\nwrite its value in one line"
            );
            return Err(Flaw::at(value.place, &what));
        }
    }
    Ok(())
}

/// What a fault puts off or back, each by its keys: none of it changes anything by no time at all.
const BY_TIME: &[&[&str]] = &[
    &["delay"],
    &["reorder", "within"],
    &["stale"],
    &["wrong_clock"],
    &["lose_network", "for"],
];

/// What a fault strikes with or at a part of, each by its keys. A fragment may be given 0% where it shall leave one out.
const BY_PART: &[&[&str]] = &[&["chance"], &["for", "share"]];

/// Refuses a fault that would strike and change nothing, or never strike.
pub(crate) fn changes_nothing(fault: &Node) -> Result<(), Flaw> {
    for path in BY_PART {
        let found = path.iter().try_fold(fault, |node, key| node.get(key));
        let Some((node, text)) = found.and_then(|node| Some((node, node.text()?))) else {
            continue;
        };
        let number = text.strip_suffix('%').unwrap_or(text).trim();
        if number.parse().is_ok_and(|number: f64| number == 0.0) {
            let key = path.join(": ");
            let what = format!(
                "with `{key}: {text}` the fault never strikes\nwrite more, or remove the fault"
            );
            return Err(Flaw::at(node.place, &what));
        }
    }
    for path in BY_TIME {
        let found = path.iter().try_fold(fault, |node, key| node.get(key));
        let Some((node, text)) = found.and_then(|node| Some((node, node.text()?))) else {
            continue;
        };
        let is_none = |part: &str| {
            let length = part.trim().trim_start_matches(['-', '+']);
            parse_duration(length).is_ok_and(|length| length.is_zero())
        };
        if text.split("..").all(is_none) {
            let key = path.join(": ");
            let what = format!(
                "`{key}: {text}` changes nothing, and would count as a strike\nwrite a longer time, or remove the fault"
            );
            return Err(Flaw::at(node.place, &what));
        }
    }
    Ok(())
}

/// Refuses parameters that are made of others.
fn made_of_others(scenario: &Node) -> Result<(), Flaw> {
    let params = scenario.get("params").map(entries).unwrap_or_default();
    for (key, value) in params {
        let name = key.text().unwrap_or_default();
        let mut inside = BTreeSet::new();
        used_in(value, &mut inside);
        if let Some(other) = inside.first() {
            let what = format!(
                "the parameter `{name}` is made of another, `${other}`, and nothing is put in there\nwrite the value out, or use `${other}` where `${name}` is used"
            );
            return Err(Flaw::at(value.place, &what));
        }
    }
    Ok(())
}

/// Refuses parameters that nothing uses.
fn unused(scenario: &Node) -> Result<(), Flaw> {
    let mut used = BTreeSet::new();
    for (key, value) in entries(scenario) {
        if key.text() != Some("params") {
            used_in(value, &mut used);
        }
    }
    let params = scenario.get("params").map(entries).unwrap_or_default();
    for (key, _) in params {
        let name = key.text().unwrap_or_default();
        if !used.contains(name) {
            let what = format!(
                "nothing uses the parameter `{name}`\nwrite `${name}` where its value belongs, or remove it"
            );
            return Err(Flaw::at(key.place, &what));
        }
    }
    Ok(())
}

/// Every `$name` in the texts below a node.
fn used_in<'a>(node: &'a Node, found: &mut BTreeSet<&'a str>) {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            for part in text.split('$').skip(1) {
                let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = &part[..end.unwrap_or(part.len())];
                if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    found.insert(name);
                }
            }
        }
        Kind::List(items) => items.iter().for_each(|item| used_in(item, found)),
        Kind::Map(entries) => entries.iter().for_each(|(_, value)| used_in(value, found)),
    }
}
