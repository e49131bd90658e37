//! From what the user names (files, folders, built-in scenarios) to documents and plans.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use scenarios::{Choices, Document, Entry, plan::Plan};

use super::{
    CommandFailure,
    args::Parameters,
    text::{self, Text},
};
use crate::exit::ExitStatus;

/// A scenario or plan that was found and parsed.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What reports call it: the corpus entry's name, or the file's stem; with its folders where two would be called the
    /// same.
    pub(super) name: String,
    /// Where it was read from.
    pub(super) place: String,
    /// What it says.
    pub(super) document: Document,
    /// The built-in scenario that has its text or its name.
    pub(super) like: Option<&'static Entry>,
    /// Whether it is that one: word for word, or in the corpus' own folder.
    pub(super) is_it: bool,
}

/// Every scenario the user named; the whole corpus if nothing was named.
pub(super) fn all(named: &[String]) -> Result<Vec<Source>, CommandFailure> {
    let found = texts(named)?.into_iter().map(Source::of);
    let mut found = found.collect::<Result<Vec<_>, _>>()?;
    tell_apart(&mut found);
    Ok(found)
}

/// The one scenario the user named.
pub(super) fn one(named: &str) -> Result<Source, CommandFailure> {
    let mut found = all(&[named.to_owned()])?;
    match (found.pop(), found.is_empty()) {
        (Some(source), true) => Ok(source),
        _ => Err(CommandFailure::usage(miette::miette!(
            help = "name one file",
            "{named} holds several scenarios or plans"
        ))),
    }
}

/// The text of each named scenario, unparsed.
pub(super) fn texts(named: &[String]) -> Result<Vec<Text>, CommandFailure> {
    if named.is_empty() {
        return Ok(scenarios::corpus().iter().map(Text::built_in).collect());
    }
    let mut found = Vec::new();
    for name in named {
        let path = Path::new(name);
        if path.is_dir() {
            let files = files_below(path)?;
            if files.is_empty() {
                return Err(nothing_below(path));
            }
            found.extend(files.iter().map(|file| Text::read(file)));
        } else if path.exists() {
            found.push(Text::read(path));
        } else {
            found.push(built_in(name)?);
        }
    }
    Ok(found)
}

fn built_in(name: &str) -> Result<Text, CommandFailure> {
    let found = scenarios::corpus().iter().find(|entry| entry.name == name);
    found.map(Text::built_in).ok_or_else(|| {
        let beside = scenarios_beside(Path::new(name));
        let built_in = scenarios::corpus().iter().map(|entry| entry.name);
        let names: Vec<&str> = beside.iter().map(String::as_str).chain(built_in).collect();
        let list = "`dispatchlab list` shows the built-in scenarios";
        let help = match scenarios::closest(name, &names) {
            Some(meant) => format!("did you mean `{meant}`? {list}"),
            None => list.to_owned(),
        };
        CommandFailure::usage(miette::miette!(
            help = help,
            "{name} is neither a file nor a built-in scenario"
        ))
    })
}

/// The scenario files in the folder in which this one is not.
fn scenarios_beside(missing: &Path) -> Vec<String> {
    let folder = missing.parent().unwrap_or(Path::new(""));
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let files = fs::read_dir(here).into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .map(|file| folder.join(file.file_name()))
        .filter(|path| is_ours(path))
        .map(|path| path.display().to_string())
        .collect();
    names.sort();
    names
}

fn nothing_below(folder: &Path) -> CommandFailure {
    CommandFailure {
        report: miette::miette!(
            help = "name a folder with scenarios (.yaml) or bundles (plan.json), or leave it out for the built-in corpus",
            "there is no scenario and no plan in {} or below it",
            folder.display()
        ),
        status: ExitStatus::Nothing,
    }
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>, CommandFailure> {
    let failed = |error: std::io::Error| {
        CommandFailure::usage(miette::miette!(
            "failed to list {}: {error}",
            folder.display()
        ))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.extend(files_below(&path)?);
        } else if is_ours(&path) {
            found.push(path);
        }
    }
    // The order of a directory differs from machine to machine.
    found.sort();
    Ok(found)
}

/// Whether a file in a folder is a scenario or a plan. Recordings and verdicts are JSON too.
fn is_ours(path: &Path) -> bool {
    let kind = path.extension().and_then(|kind| kind.to_str());
    match kind {
        Some("yaml" | "yml") => true,
        Some("json") => {
            path.file_name().is_some_and(|name| name == "plan.json") || text::is_plan(path)
        }
        _ => false,
    }
}

