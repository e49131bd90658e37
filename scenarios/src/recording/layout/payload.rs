//! A payload itself: which event it is, and whether it tells what a job is known by.

use serde_json::Value;

use super::{Around, Fields, Found, KNOWN, NotADelivery, foreign};
use crate::recording::{
    life::Moment,
    oddly_kinded,
    offsets::{Clue, happened},
};

/// The names of GitHub's events. A folder of such a name tells the event of the payloads in it.
pub(crate) const KNOWN_EVENTS: &[&str] = &[
    "branch_protection_configuration",
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "code_scanning_alert",
    "commit_comment",
    "create",
    "custom_property",
    "custom_property_values",
    "delete",
    "dependabot_alert",
    "deploy_key",
    "deployment",
    "deployment_protection_rule",
    "deployment_review",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "github_app_authorization",
    "gollum",
    "installation",
    "installation_repositories",
    "installation_target",
    "issue_comment",
    "issue_dependencies",
    "issues",
    "label",
    "marketplace_purchase",
    "member",
    "membership",
    "merge_group",
    "meta",
    "milestone",
    "org_block",
    "organization",
    "package",
    "page_build",
    "personal_access_token_request",
    "ping",
    "project",
    "project_card",
    "project_column",
    "projects_v2",
    "projects_v2_item",
    "projects_v2_status_update",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "push",
    "registry_package",
    "release",
    "repository",
    "repository_advisory",
    "repository_dispatch",
    "repository_import",
    "repository_ruleset",
    "repository_vulnerability_alert",
    "secret_scanning_alert",
    "secret_scanning_alert_location",
    "secret_scanning_scan",
    "security_advisory",
    "security_and_analysis",
    "sponsorship",
    "star",
    "status",
    "sub_issues",
    "team",
    "team_add",
    "watch",
    "workflow_dispatch",
    "workflow_job",
    "workflow_run",
];

/// Each of GitHub's payloads has at least one of these.
const MARKS: &[&str] = &[
    "action",
    "repository",
    "organization",
    "installation",
    "sender",
    "hook_id",
    "enterprise",
    "ref",
];

/// The delivery of a payload, if it is one. `fields` are the payload's own.
pub(super) fn found(
    text: &str,
    around: &Around<'_>,
    fields: &Fields<'_>,
) -> Result<Found, NotADelivery> {
    let value: Value = serde_json::from_str(text)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| {
            NotADelivery::new(
                "the payload is not a JSON object",
                "export the JSON body of the webhook as it was sent",
            )
        })?;
    let stated = around.headers.get("x-github-event").cloned();
    let event = stated
        .or_else(|| event_of(&value))
        .or_else(|| around.event.clone().filter(|_| is_githubs(&value)))
        .ok_or_else(|| unknown(&value, fields))?;
    let oddities = if event == "workflow_job" {
        check_workflow_job(&value)?
    } else {
        Vec::new()
    };
    let happened = happened(&event, &value);
    Ok(Found {
        moment: Moment::of(text).filter(|_| event == "workflow_job"),
        event,
        guid: None,
        headers: Default::default(),
        payload: text.to_owned(),
        place: Default::default(),
        clue: happened.map_or(Clue::Nothing, Clue::Happened),
        happened,
        failed: None,
        redelivery: false,
        late: None,
        id: None,
        oddities,
    })
}

fn is_githubs(payload: &Value) -> bool {
    MARKS.iter().any(|mark| payload.get(mark).is_some())
}

/// The event of a payload that shows it.
fn event_of(payload: &Value) -> Option<String> {
    let has = |key: &str| payload.get(key).is_some();
    if has("workflow_job") {
        return Some("workflow_job".to_owned());
    }
    (has("zen") && (has("hook_id") || has("hook"))).then(|| "ping".to_owned())
}

/// Why nothing tells the event: a payload without it, or something else altogether.
fn unknown(payload: &Value, fields: &Fields<'_>) -> NotADelivery {
    if is_githubs(payload) {
        return NotADelivery::new(
            "it does not say which event it is",
            "add the header `X-GitHub-Event`, or put the file into a folder with the event's name",
        );
    }
    NotADelivery::new(
        format!("{} is no layout that is known here", foreign::shape(fields)),
        KNOWN,
    )
}

fn no_id(key: &str, found: &Value) -> NotADelivery {
    let found: String = found.to_string().chars().take(60).collect();
    NotADelivery::new(
        format!(
            "`workflow_job.{key}` is {found}, and GitHub's ids are whole numbers from 1 to 2^64-1"
        ),
        "export the body of the webhook as it was sent, its numbers unchanged",
    )
}

/// Refuses a `workflow_job` payload that lacks what a job is told by; lists what is merely missing.
fn check_workflow_job(payload: &Value) -> Result<Vec<String>, NotADelivery> {
    let lacks = |path: &str| {
        NotADelivery::new(
            format!("the payload has no `{path}`"),
            "export the whole body of the `workflow_job` webhook",
        )
    };
    payload
        .get("action")
        .and_then(Value::as_str)
        .ok_or_else(|| lacks("action"))?;
    let job = payload
        .get("workflow_job")
        .filter(|job| job.is_object())
        .ok_or_else(|| lacks("workflow_job"))?;
    for key in ["id", "run_id"] {
        match job.get(key) {
            Some(id) if id.as_u64().is_some_and(|id| id > 0) => {}
            Some(id) if !id.is_null() => return Err(no_id(key, id)),
            Some(_) | None => return Err(lacks(&format!("workflow_job.{key}"))),
        }
    }
    payload
        .pointer("/repository/full_name")
        .and_then(Value::as_str)
        .ok_or_else(|| lacks("repository.full_name"))?;
    if let Some(key) = oddly_kinded(payload) {
        return Err(NotADelivery::new(
            format!(
                "`{key}` of the payload is of a kind that GitHub never sends, so nothing can be learnt from it"
            ),
            "export the body of the webhook as it was sent",
        ));
    }
    let mut oddities: Vec<String> = [
        "run_attempt",
        "workflow_name",
        "head_branch",
        "created_at",
        "labels",
    ]
    .into_iter()
    .filter(|key| job.get(key).is_none())
    .map(|key| format!("`workflow_job.{key}` is missing; sent as it is"))
    .collect();
    if payload.pointer("/installation/id").is_none() {
        oddities.push(
            "`installation.id` is missing, so no App received this; sent as it is".to_owned(),
        );
    }
    Ok(oddities)
}
