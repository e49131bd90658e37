//! `dispatchlab import`: a scenario of webhook deliveries that somebody recorded. What can be imported is kept, stripped of
//! what is private and accounted for by job; what cannot is refused by place and reason.

mod account;
mod files;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use scenarios::recording::{self, Account, Import, Matter, Redacted};

use self::files::Source;
use super::{CommandFailure, Ended, args::ImportArgs, note, print, printable};
use crate::exit::ExitStatus;

pub(super) fn import(args: &ImportArgs) -> Ended {
    refuse_name(&args.name)?;
    let out = Output::of(args);
    out.refuse_to_overwrite(args.force)?;
    let mut sources = Vec::new();
    for path in &args.paths {
        sources.extend(files::at(path)?);
    }
    let mut imports: Vec<Import> = sources.iter().map(Source::import).collect();
    Import::explain_each_other(&mut imports);
    if let Some(event) = args.event.as_deref() {
        refuse_unknown_event(&imports, event)?;
        imports
            .iter_mut()
            .for_each(|import| keep_event(import, event));
    }
    let redacted = recording::redact(&mut imports, args.keep_names);
    let all = Import::merged(&args.name, &imports);
    let imported = Imported {
        account: Account::of(&all),
        files: imports,
        all,
        redacted,
    };
    let written = !imported.all.deliveries.is_empty();
    if written {
        out.write(&imported.all, args)?;
    }
    report(args, &imported, &out)?;
    Ok(if written {
        ExitStatus::Held
    } else {
        ExitStatus::Usage
    })
}

/// Refuses a name that two files beside each other cannot have, or that would have to be quoted in a shell.
fn refuse_name(name: &str) -> Result<(), CommandFailure> {
    let fits = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let ends = [".yaml", ".yml", ".json", ".jsonl"];
    let plain = !name.is_empty()
        && name.len() <= 100
        && name.chars().all(fits)
        && !name.starts_with(['.', '-'])
        && !ends.iter().any(|end| name.to_lowercase().ends_with(end));
    if plain {
        return Ok(());
    }
    Err(CommandFailure::usage(miette::miette!(
        help = "write letters, digits, `-`, `_` and `.` only, such as `my-queue`; `.yaml` is added, and --out names the folder",
        "`{}` is no name for a scenario and its files",
        printable::line(name)
    )))
}

/// What an import came to.
struct Imported {
    files: Vec<Import>,
    all: Import,
    account: Account,
    redacted: Redacted,
}

/// Refuses an event that no delivery is of, where there are others.
fn refuse_unknown_event(imports: &[Import], event: &str) -> Result<(), CommandFailure> {
    let all = imports.iter().flat_map(|import| &import.deliveries);
    let known: BTreeSet<&str> = all.map(|delivery| delivery.event.as_str()).collect();
    if known.is_empty() || known.contains(event) {
        return Ok(());
    }
    let known: Vec<&str> = known.into_iter().collect();
    let there = known.join(", ");
    let there = printable::line(&there);
    let help = match scenarios::closest(event, &known) {
        Some(meant) => format!(
            "did you mean `{}`? there are: {there}",
            printable::line(meant)
        ),
        None => format!("there are: {there}"),
    };
    Err(CommandFailure::usage(miette::miette!(
        help = help,
        "no delivery is of the event `{}`, and nothing was written",
        printable::line(event)
    )))
}

fn keep_event(import: &mut Import, event: &str) {
    import.deliveries.retain(|delivery| delivery.event == event);
    let kept: Vec<_> = import
        .deliveries
        .iter()
        .map(|delivery| delivery.place)
        .collect();
    import.notes.retain(|note| kept.contains(&note.place));
}

/// The two files an import writes.
struct Output {
    scenario: PathBuf,
    recording: PathBuf,
    /// The recording as the scenario names it.
    named: String,
}

impl Output {
    fn of(args: &ImportArgs) -> Self {
        let named = format!("recordings/{}.jsonl", args.name);
        Self {
            scenario: args.out.join(format!("{}.yaml", args.name)),
            recording: args.out.join(&named),
            named,
        }
    }