/// A scenario given as text.
pub(super) fn parse(name: String, place: String, text: &str) -> Result<Source, CommandFailure> {
    Source::of(Text {
        name,
        place,
        text: Ok(text.to_owned()),
    })
}

/// Gives sources of one name names of their own: bundles and replay lines are found by them. Plans of one scenario are
/// told apart by their seeds.
fn tell_apart(sources: &mut [Source]) {
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    for name in &names {
        let same: Vec<usize> = (0..sources.len())
            .filter(|index| sources[*index].name == *name)
            .collect();
        let mut seeds: Vec<_> = same
            .iter()
            .filter_map(|index| sources[*index].document.seed())
            .collect();
        seeds.sort_unstable();
        seeds.dedup();
        if same.len() < 2 || seeds.len() == same.len() {
            continue;
        }
        let places: Vec<String> = same
            .iter()
            .map(|index| sources[*index].place.clone())
            .collect();
        for (index, apart) in same.iter().zip(apart(name, &places)) {
            sources[*index].name = apart;
        }
    }
}

/// Names for files of one name: with as many of their folders as it takes, and numbers where that is not enough.
fn apart(name: &str, places: &[String]) -> Vec<String> {
    let folders = |place: &String| -> Vec<String> {
        let parents = Path::new(place)
            .parent()
            .into_iter()
            .flat_map(Path::components);
        let named = parents.filter_map(|part| match part {
            std::path::Component::Normal(folder) => Some(folder.to_string_lossy().into_owned()),
            _ => None,
        });
        named.collect()
    };
    let folders: Vec<Vec<String>> = places.iter().map(folders).collect();
    let deepest = folders.iter().map(Vec::len).max().unwrap_or_default();
    let mut named: Vec<String> = Vec::new();
    for depth in 1..=deepest.max(1) {
        let with = |folders: &Vec<String>| {
            let last = &folders[folders.len().saturating_sub(depth)..];
            let parts = last.iter().map(String::as_str).chain([name]);
            parts.collect::<Vec<_>>().join("-")
        };
        named = folders.iter().map(with).collect();
        let mut distinct = named.clone();
        distinct.sort();
        distinct.dedup();
        if distinct.len() == named.len() {
            return named;
        }
    }
    let numbered = named.iter().enumerate().map(|(place, name)| {
        match named[..place].iter().filter(|other| *other == name).count() {
            0 => name.clone(),
            before => format!("{name}-{}", before + 1),
        }
    });
    numbered.collect()
}

impl Source {
    fn of(found: Text) -> Result<Self, CommandFailure> {
        let Text { name, place, text } = found;
        let text = text.map_err(|unread| CommandFailure::usage(unread.report()))?;
        let document = Document::parse(&place, &text).map_err(CommandFailure::usage)?;
        let like = like(&name, &document);
        let is_it = like.is_some_and(|entry| is_it(entry, &name, &place, &document));
        Ok(Self {
            name,
            place,
            document,
            like,
            is_it,
        })
    }

    /// The built-in scenario that it is: what is known of that is known of it.
    pub(super) fn built_in(&self) -> Option<&'static str> {
        let is_it = self.like.filter(|_| self.is_it);
        is_it.map(|entry| entry.name)
    }

    /// The plan for one seed.
    pub(super) fn plan(
        &self,
        seed: u64,
        vary: bool,
        set: &BTreeMap<String, String>,
    ) -> Result<Plan, CommandFailure> {
        let known = self.document.param_names();
        let set = set.iter().filter(|(name, _)| known.contains(name));
        let set = set
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let choices = Choices { seed, vary, set };
        let planned = self.document.plan(&choices);
        planned.map_err(|error| match self.set_wrong(&choices) {
            Some(given) => CommandFailure::usage(miette::miette!(
                help = error.help_text().unwrap_or_default(),
                "--set {given}: {}",
                error.what()
            )),
            None => CommandFailure::usage(error),
        })
    }

    /// The `--set` that a plan fails over, if the scenario is sound without it.
    fn set_wrong(&self, choices: &Choices) -> Option<String> {
        let plans = |set: BTreeMap<String, String>| {
            let choices = Choices {
                set,
                ..choices.clone()
            };
            self.document.plan(&choices).is_ok()
        };
        let without = |name: &String| {
            let mut set = choices.set.clone();
            set.remove(name);
            set
        };
        let wrong = choices.set.iter().find(|(name, _)| plans(without(name)));
        wrong.map(|(name, value)| format!("{name}={value}"))
    }
}

