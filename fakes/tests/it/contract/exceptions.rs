//! What the fake does not do as GitHub describes it, and why.

/// A place of GitHub's description that contradicts the rest of it.
pub(crate) struct Correction {
    pub(crate) place: &'static str,
    /// The place that describes it rightly.
    pub(crate) right: &'static str,
    /// What shows that the place is wrong.
    pub(crate) mistake: Mistake,
}

/// A mistake, as long as nobody mended it.
pub(crate) enum Mistake {
    Has(&'static str),
    Lacks(&'static str),
}

/// Those of the API.
pub(crate) const OF_THE_API: &[Correction] = &[
    // The account would have to be a user and an enterprise at once; everywhere else it is either.
    Correction {
        place: "/paths/~1app~1installations/get/responses/200/content/application~1json/schema/items",
        right: "/components/schemas/installation",
        mistake: Mistake::Has("/properties/account/allOf"),
    },
];

/// Those of webhooks.
pub(crate) const OF_WEBHOOKS: &[Correction] = &[
    // A run has its title in `requested` and `completed` and in GitHub's own examples of this one.
    Correction {
        place: "/components/schemas/webhook-workflow-run-in-progress/properties/workflow_run",
        right: "/components/schemas/webhook-workflow-run-completed/properties/workflow_run",
        mistake: Mistake::Lacks("/properties/display_title"),
    },
];

/// Routes that GitHub's description does not have: `METHOD /template` and the reason.
pub(crate) const UNDESCRIBED: [(&str, &str); 7] = [
    ("GET /settings/apps/new", "a page of the web site"),
    (
        "GET /organizations/{org}/settings/apps/new",
        "a page of the web site",
    ),
    ("POST /settings/apps/new", "a form of the web site"),
    (
        "POST /organizations/{org}/settings/apps/new",
        "a form of the web site",
    ),
    ("POST /settings/apps", "a form of the web site"),
    (
        "POST /organizations/{org}/settings/apps",
        "a form of the web site",
    ),
    (
        "GET /_logs/{token}",
        "where a redirection to logs leads: a signed address of a storage, not of the API",
    ),
];

/// Errors that GitHub describes and the fake never gives: the route or `*`, the status, the reason.
pub(crate) const NEVER_GIVEN: [(&str, u16, &str); 17] = [
    (
        "*",
        304,
        "the fake sends no ETag, so nobody asks conditionally",
    ),
    ("GET /app/hook/deliveries/{delivery_id}", 400, NO_NUMBER),
    (
        "GET /app/hook/deliveries/{delivery_id}",
        422,
        NOTHING_INVALID,
    ),
    (
        "POST /app/hook/deliveries/{delivery_id}/attempts",
        400,
        NO_NUMBER,
    ),
    (
        "POST /app/hook/deliveries/{delivery_id}/attempts",
        422,
        NOTHING_INVALID,
    ),
    (
        "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}",
        400,
        NO_NUMBER,
    ),
    (
        "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}",
        422,
        NOTHING_INVALID,
    ),
    (
        "POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
        400,
        NO_NUMBER,
    ),
    (
        "POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
        422,
        NOTHING_INVALID,
    ),
    (
        "GET /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}",
        400,
        NO_NUMBER,
    ),
    (
        "GET /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}",
        422,
        NOTHING_INVALID,
    ),
    (
        "POST /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
        400,
        NO_NUMBER,
    ),
    (
        "POST /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
        422,
        NOTHING_INVALID,
    ),
    (
        "POST /app-manifests/{code}/conversions",
        422,
        "no rule is known that a code could break",
    ),
    (
        "GET /repos/{owner}/{repo}",
        403,
        "whoever may not see a repository is told that it is not there",
    ),
    ("GET /rate_limit", 404, "limits are always there"),
    (
        "DELETE /repos/{owner}/{repo}/actions/runs/{run_id}/logs",
        500,
        "the fake fails only when a fault says so",
    ),
];

const NO_NUMBER: &str = "an id that is no number is an unknown path";
const NOTHING_INVALID: &str = "it takes nothing that could be invalid";
