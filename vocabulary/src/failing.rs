//! [`Failing`]: how the platform ends an HF job that it had accepted.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{schema::schema_is_that_of, text::Verbatim, time::Length};

/// How the platform ends an HF job that it had accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fail")]
pub struct Failing {
    /// How long after its creation, however far it has come by then.
    pub after: Length,
    /// The stage it is left in.
    pub stage: FailedStage,
    /// HF's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// HF's `cancelReason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<CancelReason>,
}

/// The platform ends an HF job.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fail {
    /// How long after its creation, however far it has come by then.
    after: Length,
    /// The stage it is left in: `error`, or `canceled` if a reason for that is given.
    stage: Option<FailedStage>,
    /// HF's message.
    message: Option<Verbatim>,
    /// HF's `cancelReason`.
    cancel_reason: Option<CancelReason>,
}

schema_is_that_of!(Fail, Failing);

impl TryFrom<Fail> for Failing {
    type Error = &'static str;

    fn try_from(fail: Fail) -> Result<Self, &'static str> {
        let reason = fail.cancel_reason;
        let stage = match fail.stage {
            Some(FailedStage::Canceled) if reason.is_none() => {
                return Err(FailedStage::NEEDS_A_REASON);
            }
            Some(stage) => stage,
            None if reason.is_some() => FailedStage::Canceled,
            None => FailedStage::Error,
        };
        let usual = || reason.and_then(CancelReason::message).map(str::to_owned);
        Ok(Self {
            after: fail.after,
            stage,
            message: fail.message.map(|said| said.0).or_else(usual),
            cancel_reason: reason,
        })
    }
}

/// The stage in which the platform leaves an HF job that it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailedStage {
    /// ERROR.
    Error,
    /// CANCELED, which has a reason.
    Canceled,
}

impl FailedStage {
    /// What is wrong with a job that is cancelled without a reason, and how to mend it.
    pub const NEEDS_A_REASON: &'static str = "HF says why it cancels a job\nadd `cancel_reason: NO_CREDITS` or another, or write `stage: error`";
}

impl<'de> Deserialize<'de> for FailedStage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "error" => Ok(Self::Error),
            "canceled" => Ok(Self::Canceled),
            _ => Err(D::Error::custom(
                "the platform leaves an HF job it ends in `error` or `canceled`\nuse one of the two, or leave `stage` out",
            )),
        }
    }
}

/// A reason for which HF cancels a job of its own accord, in HF's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancelReason {
    /// The balance is used up.
    NoCredits,
    /// The account has no subscription that allows it.
    NoSubscription,
    /// The resource group may spend no more.
    ResourceGroupLimit,
}

impl CancelReason {
    /// As HF writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCredits => "NO_CREDITS",
            Self::NoSubscription => "NO_SUBSCRIPTION",
            Self::ResourceGroupLimit => "RESOURCE_GROUP_LIMIT",
        }
    }

    /// What HF says with it, where that is known
    /// (<https://huggingface.co/docs/hub/security-resource-groups>).
    const fn message(self) -> Option<&'static str> {
        match self {
            Self::ResourceGroupLimit => Some("Resource group spend limit reached"),
            Self::NoCredits | Self::NoSubscription => None,
        }
    }
}