/// The built-in scenario that a file could be taken for: it has its text or its name.
fn like(name: &str, document: &Document) -> Option<&'static Entry> {
    let entries = || scenarios::corpus().iter();
    let by_text = entries().find(|entry| entry.text == document.text());
    by_text.or_else(|| entries().find(|entry| entry.name == name))
}

/// Whether a file is this built-in scenario: word for word, a plan of it, or the file of this name in the corpus' folder,
/// which has the list of known faults beside it.
fn is_it(entry: &Entry, name: &str, place: &str, document: &Document) -> bool {
    let folder = Path::new(place).parent();
    let is_in_corpus = || {
        let list = folder
            .and_then(Path::parent)
            .map(|above| above.join("known.yaml"));
        let named = folder
            .and_then(Path::file_name)
            .is_some_and(|it| it == "corpus");
        name == entry.name && named && list.is_some_and(|list| list.exists())
    };
    entry.text == document.text() || is_in_corpus() || is_plan_of(entry, document)
}

/// Whether this is a plan that the built-in scenario expands to; what it may come to does not count.
fn is_plan_of(entry: &Entry, plan: &Document) -> bool {
    let Some(seed) = plan.seed() else {
        return false;
    };
    let choices = |vary| Choices {
        seed,
        vary,
        ..Choices::default()
    };
    let text = |mut plan: Plan| {
        plan.expect.budget = Default::default();
        plan.to_json()
    };
    let Ok(plan) = plan.plan(&choices(false)).map(text) else {
        return false;
    };
    let scenario = entry.document();
    let expanded = [false, true].map(|vary| scenario.plan(&choices(vary)).map(text));
    let mut expanded = expanded.into_iter().flatten();
    expanded.any(|other| other == plan)
}

/// Refuses what draws anew in a plan, which has its seed and its values: another seed, several, parameters.
pub(super) fn drawn_anew(
    sources: &[Source],
    seed: Option<u64>,
    seeds: Option<u64>,
    parameters: &Parameters,
) -> Result<(), CommandFailure> {
    for source in sources {
        let Some(own) = source.document.seed() else {
            continue;
        };
        let given = match (seed, seeds, parameters.set.first()) {
            (Some(seed), _, _) if seed != own => format!("--seed {seed}"),
            (_, Some(seeds), _) if seeds != 1 => format!("--seeds {seeds}"),
            (_, _, Some(set)) => format!("--set {set}"),
            _ => continue,
        };
        return Err(CommandFailure::usage(miette::miette!(
            help = "run it without that, or run the scenario that it was made of",
            "{} is a plan, with the seed {own} and its values: {given} changes nothing in it",
            source.place
        )));
    }
    Ok(())
}

/// The `--set` arguments, checked: each is NAME=VALUE and names a parameter of at least one scenario.
pub(super) fn settings(
    parameters: &Parameters,
    sources: &[Source],
) -> Result<BTreeMap<String, String>, CommandFailure> {
    let mut set = BTreeMap::new();
    for given in &parameters.set {
        let Some((name, value)) = given.split_once('=') else {
            return Err(CommandFailure::usage(miette::miette!(
                help = "write --set NAME=VALUE",
                "--set {given} has no `=`"
            )));
        };
        if !sources.iter().any(|source| {
            source
                .document
                .param_names()
                .iter()
                .any(|known| known == name)
        }) {
            let mut known: Vec<_> = sources
                .iter()
                .flat_map(|source| source.document.param_names())
                .collect();
            known.sort();
            known.dedup();
            let help = match known.as_slice() {
                [] => "nothing here has parameters".to_owned(),
                known => format!("known parameters: {}", known.join(", ")),
            };
            return Err(CommandFailure::usage(miette::miette!(
                help = help,
                "no scenario here has a parameter {name}"
            )));
        }
        set.insert(name.to_owned(), value.to_owned());
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(places: &[&str]) -> Vec<String> {
        let places: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
        apart("x", &places)
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_as_few_folders_as_it_takes() {
        assert_eq!(named(&["d1/x.yaml", "d2/x.yaml"]), ["d1-x", "d2-x"]);
        assert_eq!(named(&["a/d/x.yaml", "b/d/x.yaml"]), ["a-d-x", "b-d-x"]);
        assert_eq!(named(&["x.yaml", "d/x.yaml"]), ["x", "d-x"]);
    }

    #[test]
    fn one_file_named_twice_gets_a_number() {
        assert_eq!(named(&["d/x.yaml", "d/x.yaml"]), ["d-x", "d-x-2"]);
        assert_eq!(named(&["x.yaml", "x.yml"]), ["x", "x-2"]);
    }
}
