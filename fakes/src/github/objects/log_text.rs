//! What is in a log: the text of a job's, and the archive of a run's.

use std::{
    collections::BTreeSet,
    io::{Cursor, Write as _},
};

use jiff::{Timestamp, tz::TimeZone};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipResult, write::SimpleFileOptions};

use crate::{
    github::state::runs::{
        job::{Job, Status},
        run::{Attempt, Run},
        table::Runs,
    },
    history::Conclusion,
};

impl Runs {
    /// Whether there is a log of the job: it ran, it ended, and nobody deleted it.
    pub(in crate::github) fn has_log(&self, job: &Job) -> bool {
        let run = self.by_id.get(&job.run);
        job.status == Status::Completed
            && job.started_at.is_some()
            && run.is_some_and(|run| job.attempt > run.logs_deleted)
    }

    /// The jobs of a run that have logs, as of an attempt.
    pub(in crate::github) fn logged_jobs<'a>(&'a self, run: &'a Run, attempt: u32) -> Vec<&'a Job> {
        let mut jobs = self.jobs_as_of(run, attempt);
        jobs.retain(|job| self.has_log(job));
        jobs
    }
}

/// The text of a job's log: a line per event, each with its time.
pub(in crate::github) fn job_log(run: &Run, job: &Job) -> String {
    let debug = run
        .attempts
        .iter()
        .any(|Attempt { number, debug, .. }| *number == job.attempt && *debug);
    let started = job.started_at.unwrap_or(job.created_at);
    let ended = job.completed_at.unwrap_or(started);
    let mut log = setup_lines(job, started);
    let mut say = |at: Timestamp, text: &str| log.push_str(&line(at, text));
    if debug {
        say(started, "##[debug]Evaluating condition for step: 'Run job'");
    }
    say(started, "##[group]Run job");
    say(started, &format!("echo {}", job.base_name));
    say(started, "##[endgroup]");
    say(started, &job.base_name);
    match job.conclusion {
        Some(Conclusion::Failure) => say(ended, "##[error]Process completed with exit code 1."),
        Some(Conclusion::Cancelled | Conclusion::TimedOut) => {
            say(ended, "##[error]The operation was canceled.");
        }
        _ => {}
    }
    if debug {
        say(ended, "##[debug]Finishing: Run job");
    }
    say(ended, "Cleaning up orphan processes");
    log
}

/// The part of the step that sets the job up.
fn setup_lines(job: &Job, at: Timestamp) -> String {
    [
        "Current runner version: '2.336.0'".to_owned(),
        format!("Runner name: '{}'", job.runner_name),
        format!("Complete job name: {}", job.name),
    ]
    .iter()
    .map(|text| line(at, text))
    .collect()
}

fn line(at: Timestamp, text: &str) -> String {
    format!("{at:.7} {text}\n")
}

/// A run's logs as GitHub packs them: a file per job, and a folder per job with a file per step.
pub(in crate::github) fn run_archive(run: &Run, jobs: &[&Job]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut taken = BTreeSet::new();
    for (index, job) in jobs.iter().enumerate() {
        let ended = job.completed_at.unwrap_or(job.created_at);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(dos_time(ended));
        // A slash would make a folder.
        let name = job.name.replace('/', "_");
        archive.start_file(format!("{index}_{name}.txt"), options)?;
        archive.write_all(job_log(run, job).as_bytes())?;
        if taken.insert(name.clone()) {
            archive.start_file(format!("{name}/1_Set up job.txt"), options)?;
            let started = job.started_at.unwrap_or(job.created_at);
            archive.write_all(setup_lines(job, started).as_bytes())?;
        }
    }
    Ok(archive.finish()?.into_inner())
}

/// The time in the form of an archive; times before 1980 have none.
fn dos_time(at: Timestamp) -> DateTime {
    let at = at.to_zoned_datetime(TimeZone::UTC);
    let small = |number: i8| number.unsigned_abs();
    u16::try_from(at.year())
        .ok()
        .and_then(|year| {
            let (month, day) = (small(at.month()), small(at.day()));
            let (hour, minute, second) = (small(at.hour()), small(at.minute()), small(at.second()));
            DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
        })
        .unwrap_or_default()
}
