//! All processes of an HF job: found, told to end, killed. Linux only, for `/proc` knows them.

use std::{fs, os::unix::ffi::OsStrExt as _, path::Path};

use rustix::process::{Pid, Signal, kill_process};

/// A process forks at most so often while it is being killed.
const ROUNDS_MAX: usize = 50;

/// A process of an HF job, as everybody on the machine can see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenProcess {
    /// Its id.
    pub pid: u32,
    /// Its program and arguments.
    pub arguments: Vec<String>,
}

/// The processes that live here now: ids of HF jobs are not unique on a machine with two labs, their homes are.
pub(super) fn processes_at(home: &Path) -> Vec<SeenProcess> {
    let is_its = |pid: &u32| lives_at(*pid, home);
    all().filter(is_its).filter_map(seen).collect()
}

/// Asks the first process to end.
pub(super) fn terminate(leader: u32) {
    signal(leader, Signal::TERM);
}

/// Kills every process of the session and everyone who left it, until none is left.
pub(super) fn kill(leader: u32, home: &Path) {
    for _ in 0..ROUNDS_MAX {
        let is_its = |pid: &u32| session_of(*pid) == Some(leader) || lives_at(*pid, home);
        let alive: Vec<u32> = all().filter(is_its).filter(|pid| is_alive(*pid)).collect();
        if alive.is_empty() {
            return;
        }
        for pid in alive {
            signal(pid, Signal::KILL);
        }
    }
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // One that has ended needs no signal.
        let _ended = kill_process(pid, signal);
    }
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The fields of `/proc/PID/stat` behind the program's name, which may hold anything.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn session_of(pid: u32) -> Option<u32> {
    stat(pid)?.get(3)?.parse().ok()
}

/// Whether it is neither a zombie nor gone.
fn is_alive(pid: u32) -> bool {
    let state = stat(pid).and_then(|fields| fields.first().cloned());
    state.is_some_and(|state| state != "Z" && state != "X")
}

/// Whether its environment began with this home. Other users' processes cannot be asked.
fn lives_at(pid: u32, home: &Path) -> bool {
    let wanted = [b"HOME=", home.as_os_str().as_bytes()].concat();
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|entry| entry == wanted)
}

fn seen(pid: u32) -> Option<SeenProcess> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let arguments = bytes
        .split(|byte| *byte == 0)
        .filter(|argument| !argument.is_empty())
        .map(|argument| String::from_utf8_lossy(argument).into_owned());
    Some(SeenProcess {
        pid,
        arguments: arguments.collect(),
    })
}
