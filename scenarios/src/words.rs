//! The words the language knows besides its keys: properties, calls, places of faults, flavors, and the closest of them.

/// The repository a scenario gets when it names none.
pub(crate) const DEFAULT_REPO: &str = "octo/app";

/// The properties a run is judged by.
pub const PROPERTIES: &[&str] = &[
    "served-or-told",
    "no-silent-drop",
    "at-most-one",
    "monotone-state",
    "supply-covers-demand",
    "never-kill-busy",
    "no-leak",
    "fresh-credentials",
    "right-retry",
    "signature",
    "routing",
    "restart-safe",
    "caps-and-slots",
    "isolation",
    "revoked-access",
    "cancel-before-start",
    "attempts",
    "names",
    "fast-ack",
    "tolerant-parse",
    "reconcile",
    "waiting-is-not-queued",
    "dead-run",
    "truthful",
    "trust",
];

/// The API calls that a trigger or a fault can name.
pub const CALLS: &[&str] = &[
    "github.app",
    "github.installations",
    "github.repo-installation",
    "github.create-token",
    "github.installation-repos",
    "github.registration-token",
    "github.jit-config",
    "github.list-runners",
    "github.get-runner",
    "github.delete-runner",
    "github.list-runs",
    "github.list-run-jobs",
    "github.get-job",
    "github.cancel-run",
    "github.list-deliveries",
    "github.get-delivery",
    "github.redeliver",
    "github.add-runner-group-repo",
    "github.add-runner-group-runner",
    "github.add-runner-labels",
    "github.approve-run",
    "github.confirm-manifest",
    "github.convert-manifest",
    "github.create-check-run",
    "github.create-hook",
    "github.create-runner-group",
    "github.delete-hook",
    "github.delete-installation",
    "github.delete-run",
    "github.delete-run-logs",
    "github.delete-runner-group",
    "github.download-logs",
    "github.force-cancel-run",
    "github.get-check-run",
    "github.get-hook",
    "github.get-installation",
    "github.get-org",
    "github.get-repo",
    "github.get-run",
    "github.get-run-attempt",
    "github.get-runner-group",
    "github.get-workflow",
    "github.hook-config",
    "github.job-logs",
    "github.list-check-run-annotations",
    "github.list-check-suite-check-runs",
    "github.list-commit-check-runs",
    "github.list-hooks",
    "github.list-pending-deployments",
    "github.list-run-attempt-jobs",
    "github.list-runner-downloads",
    "github.list-runner-group-repos",
    "github.list-runner-group-runners",
    "github.list-runner-groups",
    "github.list-runner-labels",
    "github.list-workflows",
    "github.manifest-form",
    "github.org-installation",
    "github.ping-hook",
    "github.rate-limit",
    "github.remove-runner-group-repo",
    "github.remove-runner-group-runner",
    "github.remove-runner-label",
    "github.remove-runner-labels",
    "github.remove-token",
    "github.rerun-failed-jobs",
    "github.rerun-job",
    "github.rerun-run",
    "github.review-pending-deployments",
    "github.revoke-token",
    "github.run-attempt-logs",
    "github.run-logs",
    "github.set-runner-group-repos",
    "github.set-runner-group-runners",
    "github.set-runner-labels",
    "github.submit-manifest",
    "github.suspend-installation",
    "github.test-hook",
    "github.unsuspend-installation",
    "github.update-check-run",
    "github.update-hook",
    "github.update-hook-config",
    "github.update-runner-group",
    "github.user-installation",
    "github.latest-release",
    "runner.download",
    "runner.tenant-credential",
    "runner.register",
    "runner.remove",
    "runner.open-session",
    "runner.acquire-job",
    "runner.finish-job",
    "runner.end-session",
    "hf.whoami",
    "hf.agent-harnesses",
    "hf.auth-check",
    "hf.auth-check-job",
    "hf.create",
    "hf.list",
    "hf.count",
    "hf.inspect",
    "hf.duplicate",
    "hf.cancel",
    "hf.update-labels",
    "hf.update-expose",
    "hf.logs",
    "hf.metrics",
    "hf.events",
    "hf.hardware",
    "hf.create-scheduled",
    "hf.list-scheduled",
    "hf.inspect-scheduled",
    "hf.delete-scheduled",
    "hf.suspend-scheduled",
    "hf.resume-scheduled",
    "hf.reschedule",
    "hf.run-scheduled",
    "hf.update-scheduled-labels",
    "hf.usage",
];

