//! What the fake does not do as GitHub describes it, and why.

/// A place of GitHub's description that contradicts the rest of it.
pub(crate) struct Correction {
    pub(crate) place: &'static str,
    /// The component that describes it rightly.
    pub(crate) component: &'static str,
    /// What shows that the place is wrong: a key it has as long as nobody mended it.
    pub(crate) mistake: &'static str,
}

/// All of them.
pub(crate) const CORRECTIONS: [Correction; 1] = [
    // The account would have to be a user and an enterprise at once; everywhere else it is either.
    Correction {
        place: "/paths/~1app~1installations/get/responses/200/content/application~1json/schema/items",
        component: "#/components/schemas/installation",
        mistake: "/properties/account/allOf",
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
pub(crate) const NEVER_GIVEN: [(&str, u16, &str); 7] = [
    (
        "*",
        304,
        "the fake sends no ETag, so nobody asks conditionally",
    ),
    (
        "GET /repos/{owner}/{repo}/installation",
        301,
        "repositories are not renamed",
    ),
    (
        "GET /app/hook/deliveries/{delivery_id}",
        400,
        "an id that is no number is an unknown path",
    ),
    (
        "GET /app/hook/deliveries/{delivery_id}",
        422,
        "it takes nothing that could be invalid",
    ),
    (
        "POST /app/hook/deliveries/{delivery_id}/attempts",
        400,
        "an id that is no number is an unknown path",
    ),
    (
        "POST /app/hook/deliveries/{delivery_id}/attempts",
        422,
        "it takes nothing that could be invalid",
    ),
    (
        "POST /app/installations/{installation_id}/access_tokens",
        403,
        "installations are not suspended",
    ),
];
