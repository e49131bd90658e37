//! The words the language knows besides its keys: properties, calls, places of faults, flavors, and the closest of them.

/// The repository a scenario gets when it names none.
pub(crate) const DEFAULT_REPO: &str = "octo/app";

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

/// The word of `known` that `word` was probably meant to be.
#[must_use]
pub fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
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
    use vocabulary::PROPERTIES;

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
