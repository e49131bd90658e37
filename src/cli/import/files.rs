//! The files an import reads: what the user named, and of a folder every file that could hold deliveries.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use scenarios::recording::{self, Import};

use crate::cli::{CommandFailure, note};

/// How files of deliveries end.
const ENDINGS: [&str; 4] = ["json", "jsonl", "ndjson", "har"];

/// A file that was read.
pub(super) struct Source {
    name: String,
    bytes: Vec<u8>,
    /// The event that the file's folder is named after, if it is.
    event: Option<String>,
}

impl Source {
    /// Reads its deliveries.
    pub(super) fn import(&self) -> Import {
        recording::import_bytes(&self.name, &self.bytes, self.event.as_deref())
    }
}

/// The files at a path that the user named.
pub(super) fn at(path: &str) -> Result<Vec<Source>, CommandFailure> {
    if path == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().read_to_end(&mut bytes);
        read.map_err(|error| failed(Path::new("stdin"), &error))?;
        return Ok(vec![Source {
            name: "stdin".to_owned(),
            bytes,
            event: None,
        }]);
    }
    let path = Path::new(path);
    let files = recordings_at(path).map_err(|error| failed(path, &error))?;
    let mut sources = Vec::new();
    for file in files {
        sources.push(Source {
            bytes: fs::read(&file).map_err(|error| failed(&file, &error))?,
            name: file.display().to_string(),
            event: event_of_folder(&file),
        });
    }
    Ok(sources)
}

fn failed(path: &Path, error: &io::Error) -> CommandFailure {
    CommandFailure::usage(miette::miette!(
        "failed to read {}: {error}",
        path.display()
    ))
}

/// The event that the folder of a file is named after.
fn event_of_folder(file: &Path) -> Option<String> {
    let whole = std::path::absolute(file).ok()?;
    let folder = whole.parent()?.file_name()?.to_str()?;
    recording::is_event(folder).then(|| folder.to_owned())
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
        let ending = entry.extension().and_then(|ending| ending.to_str());
        if entry.is_dir() {
            found.extend(recordings_at(&entry)?);
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            found.push(entry);
        }
    }
    // The order of a directory differs from machine to machine.
    found.sort();
    found.retain(|file| !written_by_an_import(file));
    Ok(found)
}

/// Whether a recording of a folder has its scenario next to it: what it holds was imported from other files, and would be
/// there twice.
fn written_by_an_import(file: &Path) -> bool {
    let Some(folder) = file
        .parent()
        .filter(|folder| folder.ends_with("recordings"))
    else {
        return false;
    };
    let (Some(above), Some(stem)) = (folder.parent(), file.file_stem()) else {
        return false;
    };
    let scenario = above.join(stem).with_extension("yaml");
    let is = file.extension().is_some_and(|ending| ending == "jsonl") && scenario.exists();
    if is {
        note(&format!(
            "{}: note: left out, as {} plays it already; name the file itself to read it",
            file.display(),
            scenario.display()
        ));
    }
    is
}
