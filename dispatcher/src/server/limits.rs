//! How many connections this machine lets us hold.

/// As many as are worth having: each takes some memory before anybody knows who it is.
const CONNECTIONS_MAX: usize = 1024;
/// Fewer would be no service.
const CONNECTIONS_MIN: usize = 8;

/// Half of the files that the process may open, as far as that makes sense: the other half is for the journal and for calls.
pub(super) fn connections_max() -> usize {
    let files = files_max().unwrap_or(CONNECTIONS_MAX * 2);
    (files / 2).clamp(CONNECTIONS_MIN, CONNECTIONS_MAX)
}

/// The limit on open files. It is raised to what the process may have: the low one is there for programs of another age.
#[cfg(unix)]
fn files_max() -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // No limit at all is no number.
    current.and_then(|files| usize::try_from(files).ok())
}

#[cfg(not(unix))]
fn files_max() -> Option<usize> {
    None
}