    fn refuse_to_overwrite(&self, force: bool) -> Result<(), CommandFailure> {
        let there = [&self.scenario, &self.recording];
        match there.iter().find(|path| path.exists()) {
            Some(path) if !force => Err(CommandFailure::usage(miette::miette!(
                help = "choose another --name or --out, or overwrite it with --force",
                "{} exists already, and nothing was written",
                path.display()
            ))),
            _ => Ok(()),
        }
    }

    fn write(&self, all: &Import, args: &ImportArgs) -> Result<(), CommandFailure> {
        let title = format!("Imported webhooks: {}", args.name);
        let written = all.to_scenario(&title, &self.named);
        let written = match args.only_webhooks {
            true => written.only_webhooks(),
            false => written,
        };
        let save = || -> io::Result<()> {
            if let Some(folder) = self.recording.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&self.recording, &written.recording)?;
            fs::write(&self.scenario, &written.scenario)
        };
        save().map_err(|error| {
            CommandFailure::usage(miette::miette!(
                "failed to write {}: {error}",
                self.scenario.display()
            ))
        })
    }
}

fn report(args: &ImportArgs, imported: &Imported, out: &Output) -> Result<(), CommandFailure> {
    let files = &imported.files;
    let kept = imported.all.deliveries.len();
    let refused: usize = files.iter().map(|import| import.refused.len()).sum();
    let scenario = (kept > 0).then_some(&out.scenario);
    if args.json {
        let json = serde_json::json!({
            "imported": kept,
            "refused": refused,
            "scenario": scenario,
            "account": imported.account,
            "redacted": imported.redacted,
            "notes": imported.all.notes.iter().map(|note| &note.text).collect::<Vec<_>>(),
            "files": files.iter().map(as_json).collect::<Vec<_>>(),
        });
        return print(&format!("{json:#}\n"));
    }
    files.iter().for_each(explain);
    for oddity in &imported.all.notes {
        note(&printable::line(&oddity.text));
    }
    let Some(scenario) = scenario else {
        note(&format!("nothing could be imported, {refused} refused"));
        return Ok(());
    };
    print(&format!(
        "{kept} deliveries imported, {refused} refused\n{}{}next: dispatchlab run {}\n",
        account::text(&imported.account),
        account::redactions(&imported.redacted, args.keep_names),
        shown(scenario)
    ))
}

/// Without the `./` that a default folder puts before it.
fn shown(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    path.display().to_string()
}

/// Says what was odd and what was refused, each with its place. What was assumed of times is told of all files together.
fn explain(import: &Import) {
    let content = import
        .notes
        .iter()
        .filter(|note| note.matter == Matter::Content);
    for oddity in content {
        note(&format!(
            "{}:{}: note: {}",
            printable::line(&import.name),
            oddity.place,
            printable::line(&oddity.text)
        ));
    }
    for refusal in &import.refused {
        note(&format!(
            "{}:{}: refused: {}\n  help: {}",
            printable::line(&import.name),
            place(refusal.place),
            printable::line(&refusal.reason),
            refusal.hint
        ));
    }
}

/// A whole file is refused at its beginning.
fn place(place: recording::Place) -> String {
    match place.line {
        0 => "1:1".to_owned(),
        _ => place.to_string(),
    }
}

fn as_json(import: &Import) -> serde_json::Value {
    let notes: Vec<_> = import
        .notes
        .iter()
        .map(|note| serde_json::json!({ "place": note.place.to_string(), "text": note.text }))
        .collect();
    let refused: Vec<_> = import
        .refused
        .iter()
        .map(|refusal| {
            serde_json::json!({
                "place": place(refusal.place), "reason": refusal.reason, "help": refusal.hint,
            })
        })
        .collect();
    serde_json::json!({ "file": import.name, "imported": import.deliveries.len(), "notes": notes, "refused": refused })
}
