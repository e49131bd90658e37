//! `dispatchlab import`: a scenario of webhook deliveries that somebody recorded. What can be imported is
//! kept and counted; what cannot is refused by place and reason.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use scenarios::recording::{self, Import};

use super::{CommandFailure, Ended, args::ImportArgs, note, print};
use crate::exit::ExitStatus;

pub(super) fn import(args: &ImportArgs) -> Ended {
    let mut files = Vec::new();
    for path in &args.paths {
        files.extend(texts(path)?);
    }
    let imports: Vec<Import> = files
        .iter()
        .map(|(name, text)| of_event(recording::import(name, text, None), args.event.as_deref()))
        .collect();
    let all = Import::merged(&args.name, &imports);
    if !args.json {
        imports.iter().for_each(explain);
    }
    let written = if all.deliveries.is_empty() {
        None
    } else {
        Some(write(args, &all)?)
    };
    report(args, &imports, written.as_deref())?;
    Ok(if written.is_some() {
        ExitStatus::Held
    } else {
        ExitStatus::Usage
    })
}

/// Name and text of each file the user named; of a folder, every file that could hold deliveries.
fn texts(path: &str) -> Result<Vec<(String, String)>, CommandFailure> {
    let failed = |path: &Path, error: io::Error| {
        CommandFailure::usage(miette::miette!(
            "failed to read {}: {error}",
            path.display()
        ))
    };
    if path == "-" {
        let text =
            io::read_to_string(io::stdin()).map_err(|error| failed(Path::new("stdin"), error))?;
        return Ok(vec![("stdin".to_owned(), text)]);
    }
    let mut texts = Vec::new();
    for file in recordings_at(Path::new(path)).map_err(|error| failed(Path::new(path), error))? {
        let text = fs::read_to_string(&file).map_err(|error| failed(&file, error))?;
        texts.push((file.display().to_string(), text));
    }
    Ok(texts)
}

/// The files of recordings at a path. The npm package of examples holds one index for each GitHub version;
/// only github.com's is taken, or every delivery would be there six times.
fn recordings_at(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let examples = path.join("api.github.com").join("index.json");
    if examples.exists() {
        return Ok(vec![examples]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?.path();
        let holds = entry
            .extension()
            .is_some_and(|kind| kind == "json" || kind == "jsonl" || kind == "ndjson");
        if entry.is_dir() {
            found.extend(recordings_at(&entry)?);
        } else if holds {
            found.push(entry);
        }
    }
    // The order of a directory differs from machine to machine.
    found.sort();
    Ok(found)
}

fn of_event(mut import: Import, event: Option<&str>) -> Import {
    if let Some(event) = event {
        import.deliveries.retain(|delivery| delivery.event == event);
        let kept: Vec<_> = import
            .deliveries
            .iter()
            .map(|delivery| delivery.place)
            .collect();
        import.notes.retain(|note| kept.contains(&note.place));
    }
    import
}

/// Says what was odd and what was refused, each with its place.
fn explain(import: &Import) {
    for oddity in &import.notes {
        note(&format!(
            "{}:{}: note: {}",
            import.name, oddity.place, oddity.text
        ));
    }
    for refusal in &import.refused {
        note(&format!(
            "{}:{}: refused: {}\n  help: {}",
            import.name, refusal.place, refusal.reason, refusal.hint
        ));
    }
}

fn write(args: &ImportArgs, all: &Import) -> Result<PathBuf, CommandFailure> {
    let title = format!("Imported webhooks: {}", args.name);
    let recording = format!("recordings/{}.jsonl", args.name);
    let written = all.to_scenario(&title, &recording);
    let scenario = args.out.join(format!("{}.yaml", args.name));
    let save = || -> io::Result<()> {
        fs::create_dir_all(args.out.join("recordings"))?;
        fs::write(args.out.join(&recording), &written.recording)?;
        fs::write(&scenario, &written.scenario)
    };
    save().map_err(|error| {
        CommandFailure::usage(miette::miette!(
            "failed to write {}: {error}",
            scenario.display()
        ))
    })?;
    Ok(scenario)
}

fn report(
    args: &ImportArgs,
    imports: &[Import],
    written: Option<&Path>,
) -> Result<(), CommandFailure> {
    let count = |of: fn(&Import) -> usize| imports.iter().map(of).sum::<usize>();
    let (kept, refused) = (
        count(|import| import.deliveries.len()),
        count(|import| import.refused.len()),
    );
    if args.json {
        let files: Vec<_> = imports.iter().map(as_json).collect();
        let json = serde_json::json!({
            "imported": kept, "refused": refused, "scenario": written, "files": files,
        });
        return print(&format!("{json:#}\n"));
    }
    match written {
        Some(scenario) => print(&format!(
            "{kept} deliveries imported, {refused} refused\nnext: dispatchlab run {}\n",
            scenario.display()
        )),
        None => {
            note(&format!("nothing could be imported, {refused} refused"));
            Ok(())
        }
    }
}

fn as_json(import: &Import) -> serde_json::Value {
    let notes: Vec<_> = import
        .notes
        .iter()
        .map(|note| serde_json::json!({ "place": note.place.to_string(), "text": note.text }))
        .collect();
    let refused: Vec<_> = import.refused.iter().map(|refusal| {
        serde_json::json!({ "place": refusal.place.to_string(), "reason": refusal.reason, "help": refusal.hint })
    }).collect();
    serde_json::json!({ "file": import.name, "imported": import.deliveries.len(), "notes": notes, "refused": refused })
}
