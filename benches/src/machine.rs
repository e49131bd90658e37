//! What the machine says of processes and threads. Times are those on a CPU, because a machine that is busy with something
//! else makes the others longer. Linux only; elsewhere the time is the clock's.

#![expect(
    clippy::disallowed_types,
    reason = "a bench measures the machine's own time"
)]

use std::{
    fs,
    sync::OnceLock,
    time::{Duration, Instant},
};

/// How long this thread has been on a CPU.
#[must_use]
pub fn cpu() -> Duration {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    let scheduled = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = scheduled.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(
        || STARTED.get_or_init(Instant::now).elapsed(),
        Duration::from_nanos,
    )
}

/// How long all threads of another process have been on a CPU, to a hundredth of a second.
#[must_use]
pub fn cpu_of(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in brackets may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let mut ticks = || times.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}

/// The most memory this process has held.
#[must_use]
pub fn memory_bytes_peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
