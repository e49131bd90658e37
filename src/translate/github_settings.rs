//! From what a plan says of GitHub's limits, permissions and hooks to the settings of the fake one.

use fakes::{
    AppSettings, BegunHour, ContentType, HookSettings, LimitSettings, NewHook, PointsScope,
    PrimaryLimits, SecondaryLimits,
};
use scenarios::plan::{self, GithubWorld, HookSecret, Permission};

use crate::target::LAB_WEBHOOK_SECRET;

/// The secret of a hook whose secret the dispatcher does not know.
const OTHER_SECRET: &str = "another-hook-secret";

/// The limits on calls.
pub(super) fn limits(world: &GithubWorld) -> LimitSettings {
    LimitSettings {
        primary: world
            .rate_limit
            .map_or_else(PrimaryLimits::default, primary),
        secondary: world
            .secondary_limit
            .map_or_else(SecondaryLimits::default, secondary),
        ..LimitSettings::default()
    }
}

fn primary(limit: plan::RateLimit) -> PrimaryLimits {
    PrimaryLimits {
        installation: limit.limit,
        // The limit is what it is, however many repositories there are.
        per_repository_or_user: 0,
        status: limit.status.0,
        begun: limit.remaining.map(|remaining| BegunHour {
            remaining,
            resets_in: limit.resets_in.0,
        }),
        ..PrimaryLimits::default()
    }
}

fn secondary(limit: plan::SecondaryLimit) -> SecondaryLimits {
    SecondaryLimits {
        concurrent: limit.concurrent,
        points_per_minute: limit.points_per_minute,
        points_scope: match limit.points_of {
            plan::PointsOf::Endpoint => PointsScope::Endpoint,
            plan::PointsOf::Caller => PointsScope::Caller,
        },
        contents_per_minute: limit.contents_per_minute,
        contents_per_hour: limit.contents_per_hour,
        registrations_per_five_minutes: limit.registrations_per_five_minutes,
        status: limit.status.0,
        retry_after: limit.retry_after.0.map(|length| length.0),
        ..SecondaryLimits::default()
    }
}

/// The App's permissions.
pub(super) fn app(world: &GithubWorld) -> AppSettings {
    let mut app = AppSettings::default();
    for (name, permission) in world.permissions.iter().flat_map(plan::Permissions::set) {
        let level = match permission {
            Permission::None => {
                app.permissions.remove(name);
                continue;
            }
            Permission::Read => "read",
            Permission::Write => "write",
            Permission::Admin => "admin",
        };
        app.permissions.insert(name.to_owned(), level.to_owned());
    }
    app
}

/// The webhooks beside the App's, which point where that does.
pub(super) fn hooks(world: &GithubWorld) -> HookSettings {
    let usual = HookSettings::default();
    let hook = |hook: &plan::Hook| NewHook {
        on: hook.on.as_str().to_owned(),
        url: usual.app_url.clone(),
        events: hook.events.clone(),
        content_type: match hook.content_type {
            plan::ContentType::Json => ContentType::Json,
            plan::ContentType::Form => ContentType::Form,
        },
        secret: match hook.secret {
            HookSecret::Lab => LAB_WEBHOOK_SECRET.into(),
            HookSecret::None => "".into(),
            HookSecret::Other => OTHER_SECRET.into(),
        },
    };
    HookSettings {
        of_owners: world.hooks.iter().map(hook).collect(),
        ..usual
    }
}
