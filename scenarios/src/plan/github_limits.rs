//! What limits the fake GitHub's API: calls in an hour, bursts, and who hears of what.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::word::Word;
use crate::written::Names;
use vocabulary::{Fixed, written_as_text};

/// The primary limit of an installation: calls in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// How many.
    pub limit: u32,
    /// How many are left of the hour that goes when the world begins; all of them, if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u32>,
    /// When that hour ends, from the world's beginning.
    pub resets_in: Fixed,
    /// The status of a refusal: 403 or 429.
    pub status: LimitStatus,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            limit: 5_000,
            remaining: None,
            resets_in: Fixed::secs(3_600),
            status: LimitStatus::default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimitParts {
    limit: Option<u32>,
    remaining: Option<u32>,
    resets_in: Option<Fixed>,
    status: Option<LimitStatus>,
}

impl<'de> Deserialize<'de> for RateLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = RateLimitParts::deserialize(deserializer)?;
        let usual = Self::default();
        let read = Self {
            limit: parts.limit.unwrap_or(usual.limit),
            remaining: parts.remaining,
            resets_in: parts.resets_in.unwrap_or(usual.resets_in),
            status: parts.status.unwrap_or(usual.status),
        };
        let (limit, left) = (read.limit, read.remaining.unwrap_or(0));
        if left > limit {
            return Err(D::Error::custom(format!(
                "{left} calls cannot be left of {limit}\nwrite `remaining` no larger than `limit`"
            )));
        }
        if read.resets_in > usual.resets_in {
            return Err(D::Error::custom(format!(
                "the limit is one of an hour, so it cannot last {} more\nwrite at most `resets_in: 1h`",
                read.resets_in
            )));
        }
        Ok(read)
    }
}

/// The secondary limits: bursts of one caller.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SecondaryLimit {
    /// Calls at once.
    pub concurrent: u32,
    /// Points in a minute: 1 for a call that reads, 5 for one that writes.
    pub points_per_minute: u32,
    /// What the points are counted for.
    pub points_of: PointsOf,
    /// Contents created in a minute.
    pub contents_per_minute: u32,
    /// Contents created in an hour.
    pub contents_per_hour: u32,
    /// Runner registrations of a repository or an organisation in five minutes.
    pub registrations_per_five_minutes: u32,
    /// The status of a refusal: 403 or 429.
    pub status: LimitStatus,
    /// The `retry-after` of a refusal; `none` leaves the header out.
    pub retry_after: RetryAfter,
}

impl Default for SecondaryLimit {
    fn default() -> Self {
        Self {
            concurrent: 100,
            points_per_minute: 900,
            points_of: PointsOf::Endpoint,
            contents_per_minute: 80,
            contents_per_hour: 500,
            registrations_per_five_minutes: 1_500,
            status: LimitStatus::default(),
            retry_after: RetryAfter(Some(Fixed::secs(60))),
        }
    }
}

/// What points are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PointsOf {
    /// A method and a path, whatever its parameters.
    Endpoint,
    /// Everything the caller does.
    Caller,
}

/// The status of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LimitStatus(pub u16);

impl Default for LimitStatus {
    fn default() -> Self {
        Self(403)
    }
}

impl<'de> Deserialize<'de> for LimitStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer)? {
            status @ (403 | 429) => Ok(Self(status)),
            other => Err(D::Error::custom(format!(
                "GitHub does not answer {other} to too many calls\nwrite 403 or 429"
            ))),
        }
    }
}

impl JsonSchema for LimitStatus {
    fn schema_name() -> Cow<'static, str> {
        "LimitStatus".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "403 or 429.", "enum": [403, 429] })
    }
}

/// How long a refusal says to wait, if it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter(pub Option<Fixed>);

impl RetryAfter {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let length = vocabulary::parse_duration(text).map_err(|error| {
            let what = error.split('\n').next().unwrap_or_default();
            format!("{what}\nwrite a time, such as `60s`, or `none` for no `retry-after` at all")
        })?;
        Ok(Self(Some(Fixed(length))))
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(length) => length.fmt(f),
            None => f.write_str("none"),
        }
    }
}

written_as_text!(
    RetryAfter,
    "RetryAfter",
    RetryAfter::parse,
    "string",
    "A time with a unit (60s), or none."
);

/// What the App may do with one kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Nothing.
    None,
    /// Look.
    Read,
    /// Change.
    Write,
    /// All of it.
    Admin,
}

/// What the App was granted, where that is not what a dispatcher needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Permissions {
    /// Runs, jobs and their logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Permission>,
    /// Runners of repositories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administration: Option<Permission>,
    /// Check runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Permission>,
    /// Deployments, which approvals belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployments: Option<Permission>,
    /// What there is at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Permission>,
    /// Runners of organisations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_self_hosted_runners: Option<Permission>,
}

impl Permissions {
    /// Each that is set, by its name.
    pub fn set(&self) -> impl Iterator<Item = (&'static str, Permission)> {
        let all = [
            ("actions", self.actions),
            ("administration", self.administration),
            ("checks", self.checks),
            ("deployments", self.deployments),
            ("metadata", self.metadata),
            (
                "organization_self_hosted_runners",
                self.organization_self_hosted_runners,
            ),
        ];
        all.into_iter()
            .filter_map(|(name, permission)| Some((name, permission?)))
    }
}

/// A webhook of a repository or an organisation, beside the App's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// `owner/name` of a repository, or the login of an organisation.
    pub on: Word,
    /// The events it subscribes to; `*` for all.
    #[serde(default = "workflow_job", deserialize_with = "one_or_more")]
    #[schemars(with = "Names")]
    pub events: Vec<String>,
    /// How it wants its payload.
    #[serde(default)]
    pub content_type: ContentType,
    /// What it is signed with.
    #[serde(default)]
    pub secret: HookSecret,
}

/// One event, or a list of them.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Names::deserialize(deserializer)?;
    Ok(names.0.into_iter().map(|name| name.value).collect())
}

fn workflow_job() -> Vec<String> {
    vec!["workflow_job".to_owned()]
}

/// How a hook wants its payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentType {
    /// As the body.
    #[default]
    Json,
    /// As the field `payload` of a form.
    Form,
}

/// The secret of a hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HookSecret {
    /// The one the dispatcher knows.
    #[default]
    Lab,
    /// None: nothing is signed.
    None,
    /// One that the dispatcher does not know.
    Other,
}
