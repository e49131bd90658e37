//! The calls that a dispatcher or a runner makes, by name, and what each is: the one table of them.
//!
//! The fakes' routes have these names and no others, which `tests/lab/words.rs` holds.

use crate::narrowing::Narrowing::{self, Flavor, Job, Repo};

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

/// A call, with what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Its name.
    pub name: &'static str,
    is: &'static [Is],
    narrowed_by: &'static [Narrowing],
    /// What it is about.
    pub about: Option<About>,
}

impl Call {
    const fn new(
        name: &'static str,
        is: &'static [Is],
        narrowed_by: &'static [Narrowing],
        about: Option<About>,
    ) -> Self {
        Self {
            name,
            is,
            narrowed_by,
            about,
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

/// Every call: its name, what it is, what a fault of it can be narrowed by, what it is about.
#[rustfmt::skip]
const TABLE: &[Call] = &[
    Call::new("github.app", &[Reads], &[], None),
    Call::new("github.installations", &[Reads, Lists, Paged], &[], None),
    Call::new("github.repo-installation", &[Reads], &[Repo], None),
    Call::new("github.create-token", &[], &[], None),
    Call::new("github.installation-repos", &[Reads, Lists, Paged], &[], None),
    Call::new("github.registration-token", &[], &[Repo], None),
    Call::new("github.jit-config", &[], &[Repo], None),
    Call::new("github.list-runners", &[Reads, Lists, Paged, Past], &[Repo], None),
    Call::new("github.get-runner", &[Reads, Past], &[Repo], Some(About::Runner)),
    Call::new("github.delete-runner", &[], &[Repo], Some(About::Runner)),
    Call::new("github.list-runs", &[Reads, Lists, Paged, Past], &[Repo], None),
    Call::new("github.list-run-jobs", &[Reads, Lists, Paged, Past], &[Job, Repo], Some(About::Run)),
    Call::new("github.get-job", &[Reads, Past], &[Job, Repo], Some(About::Job)),
    Call::new("github.cancel-run", &[], &[Job, Repo], Some(About::Run)),
    Call::new("github.list-deliveries", &[Reads, Lists, Paged], &[Repo], None),
    Call::new("github.get-delivery", &[Reads], &[Repo], None),
    Call::new("github.redeliver", &[], &[Repo], None),
    Call::new("github.add-runner-group-repo", &[], &[], None),
    Call::new("github.add-runner-group-runner", &[], &[], None),
    Call::new("github.add-runner-labels", &[], &[Repo], Some(About::Runner)),
    Call::new("github.approve-run", &[], &[Job, Repo], Some(About::Run)),
    Call::new("github.confirm-manifest", &[Page], &[], None),
    Call::new("github.convert-manifest", &[], &[], None),
    Call::new("github.create-check-run", &[], &[Repo], None),
    Call::new("github.create-hook", &[], &[Repo], None),
    Call::new("github.create-runner-group", &[], &[], None),
    Call::new("github.delete-hook", &[], &[Repo], None),
    Call::new("github.delete-installation", &[], &[], None),
    Call::new("github.delete-run", &[], &[Job, Repo], None),
    Call::new("github.delete-run-logs", &[], &[Job, Repo], None),
    Call::new("github.delete-runner-group", &[], &[], None),
    Call::new("github.download-logs", &[Reads], &[], None),
    Call::new("github.force-cancel-run", &[], &[Job, Repo], Some(About::Run)),
    Call::new("github.get-check-run", &[Reads], &[Repo], None),
    Call::new("github.get-hook", &[Reads], &[Repo], None),
    Call::new("github.get-installation", &[Reads], &[], None),
    Call::new("github.get-org", &[Reads], &[], None),
    Call::new("github.get-repo", &[Reads], &[Repo], None),
    Call::new("github.get-run", &[Reads, Past], &[Job, Repo], Some(About::Run)),
    Call::new("github.get-run-attempt", &[Reads, Past], &[Job, Repo], Some(About::Run)),
    Call::new("github.get-runner-group", &[Reads], &[], None),
    Call::new("github.get-workflow", &[Reads], &[Repo], None),
    Call::new("github.hook-config", &[Reads], &[Repo], None),
    Call::new("github.job-logs", &[Reads], &[Job, Repo], Some(About::Job)),
    Call::new("github.list-check-run-annotations", &[Reads, Lists, Paged], &[Repo], None),
    Call::new("github.list-check-suite-check-runs", &[Reads, Lists, Paged], &[Repo], None),
    Call::new("github.list-commit-check-runs", &[Reads, Lists, Paged], &[Repo], None),
    Call::new("github.list-hooks", &[Reads, Lists, Paged], &[Repo], None),
    Call::new("github.list-pending-deployments", &[Reads, Lists], &[Job, Repo], Some(About::Run)),
    Call::new("github.list-run-attempt-jobs", &[Reads, Lists, Paged, Past], &[Job, Repo], Some(About::Run)),
    Call::new("github.list-runner-downloads", &[Reads, Lists], &[Repo], None),
    Call::new("github.list-runner-group-repos", &[Reads, Lists, Paged], &[], None),
    Call::new("github.list-runner-group-runners", &[Reads, Lists, Paged], &[], None),
    Call::new("github.list-runner-groups", &[Reads, Lists, Paged], &[], None),
    Call::new("github.list-runner-labels", &[Reads, Lists], &[Repo], Some(About::Runner)),
    Call::new("github.list-workflows", &[Reads, Lists], &[Repo], None),
    Call::new("github.manifest-form", &[Reads, Page], &[], None),
    Call::new("github.org-installation", &[Reads], &[], None),
    Call::new("github.ping-hook", &[], &[Repo], None),
    Call::new("github.rate-limit", &[Reads], &[], None),
    Call::new("github.remove-runner-group-repo", &[], &[], None),
    Call::new("github.remove-runner-group-runner", &[], &[], None),
    Call::new("github.remove-runner-label", &[], &[Repo], Some(About::Runner)),
    Call::new("github.remove-runner-labels", &[], &[Repo], Some(About::Runner)),
    Call::new("github.remove-token", &[], &[Repo], None),
    Call::new("github.rerun-failed-jobs", &[], &[Job, Repo], Some(About::Run)),
    Call::new("github.rerun-job", &[], &[Job, Repo], Some(About::Job)),
    Call::new("github.rerun-run", &[], &[Job, Repo], Some(About::Run)),
    Call::new("github.review-pending-deployments", &[], &[Job, Repo], Some(About::Run)),
    Call::new("github.revoke-token", &[], &[], None),
    Call::new("github.run-attempt-logs", &[Reads], &[Job, Repo], Some(About::Run)),
    Call::new("github.run-logs", &[Reads], &[Job, Repo], Some(About::Run)),
    Call::new("github.set-runner-group-repos", &[], &[], None),
    Call::new("github.set-runner-group-runners", &[], &[], None),
    Call::new("github.set-runner-labels", &[], &[Repo], Some(About::Runner)),
    Call::new("github.submit-manifest", &[Page], &[], None),
    Call::new("github.suspend-installation", &[], &[], None),
    Call::new("github.test-hook", &[], &[Repo], None),
    Call::new("github.unsuspend-installation", &[], &[], None),
    Call::new("github.update-check-run", &[], &[Repo], None),
    Call::new("github.update-hook", &[], &[Repo], None),
    Call::new("github.update-hook-config", &[], &[Repo], None),
    Call::new("github.update-runner-group", &[], &[], None),
    Call::new("github.user-installation", &[Reads], &[], None),
    Call::new("github.latest-release", &[Reads], &[Repo], None),
    Call::new("runner.download", &[Reads], &[], None),
    Call::new("runner.tenant-credential", &[Reads], &[], None),
    Call::new("runner.register", &[], &[Repo], Some(About::HfJob)),
    Call::new("runner.remove", &[], &[], Some(About::Runner)),
    Call::new("runner.open-session", &[], &[Repo], Some(About::Runner)),
    Call::new("runner.acquire-job", &[], &[Job, Repo], Some(About::Job)),
    Call::new("runner.finish-job", &[], &[Job, Repo], Some(About::Job)),
    Call::new("runner.end-session", &[], &[], None),
    Call::new("hf.whoami", &[Reads], &[], None),
    Call::new("hf.agent-harnesses", &[Reads], &[], None),
    Call::new("hf.auth-check", &[Reads], &[], None),
    Call::new("hf.auth-check-job", &[Reads], &[Flavor], None),
    Call::new("hf.create", &[Makes], &[Flavor], Some(About::HfJob)),
    Call::new("hf.list", &[Reads, Lists, Paged, Past], &[], None),
    Call::new("hf.count", &[Reads], &[], None),
    Call::new("hf.inspect", &[Reads, Past], &[Flavor], Some(About::HfJob)),
    Call::new("hf.duplicate", &[Makes], &[Flavor], Some(About::HfJob)),
    Call::new("hf.cancel", &[], &[Flavor], Some(About::HfJob)),
    Call::new("hf.update-labels", &[], &[Flavor], Some(About::HfJob)),
    Call::new("hf.update-expose", &[], &[Flavor], Some(About::HfJob)),
    Call::new("hf.logs", &[Reads, Streams], &[Flavor], Some(About::HfJob)),
    Call::new("hf.metrics", &[Reads, Streams], &[Flavor], Some(About::HfJob)),
    Call::new("hf.events", &[Reads, Streams], &[Flavor], Some(About::HfJob)),
    Call::new("hf.hardware", &[Reads, Lists], &[], None),
    Call::new("hf.create-scheduled", &[], &[], None),
    Call::new("hf.list-scheduled", &[Reads, Lists], &[], None),
    Call::new("hf.inspect-scheduled", &[Reads], &[], None),
    Call::new("hf.delete-scheduled", &[], &[], None),
    Call::new("hf.suspend-scheduled", &[], &[], None),
    Call::new("hf.resume-scheduled", &[], &[], None),
    Call::new("hf.reschedule", &[], &[], None),
    Call::new("hf.run-scheduled", &[], &[], None),
    Call::new("hf.update-scheduled-labels", &[], &[], None),
    Call::new("hf.usage", &[Reads], &[], None),
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
