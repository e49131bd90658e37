//! One journal, one process: a lock on a file beside the journal, which the system takes back however the process ends.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Why there is no lock.
#[derive(Debug)]
pub(super) enum Refused {
    /// Another process has it; its number, if it could be read.
    Held(Option<u32>),
    Failed(io::Error),
}

/// Locks `PATH.lock`, and writes into it who has it.
pub(super) fn take(journal: &Path) -> Result<File, Refused> {
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(beside(journal))
        .map_err(Refused::Failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let read = file.read_to_string(&mut text);
            let holder = read.ok().and_then(|_| text.trim().parse().ok());
            return Err(Refused::Held(holder));
        }
        // Some network file systems know no locks. To refuse them would be worse than to trust whoever starts us.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            tracing::warn!(journal = %journal.display(), "this file system has no locks: see to it that no other dispatcher uses the journal");
        }
        Err(TryLockError::Error(error)) => return Err(Refused::Failed(error)),
    }
    // For people only: the lock holds without it.
    let _unwritten = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

/// The same for every name of one file.
fn beside(journal: &Path) -> PathBuf {
    let real = journal
        .canonicalize()
        .unwrap_or_else(|_| journal.to_owned());
    let mut name: OsString = real.into_os_string();
    name.push(".lock");
    name.into()
}
