//! From what the user names (files, folders, built-in scenarios) to documents and plans.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use scenarios::{Choices, Document, plan::Plan};

use super::{CommandFailure, args::Parameters};

/// A scenario or plan that was found and parsed.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What reports call it: the corpus entry's name, or the file's stem.
    pub(super) name: String,
    /// Where it was read from.
    pub(super) place: String,
    /// What it says.
    pub(super) document: Document,
}

/// Every scenario the user named; the whole corpus if nothing was named.
pub(super) fn all(named: &[String]) -> Result<Vec<Source>, CommandFailure> {
    let found = texts(named)?;
    found
        .into_iter()
        .map(|(name, place, text)| parse(name, place, &text))
        .collect()
}

/// The one scenario the user named.
pub(super) fn one(named: &str) -> Result<Source, CommandFailure> {
    let mut found = all(&[named.to_owned()])?;
    match (found.pop(), found.is_empty()) {
        (Some(source), true) => Ok(source),
        _ => Err(CommandFailure::usage(miette::miette!(
            "{named} is not one scenario but several or none"
        ))),
    }
}

/// Name, place and text of each named scenario, unparsed.
pub(super) fn texts(named: &[String]) -> Result<Vec<(String, String, String)>, CommandFailure> {
    if named.is_empty() {
        let corpus = scenarios::corpus().iter();
        return Ok(corpus
            .map(|entry| {
                (
                    entry.name.to_owned(),
                    entry.file.to_owned(),
                    entry.text.to_owned(),
                )
            })
            .collect());
    }
    let mut found = Vec::new();
    for name in named {
        let path = Path::new(name);
        if path.is_dir() {
            for file in files_below(path)? {
                found.push(read(&file)?);
            }
        } else if path.exists() {
            found.push(read(path)?);
        } else {
            found.push(built_in(name)?);
        }
    }
    Ok(found)
}

fn built_in(name: &str) -> Result<(String, String, String), CommandFailure> {
    if let Some(entry) = scenarios::corpus().iter().find(|entry| entry.name == name) {
        return Ok((
            entry.name.to_owned(),
            entry.file.to_owned(),
            entry.text.to_owned(),
        ));
    }
    Err(CommandFailure::usage(miette::miette!(
        help = "`dispatchlab list` shows the built-in scenarios",
        "{name} is neither a file nor a built-in scenario"
    )))
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
        } else if path
            .extension()
            .is_some_and(|kind| kind == "yaml" || kind == "yml")
        {
            found.push(path);
        }
    }
    // The order of a directory differs from machine to machine.
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<(String, String, String), CommandFailure> {
    let text = fs::read_to_string(path).map_err(|error| {
        CommandFailure::usage(miette::miette!(
            "failed to read {}: {error}",
            path.display()
        ))
    })?;
    let stem = path
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    // A plan in a bundle is named by the scenario it came from: out/NAME/seed-N/plan.json.
    let bundle = path
        .parent()
        .and_then(Path::parent)
        .and_then(Path::file_name);
    let name = match bundle {
        Some(bundle) if stem == "plan" => bundle.to_string_lossy().into_owned(),
        _ => stem,
    };
    Ok((name, path.display().to_string(), text))
}

/// A scenario given as text.
pub(super) fn parse(name: String, place: String, text: &str) -> Result<Source, CommandFailure> {
    let document = Document::parse(&place, text).map_err(CommandFailure::usage)?;
    Ok(Source {
        name,
        place,
        document,
    })
}

impl Source {
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
        self.document
            .plan(&Choices { seed, vary, set })
            .map_err(CommandFailure::usage)
    }
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
            let known: Vec<_> = sources
                .iter()
                .flat_map(|source| source.document.param_names())
                .collect();
            return Err(CommandFailure::usage(miette::miette!(
                help = format!("known parameters: {}", known.join(", ")),
                "no scenario here has a parameter {name}"
            )));
        }
        set.insert(name.to_owned(), value.to_owned());
    }
    Ok(set)
}
