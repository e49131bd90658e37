//! The calls that a dispatcher or a runner makes, by name, and what each is: the one table of them.
//!
//! The fakes' routes have these names and no others, which `tests/lab/words.rs` holds.

use crate::narrowing::Narrowing::{self, Flavor, HfJob, Job, Repo, Runner};

/// What a call is, as far as faults and triggers can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// It changes nothing, so it has no effect to wait for.
    Reads,
    /// It makes what it is about.
    Makes,
    /// Its answer lists items.
    Lists,
    /// It lists them page by page.
    Paged,
    /// Its answer is a page of a web site, which has no values.
    Page,
    /// Its answer could have been given earlier.
    Past,
    /// Its answer goes on for as long as its caller listens.
    Streams,
}

use Is::{Lists, Makes, Page, Paged, Past, Reads, Streams};

/// What a call is about, if it is about one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// An HF job.
    HfJob,
    /// A runner.
    Runner,
    /// A workflow job.
    Job,
    /// A workflow run.
    Run,
}

/// Whose state its answer shows. A false answer is believed, so the history has to know what it said of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Nobody's.
    Nothing,
    /// That of a runner, or of those it lists.
    Runners,
    /// The same of workflow jobs.
    Jobs,
    /// The same of HF jobs.
    HfJobs,
}

use Shows::{HfJobs, Jobs, Nothing, Runners};

/// A call, with what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Its name.
    pub name: &'static str,
    is: &'static [Is],
    narrowed_by: &'static [Narrowing],
    /// What it is about.
    pub about: Option<About>,
    /// Whose state its answer shows.
    pub shows: Shows,
}

impl Call {
    const fn new(
        name: &'static str,
        is: &'static [Is],
        narrowed_by: &'static [Narrowing],
        about: Option<About>,
        shows: Shows,
    ) -> Self {
        Self {
            name,
            is,
            narrowed_by,
            about,
            shows,
        }
    }

    /// The call of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|call| call.name == name)
    }

    /// Whether it is so.
    #[must_use]
    pub fn is(&self, what: Is) -> bool {
        self.is.contains(&what)
    }

    /// Whether it says what a fault can be narrowed by so.
    #[must_use]
    pub fn is_narrowed_by(&self, key: Narrowing) -> bool {
        self.narrowed_by.contains(&key)
    }

    /// Whether the runner makes it; nobody else reads its answer.
    #[must_use]
    pub fn is_runners(&self) -> bool {
        self.name.starts_with("runner.")
    }
}

