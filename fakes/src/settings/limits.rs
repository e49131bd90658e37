//! Rate limits: GitHub's numbers, all of which can be changed.

use std::time::Duration;

/// What the 900 points a minute are counted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointsScope {
    /// One endpoint: a method and a path, whatever its parameters.
    #[default]
    Endpoint,
    /// Everything the caller does.
    Caller,
}

/// Rate limits. A limit belongs to whoever calls: an installation, the App by its JWT, or everybody without
/// a credential. Calls with a refused credential are shown the last one's numbers and are not counted. GitHub's limit on
/// its own computing time (90 s in 60 s) has no counterpart here.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Whether any limit is applied. Default true. When false, nothing is counted.
    pub enforced: bool,
    /// The primary limits: calls in an hour.
    pub primary: PrimaryLimits,
    /// The secondary limits.
    pub secondary: SecondaryLimits,
}

/// Calls in an hour, which begins with the first of them. The limit is worked out when the hour begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrimaryLimits {
    /// Of an installation. Default 5,000; GitHub gives 15,000 to organisations of an enterprise.
    pub installation: u32,
    /// What is left of an installation's hour when the world begins; none lets it begin with its first call.
    pub begun: Option<BegunHour>,
    /// In addition for each repository above 20, and for each user of the organisation above 20. Default 50.
    pub per_repository_or_user: u32,
    /// How many repositories and users are free. Default 20.
    pub free: u32,
    /// What an installation's limit never exceeds by growing. Default 12,500.
    pub installation_max: u32,
    /// How many users each organisation has. Default 1.
    pub organization_users: u32,
    /// Of the App by its JWT. Default 5,000; UNCONFIRMED.
    pub app: u32,
    /// Without a credential. Default 60.
    pub anonymous: u32,
    /// Runner registrations (`actions_runner_registration`). Default 10,000. Calls that are counted there
    /// are not counted in `core`.
    pub runner_registration: u32,
    /// Whether `registration-token` is counted there rather than in `core`. Default true; UNCONFIRMED.
    pub registration_token_is_registration: bool,
    /// Whether `generate-jitconfig` is. Default true; an operator of many runners says so, GitHub does not.
    pub jit_config_is_registration: bool,
    /// Conversions of App manifests (`integration_manifest`). Default 5,000.
    pub manifest: u32,
    /// The status of a refusal: 403 or 429. Default 403.
    pub status: u16,
}

/// An hour of a primary limit that had begun before the world did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunHour {
    /// How many calls are left of it.
    pub remaining: u32,
    /// How long after the world's beginning it ends.
    pub resets_in: Duration,
}

/// Limits on bursts. A minute, five minutes or an hour begins with the first call that is counted in it.
#[derive(Clone, Debug)]
pub struct SecondaryLimits {
    /// Calls of one caller at once, from their arrival to their answer. Default 100.
    pub concurrent: u32,
    /// Points in a minute: 1 for a call that reads, 5 for one that writes. Default 900.
    pub points_per_minute: u32,
    /// What they are counted for. Default one endpoint.
    pub points_scope: PointsScope,
    /// Contents created in a minute. Default 80.
    pub contents_per_minute: u32,
    /// Contents created in an hour. Default 500.
    pub contents_per_hour: u32,
    /// The paths of `POST`s that create content, as the route table writes them. Default check runs only;
    /// UNCONFIRMED which calls GitHub counts.
    pub content_paths: Vec<String>,
    /// Runner registrations of one repository or organisation in five minutes, by configuration or by
    /// registration token. Default 1,500.
    pub registrations_per_five_minutes: u32,
    /// The status of a refusal: 403 or 429. Default 403.
    pub status: u16,
    /// The `retry-after` of a refusal in whole seconds; none leaves the header out. Default a minute. GitHub sends it not always.
    pub retry_after: Option<Duration>,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            enforced: true,
            primary: PrimaryLimits::default(),
            secondary: SecondaryLimits::default(),
        }
    }
}

impl Default for PrimaryLimits {
    fn default() -> Self {
        Self {
            installation: 5_000,
            begun: None,
            per_repository_or_user: 50,
            free: 20,
            installation_max: 12_500,
            organization_users: 1,
            app: 5_000,
            anonymous: 60,
            runner_registration: 10_000,
            registration_token_is_registration: true,
            jit_config_is_registration: true,
            manifest: 5_000,
            status: 403,
        }
    }
}

impl Default for SecondaryLimits {
    fn default() -> Self {
        Self {
            concurrent: 100,
            points_per_minute: 900,
            points_scope: PointsScope::default(),
            contents_per_minute: 80,
            contents_per_hour: 500,
            content_paths: vec!["/repos/{owner}/{repo}/check-runs".to_owned()],
            registrations_per_five_minutes: 1_500,
            status: 403,
            retry_after: Some(Duration::from_secs(60)),
        }
    }
}

impl PrimaryLimits {
    /// The limit of an installation on so many repositories.
    pub(crate) fn of_installation(&self, repositories: usize) -> u32 {
        let repositories = u32::try_from(repositories).unwrap_or(u32::MAX);
        let above = |count: u32| count.saturating_sub(self.free);
        let grown = above(repositories)
            .saturating_add(above(self.organization_users))
            .saturating_mul(self.per_repository_or_user)
            .saturating_add(self.installation);
        grown.min(self.installation_max.max(self.installation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installations_limit_grows_with_its_repositories_up_to_a_cap() {
        let limits = PrimaryLimits::default();
        for (repositories, limit) in [
            (1, 5_000),
            (20, 5_000),
            (21, 5_050),
            (100, 9_000),
            (200, 12_500),
        ] {
            assert_eq!(
                limits.of_installation(repositories),
                limit,
                "{repositories}"
            );
        }
    }

    #[test]
    fn users_above_twenty_count_as_repositories_do() {
        let limits = PrimaryLimits {
            organization_users: 22,
            ..PrimaryLimits::default()
        };
        assert_eq!(limits.of_installation(21), 5_150);
    }

    #[test]
    fn an_enterprises_higher_limit_is_not_cut() {
        let limits = PrimaryLimits {
            installation: 15_000,
            ..PrimaryLimits::default()
        };
        assert_eq!(limits.of_installation(1), 15_000);
    }
}
