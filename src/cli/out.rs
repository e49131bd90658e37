//! Where a command writes its bundles: looked at before anything is run, since a result that cannot be kept is lost time.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{CommandFailure, note};
use crate::report::BundleError;

/// The folder where nothing else is said.
const DEFAULT: &str = "out";

const HELP: &str = "name a folder that you may write to: --out DIR";

/// The folder for bundles, as it was asked for or not.
pub(super) fn named(given: Option<&Path>) -> PathBuf {
    given.unwrap_or(Path::new(DEFAULT)).to_owned()
}

/// The same, looked at. One that was asked for, or is needed in any case, must be writable; without that only a failed run
/// would need it, and may come to nothing.
pub(super) fn folder(given: Option<&Path>, is_needed: bool) -> Result<PathBuf, CommandFailure> {
    let folder = named(given);
    match probe(&folder) {
        Ok(()) => {}
        Err(error) if given.is_some() || is_needed || folder.exists() => {
            return Err(CommandFailure::usage(miette::miette!(
                help = HELP,
                "nothing can be written to {}: {error}",
                folder.display()
            )));
        }
        Err(error) => note(&format!(
            "warning: nothing can be written to {}: {error}; failed runs will not be kept\n  {HELP}",
            folder.display()
        )),
    }
    Ok(folder)
}

/// That a bundle could not be written after all.
pub(super) fn failed(error: &BundleError) -> miette::Report {
    miette::miette!(help = HELP, "{error}")
}

/// Whether files can be made in this folder, or where it is to be made.
fn probe(folder: &Path) -> io::Result<()> {
    let mut nearest = folder;
    while !nearest.exists() {
        nearest = match nearest.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
    }
    if !nearest.is_dir() {
        let what = format!("{} is not a folder", nearest.display());
        return Err(io::Error::new(io::ErrorKind::NotADirectory, what));
    }
    let file = nearest.join(format!(".dispatchlab-{}", std::process::id()));
    fs::write(&file, "")?;
    fs::remove_file(&file)
}