/// Every call: its name, what it is, what a fault of it can be narrowed by, what it is about, whose state it shows.
#[rustfmt::skip]
const TABLE: &[Call] = &[
    Call::new("github.app", &[Reads], &[], None, Nothing),
    Call::new("github.installations", &[Reads, Lists, Paged], &[], None, Nothing),
    Call::new("github.repo-installation", &[Reads], &[Repo], None, Nothing),
    Call::new("github.create-token", &[], &[], None, Nothing),
    Call::new("github.installation-repos", &[Reads, Lists, Paged], &[], None, Nothing),
    Call::new("github.registration-token", &[], &[Repo], None, Nothing),
    Call::new("github.jit-config", &[], &[Repo], None, Nothing),
    Call::new("github.list-runners", &[Reads, Lists, Paged, Past], &[Repo], None, Runners),
    Call::new("github.get-runner", &[Reads, Past], &[Repo, Runner], Some(About::Runner), Runners),
    Call::new("github.delete-runner", &[], &[Repo, Runner], Some(About::Runner), Nothing),
    Call::new("github.list-runs", &[Reads, Lists, Paged, Past], &[Repo], None, Nothing),
    Call::new("github.list-run-jobs", &[Reads, Lists, Paged, Past], &[Job, Repo], Some(About::Run), Jobs),
    Call::new("github.get-job", &[Reads, Past], &[Job, Repo], Some(About::Job), Jobs),
    Call::new("github.cancel-run", &[], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.list-deliveries", &[Reads, Lists, Paged], &[Repo], None, Nothing),
    Call::new("github.get-delivery", &[Reads], &[Repo], None, Nothing),
    Call::new("github.redeliver", &[], &[Repo], None, Nothing),
    Call::new("github.add-runner-group-repo", &[], &[], None, Nothing),
    Call::new("github.add-runner-group-runner", &[], &[Runner], None, Nothing),
    Call::new("github.add-runner-labels", &[], &[Repo, Runner], Some(About::Runner), Nothing),
    Call::new("github.approve-run", &[], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.confirm-manifest", &[Page], &[], None, Nothing),
    Call::new("github.convert-manifest", &[], &[], None, Nothing),
    Call::new("github.create-check-run", &[], &[Repo], None, Nothing),
    Call::new("github.create-hook", &[], &[Repo], None, Nothing),
    Call::new("github.create-runner-group", &[], &[], None, Nothing),
    Call::new("github.delete-hook", &[], &[Repo], None, Nothing),
    Call::new("github.delete-installation", &[], &[], None, Nothing),
    Call::new("github.delete-run", &[], &[Job, Repo], None, Nothing),
    Call::new("github.delete-run-logs", &[], &[Job, Repo], None, Nothing),
    Call::new("github.delete-runner-group", &[], &[], None, Nothing),
    Call::new("github.download-logs", &[Reads], &[], None, Nothing),
    Call::new("github.force-cancel-run", &[], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.get-check-run", &[Reads], &[Repo], None, Nothing),
    Call::new("github.get-hook", &[Reads], &[Repo], None, Nothing),
    Call::new("github.get-installation", &[Reads], &[], None, Nothing),
    Call::new("github.get-org", &[Reads], &[], None, Nothing),
    Call::new("github.get-repo", &[Reads], &[Repo], None, Nothing),
    Call::new("github.get-run", &[Reads, Past], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.get-run-attempt", &[Reads, Past], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.get-runner-group", &[Reads], &[], None, Nothing),
    Call::new("github.get-workflow", &[Reads], &[Repo], None, Nothing),
    Call::new("github.hook-config", &[Reads], &[Repo], None, Nothing),
    Call::new("github.job-logs", &[Reads], &[Job, Repo], Some(About::Job), Nothing),
    Call::new("github.list-check-run-annotations", &[Reads, Lists, Paged], &[Repo], None, Nothing),
    Call::new("github.list-check-suite-check-runs", &[Reads, Lists, Paged], &[Repo], None, Nothing),
    Call::new("github.list-commit-check-runs", &[Reads, Lists, Paged], &[Repo], None, Nothing),
    Call::new("github.list-hooks", &[Reads, Lists, Paged], &[Repo], None, Nothing),
    Call::new("github.list-pending-deployments", &[Reads, Lists], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.list-run-attempt-jobs", &[Reads, Lists, Paged, Past], &[Job, Repo], Some(About::Run), Jobs),
    Call::new("github.list-runner-downloads", &[Reads, Lists], &[Repo], None, Nothing),
    Call::new("github.list-runner-group-repos", &[Reads, Lists, Paged], &[], None, Nothing),
    Call::new("github.list-runner-group-runners", &[Reads, Lists, Paged], &[], None, Runners),
    Call::new("github.list-runner-groups", &[Reads, Lists, Paged], &[], None, Nothing),
    Call::new("github.list-runner-labels", &[Reads, Lists], &[Repo, Runner], Some(About::Runner), Nothing),
    Call::new("github.list-workflows", &[Reads, Lists], &[Repo], None, Nothing),
    Call::new("github.manifest-form", &[Reads, Page], &[], None, Nothing),
    Call::new("github.org-installation", &[Reads], &[], None, Nothing),
    Call::new("github.ping-hook", &[], &[Repo], None, Nothing),
    Call::new("github.rate-limit", &[Reads], &[], None, Nothing),
    Call::new("github.remove-runner-group-repo", &[], &[], None, Nothing),
    Call::new("github.remove-runner-group-runner", &[], &[Runner], None, Nothing),
    Call::new("github.remove-runner-label", &[], &[Repo, Runner], Some(About::Runner), Nothing),
    Call::new("github.remove-runner-labels", &[], &[Repo, Runner], Some(About::Runner), Nothing),
    Call::new("github.remove-token", &[], &[Repo], None, Nothing),
    Call::new("github.rerun-failed-jobs", &[], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.rerun-job", &[], &[Job, Repo], Some(About::Job), Nothing),
    Call::new("github.rerun-run", &[], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.review-pending-deployments", &[], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.revoke-token", &[], &[], None, Nothing),
    Call::new("github.run-attempt-logs", &[Reads], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.run-logs", &[Reads], &[Job, Repo], Some(About::Run), Nothing),
    Call::new("github.set-runner-group-repos", &[], &[], None, Nothing),
    Call::new("github.set-runner-group-runners", &[], &[], None, Nothing),
    Call::new("github.set-runner-labels", &[], &[Repo, Runner], Some(About::Runner), Nothing),
    Call::new("github.submit-manifest", &[Page], &[], None, Nothing),
    Call::new("github.suspend-installation", &[], &[], None, Nothing),
    Call::new("github.test-hook", &[], &[Repo], None, Nothing),
    Call::new("github.unsuspend-installation", &[], &[], None, Nothing),
    Call::new("github.update-check-run", &[], &[Repo], None, Nothing),
    Call::new("github.update-hook", &[], &[Repo], None, Nothing),
    Call::new("github.update-hook-config", &[], &[Repo], None, Nothing),
    Call::new("github.update-runner-group", &[], &[], None, Nothing),
    Call::new("github.user-installation", &[Reads], &[], None, Nothing),
    Call::new("github.latest-release", &[Reads], &[Repo], None, Nothing),
    Call::new("runner.download", &[Reads], &[], None, Nothing),
    Call::new("runner.tenant-credential", &[Reads], &[], None, Nothing),
    Call::new("runner.register", &[], &[Repo, HfJob], Some(About::HfJob), Nothing),
    Call::new("runner.remove", &[], &[], Some(About::Runner), Nothing),
    Call::new("runner.open-session", &[], &[Repo, HfJob, Runner], Some(About::Runner), Nothing),
    Call::new("runner.acquire-job", &[], &[Job, Repo, HfJob, Runner], Some(About::Job), Nothing),
    Call::new("runner.finish-job", &[], &[Job, Repo, HfJob, Runner], Some(About::Job), Nothing),
    Call::new("runner.end-session", &[], &[], None, Nothing),
    Call::new("hf.whoami", &[Reads], &[], None, Nothing),
    Call::new("hf.agent-harnesses", &[Reads], &[], None, Nothing),
    Call::new("hf.auth-check", &[Reads], &[], None, Nothing),
    Call::new("hf.auth-check-job", &[Reads], &[Flavor, HfJob], None, Nothing),
    Call::new("hf.create", &[Makes], &[Flavor], Some(About::HfJob), Nothing),
    Call::new("hf.list", &[Reads, Lists, Paged, Past], &[], None, HfJobs),
    Call::new("hf.count", &[Reads], &[], None, Nothing),
    Call::new("hf.inspect", &[Reads, Past], &[Flavor, HfJob], Some(About::HfJob), HfJobs),
    Call::new("hf.duplicate", &[Makes], &[Flavor, HfJob], Some(About::HfJob), Nothing),
    Call::new("hf.cancel", &[], &[Flavor, HfJob], Some(About::HfJob), Nothing),
    Call::new("hf.update-labels", &[], &[Flavor, HfJob], Some(About::HfJob), Nothing),
    Call::new("hf.update-expose", &[], &[Flavor, HfJob], Some(About::HfJob), Nothing),
    Call::new("hf.logs", &[Reads, Streams], &[Flavor, HfJob], Some(About::HfJob), Nothing),
    Call::new("hf.metrics", &[Reads, Streams], &[Flavor, HfJob], Some(About::HfJob), Nothing),
    Call::new("hf.events", &[Reads, Streams], &[Flavor, HfJob], Some(About::HfJob), Nothing),
    Call::new("hf.hardware", &[Reads, Lists], &[], None, Nothing),
    Call::new("hf.create-scheduled", &[], &[], None, Nothing),
    Call::new("hf.list-scheduled", &[Reads, Lists], &[], None, Nothing),
    Call::new("hf.inspect-scheduled", &[Reads], &[], None, Nothing),
    Call::new("hf.delete-scheduled", &[], &[], None, Nothing),
    Call::new("hf.suspend-scheduled", &[], &[], None, Nothing),
    Call::new("hf.resume-scheduled", &[], &[], None, Nothing),
    Call::new("hf.reschedule", &[], &[], None, Nothing),
    Call::new("hf.run-scheduled", &[], &[], None, Nothing),
    Call::new("hf.update-scheduled-labels", &[], &[], None, Nothing),
    Call::new("hf.usage", &[Reads], &[], None, Nothing),
];

const NAMES: [&str; TABLE.len()] = {
    let mut names = [""; TABLE.len()];
    let mut at = 0;
    while at < TABLE.len() {
        names[at] = TABLE[at].name;
        at += 1;
    }
    names
};

/// The names of all calls: what a trigger or a fault can name.
pub const CALLS: &[&str] = &NAMES;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_call_stands_twice() {
        let names: BTreeSet<&str> = CALLS.iter().copied().collect();
        assert_eq!(names.len(), CALLS.len());
    }

    #[test]
    fn what_lists_or_streams_or_could_be_of_the_past_reads() {
        for call in TABLE {
            for also in [Lists, Past, Streams] {
                assert!(!call.is(also) || call.is(Reads), "{} {also:?}", call.name);
            }
            assert!(!call.is(Paged) || call.is(Lists), "{}", call.name);
            assert!(!(call.is(Makes) && call.is(Reads)), "{}", call.name);
        }
    }
}