/// The places of faults that are not calls.
pub const PLACES: &[&str] = &[
    "webhook",
    "store",
    "runner",
    "hf.schedule",
    "github.*",
    "runner.*",
    "hf.*",
];

/// Names that calls had before, with what to write in their place.
const RENAMED: &[(&str, &str)] = &[
    ("github.download-runner", "`runner.download`"),
    ("github.runner-registration", "`runner.tenant-credential`"),
    ("github.register-runner", "`runner.register`"),
    ("github.remove-runner", "`runner.remove`"),
    (
        "github.acquire-job",
        "`runner.open-session` for what it was, the runner's way to a session, or `runner.acquire-job` for the moment between assigned and started",
    ),
    ("github.finish-job", "`runner.finish-job`"),
    ("github.end-session", "`runner.end-session`"),
];

/// The error text for a name that is no call and no place: what it is called now, or what it was meant to be.
pub(crate) fn unknown_name(what: &str, name: &str, known: &[&str]) -> String {
    match RENAMED.iter().find(|(old, _)| *old == name) {
        Some((_, new)) => {
            format!("`{name}` has another name: what runners ask for is `runner.*`\nwrite {new}")
        }
        None => unknown(what, name, known),
    }
}

/// Keys of what the fakes say, to tell a slip from a key that a client has to get along with.
pub(crate) const KEYS_SAID: &[&str] = &[
    "action",
    "app_id",
    "busy",
    "cancelReason",
    "cancel_reason",
    "command",
    "completed_at",
    "conclusion",
    "createdAt",
    "created_at",
    "dockerImage",
    "encoded_jit_config",
    "environment",
    "ephemeral",
    "event",
    "expires_at",
    "finishedAt",
    "flavor",
    "full_name",
    "head_branch",
    "head_sha",
    "html_url",
    "id",
    "installation",
    "jobs",
    "labels",
    "login",
    "message",
    "metadata",
    "name",
    "node_id",
    "number",
    "organization",
    "os",
    "owner",
    "permissions",
    "repositories",
    "repository",
    "run_attempt",
    "run_id",
    "run_url",
    "runner",
    "runner_group_id",
    "runner_group_name",
    "runner_id",
    "runner_name",
    "runners",
    "secrets",
    "sender",
    "stage",
    "startedAt",
    "started_at",
    "status",
    "steps",
    "suspended_at",
    "token",
    "total_count",
    "type",
    "updatedAt",
    "updated_at",
    "url",
    "version",
    "visibility",
    "workflow_job",
    "workflow_name",
    "workflow_run",
    "workflow_runs",
];

/// The calls that change nothing, so that they have no effect to wait for.
pub(crate) const READING_CALLS: &[&str] = &[
    "runner.download",
    "runner.tenant-credential",
    "github.app",
    "github.installations",
    "github.repo-installation",
    "github.installation-repos",
    "github.list-runners",
    "github.get-runner",
    "github.list-runs",
    "github.list-run-jobs",
    "github.get-job",
    "github.list-deliveries",
    "github.get-delivery",
    "github.download-logs",
    "github.get-check-run",
    "github.get-hook",
    "github.get-installation",
    "github.get-org",
    "github.get-repo",
    "github.get-run",
    "github.get-run-attempt",
    "github.get-runner-group",
    "github.get-workflow",
    "github.hook-config",
    "github.job-logs",
    "github.latest-release",
    "github.list-check-run-annotations",
    "github.list-check-suite-check-runs",
    "github.list-commit-check-runs",
    "github.list-hooks",
    "github.list-pending-deployments",
    "github.list-run-attempt-jobs",
    "github.list-runner-downloads",
    "github.list-runner-group-repos",
    "github.list-runner-group-runners",
    "github.list-runner-groups",
    "github.list-runner-labels",
    "github.list-workflows",
    "github.manifest-form",
    "github.org-installation",
    "github.rate-limit",
    "github.run-attempt-logs",
    "github.run-logs",
    "github.user-installation",
    "hf.whoami",
    "hf.agent-harnesses",
    "hf.auth-check",
    "hf.auth-check-job",
    "hf.list",
    "hf.count",
    "hf.inspect",
    "hf.logs",
    "hf.metrics",
    "hf.events",
    "hf.hardware",
    "hf.list-scheduled",
    "hf.inspect-scheduled",
    "hf.usage",
];

