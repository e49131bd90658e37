//! The bundle: the files of one run. `plan.json` replays it, `history.jsonl` is what was seen,
//! `verdict.json` is what follows.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use scenarios::plan::Plan;

use crate::run::Run;

/// A bundle on disk.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Its directory.
    pub directory: PathBuf,
}

/// A file of a bundle could not be written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file system refused.
    #[error("failed to write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The history could not be serialised.
    #[error("failed to serialise the run: {0}")]
    Serialise(#[from] serde_json::Error),
}

impl Bundle {
    /// Writes the bundle of one run to `root/name/seed-N`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(root: &Path, name: &str, plan: &Plan, run: &Run) -> Result<Self, BundleError> {
        let directory = root.join(name).join(format!("seed-{}", plan.seed));
        fs::create_dir_all(&directory).map_err(|source| BundleError::Write {
            path: directory.clone(),
            source,
        })?;
        let bundle = Self { directory };
        bundle.file("plan.json", &plan.to_json())?;
        bundle.file(
            "history.jsonl",
            &fakes::history::to_json_lines(&run.events)?,
        )?;
        bundle.file(
            "verdict.json",
            &(serde_json::to_string_pretty(&run.outcome)? + "\n"),
        )?;
        Ok(bundle)
    }

    /// The file that replays the run.
    #[must_use]
    pub fn plan(&self) -> PathBuf {
        self.directory.join("plan.json")
    }

    fn file(&self, name: &str, content: &str) -> Result<(), BundleError> {
        let path = self.directory.join(name);
        fs::write(&path, content).map_err(|source| BundleError::Write { path, source })
    }
}
