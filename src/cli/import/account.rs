//! The account of a recording and of what was taken out of it, in words.

use scenarios::recording::{Account, Attempt, FindingKind, JobAccount, Redacted};

use crate::{cli::printable, report::counted};

/// So many jobs are told one by one; `--json` tells all.
const SHOWN: usize = 20;

/// What is missing, failed, doubled, late and out of order, by job.
pub(super) fn text(account: &Account) -> String {
    let jobs = account.jobs.len();
    if jobs == 0 {
        return "no job is recorded: no delivery is a `workflow_job`\n".to_owned();
    }
    let counts: Vec<String> = FindingKind::ALL
        .into_iter()
        .map(|kind| (kind, account.count(kind)))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {}", kind.words()))
        .collect();
    let odd: Vec<&JobAccount> = account
        .jobs
        .iter()
        .filter(|job| !job.findings.is_empty())
        .collect();
    let what = match counts.is_empty() {
        true => "every event was delivered once, in order and in time".to_owned(),
        false => counts.join(", "),
    };
    let mut text = format!("{}: {what}\n", counted(jobs, "job"));
    for job in odd.iter().take(SHOWN) {
        text.push_str(&of_job(job));
    }
    if odd.len() > SHOWN {
        text.push_str(&format!(
            "and {} like these (--json tells of all)\n",
            counted(odd.len() - SHOWN, "more job")
        ));
    }
    text
}

fn of_job(job: &JobAccount) -> String {
    let attempts: Vec<String> = job.deliveries.iter().map(attempt).collect();
    let name = match job.name.as_str() {
        "" => String::new(),
        name => format!("{}, ", printable::line(name)),
    };
    let mut text = format!(
        "\n{name}job {} of {}: {}\n",
        job.job,
        printable::line(&job.repo),
        attempts.join(", ")
    );
    for finding in &job.findings {
        text.push_str(&format!(
            "  {:<12}  {}\n  {:<12}  {}\n",
            finding.kind.words(),
            printable::line(&finding.what),
            "",
            finding.means
        ));
    }
    text
}

fn attempt(attempt: &Attempt) -> String {
    let failed = attempt.failed.as_ref().map_or("", |_| " (failed)");
    let again = if attempt.redelivery {
        " (redelivered)"
    } else {
        ""
    };
    let action = printable::line(&attempt.action);
    format!("{} {action}{failed}{again}", attempt.at)
}

/// What does not stand in the recording.
pub(super) fn redactions(redacted: &Redacted, keep_names: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    let names: usize = redacted.names.values().sum();
    for (count, what) in [
        (names, "name"),
        (redacted.emails, "address"),
        (redacted.secrets, "secret"),
        (redacted.texts, "text"),
        (redacted.headers, "header"),
    ] {
        if count > 0 {
            parts.push(counted(count, what));
        }
    }
    if parts.is_empty() {
        return "\n".to_owned();
    }
    let how = match keep_names {
        true => "",
        false => "; --keep-names keeps names and texts",
    };
    format!("\nredacted: {}{how}\n", parts.join(", "))
}