/// The actions of a `workflow_job` event.
pub(crate) const ACTIONS: &[&str] = &["queued", "waiting", "in_progress", "completed"];

/// The actions of an `installation` event.
pub(crate) const INSTALLATION_ACTIONS: &[&str] = &[
    "created",
    "deleted",
    "suspend",
    "unsuspend",
    "new_permissions_accepted",
];

/// The actions of a `workflow_run` event.
pub(crate) const RUN_ACTIONS: &[&str] = &["requested", "in_progress", "completed"];

/// What a call is about: what `it` is after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    HfJob,
    Runner,
    Job,
    Run,
}

/// The calls that make what they are about.
pub(crate) const CALLS_THAT_MAKE: &[&str] = &["hf.create", "hf.duplicate"];

/// What a call is about, if it is about one thing.
pub(crate) fn subject_of_call(call: &str) -> Option<Subject> {
    Some(match call {
        "hf.create" | "hf.duplicate" | "hf.inspect" | "hf.cancel" | "hf.logs" | "hf.metrics"
        | "hf.events" | "hf.update-labels" | "hf.update-expose" | "runner.register" => {
            Subject::HfJob
        }
        "github.get-runner"
        | "github.delete-runner"
        | "github.list-runner-labels"
        | "github.add-runner-labels"
        | "github.set-runner-labels"
        | "github.remove-runner-label"
        | "github.remove-runner-labels"
        | "runner.open-session"
        | "runner.remove" => Subject::Runner,
        "github.get-job" | "github.job-logs" | "github.rerun-job" | "runner.acquire-job"
        | "runner.finish-job" => Subject::Job,
        "github.get-run"
        | "github.get-run-attempt"
        | "github.list-run-jobs"
        | "github.list-run-attempt-jobs"
        | "github.cancel-run"
        | "github.force-cancel-run"
        | "github.approve-run"
        | "github.rerun-run"
        | "github.rerun-failed-jobs"
        | "github.run-logs"
        | "github.run-attempt-logs"
        | "github.list-pending-deployments"
        | "github.review-pending-deployments" => Subject::Run,
        _ => return None,
    })
}

/// The hardware flavors of Hugging Face Jobs.
pub const FLAVORS: &[&str] = &[
    "cpu-basic",
    "cpu-upgrade",
    "cpu-performance",
    "cpu-xl",
    "sprx8",
    "zero-a10g",
    "t4-small",
    "t4-medium",
    "l4x1",
    "l4x4",
    "l40sx1",
    "l40sx4",
    "l40sx8",
    "a10g-small",
    "a10g-large",
    "a10g-largex2",
    "a10g-largex4",
    "a100-large",
    "a100x4",
    "a100x8",
    "h200",
    "h200x2",
    "h200x4",
    "h200x8",
    "rtx-pro-6000",
    "rtx-pro-6000x2",
    "rtx-pro-6000x4",
    "rtx-pro-6000x8",
    "inf2x6",
];

/// The flavors, and `default` for the rest of them.
pub(crate) fn flavors_and_default() -> Vec<&'static str> {
    ["default"]
        .into_iter()
        .chain(FLAVORS.iter().copied())
        .collect()
}

/// Every place a fault can strike.
pub(crate) fn all_places() -> Vec<&'static str> {
    PLACES.iter().chain(CALLS).copied().collect()
}

/// The word of `known` that `word` was probably meant to be.
pub(crate) fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), *candidate));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.8).then_some(best.1)
}

/// "did you mean `x`? known: a, b, c": the help line for an unknown word.
pub(crate) fn help_for(word: &str, known: &[&str]) -> String {
    let list = known.join(", ");
    match closest(word, known) {
        Some(meant) => format!("did you mean `{meant}`? known: {list}"),
        None => format!("known: {list}"),
    }
}

/// The error text for an unknown word: a sentence, a line break, and the help line.
pub(crate) fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    format!("unknown {what} `{word}`\n{}", help_for(word, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        assert_eq!(
            closest("lables", &["labels", "repo", "run"]),
            Some("labels")
        );
        assert_eq!(
            closest("served_or_told", PROPERTIES),
            Some("served-or-told")
        );
        assert_eq!(closest("zzz", PROPERTIES), None);
    }
}
