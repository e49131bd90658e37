//! Wrong edits about what is not ours, and what is not ours any more.

use fakes::history::{CallAbout, Origin, Signed, What};

use super::{
    Edit, Scene,
    tape::{HOUR, MINUTE, Tape, about_repo},
};

const STRANGER: &str = "stranger/app";
/// An installation of somebody else's App.
const FOREIGN: u64 = 66_001_122;

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "trust",
        "a token is asked of a foreign installation",
        Scene::Plain,
        |tape| {
            let about = CallAbout {
                installation: Some(FOREIGN),
                ..CallAbout::default()
            };
            let path = format!("/app/installations/{FOREIGN}/access_tokens");
            tape.call(tape.end(), "github.create-token", &path, about, 404);
            Some(())
        },
    ),
    Edit::of(
        "trust",
        "a token is asked for a foreign repository",
        Scene::Plain,
        |tape| {
            let installation = installation(tape)?;
            let about = CallAbout {
                installation: Some(installation),
                repositories: vec![STRANGER.to_owned()],
                ..CallAbout::default()
            };
            let path = format!("/app/installations/{installation}/access_tokens");
            tape.call(tape.end(), "github.create-token", &path, about, 422);
            Some(())
        },
    ),
    Edit::of(
        "trust",
        "a JIT configuration is asked for a foreign repository",
        Scene::Plain,
        |tape| {
            let path = format!("/repos/{STRANGER}/actions/runners/generate-jitconfig");
            tape.call(
                tape.end(),
                "github.jit-config",
                &path,
                about_repo(STRANGER),
                404,
            );
            Some(())
        },
    ),
    Edit::of(
        "trust",
        "a registration token is asked for a foreign repository",
        Scene::Two,
        |tape| {
            let path = format!("/repos/{STRANGER}/actions/runners/registration-token");
            tape.call(
                tape.end(),
                "github.registration-token",
                &path,
                about_repo(STRANGER),
                403,
            );
            Some(())
        },
    ),
    Edit::of(
        "trust",
        "an HF job is asked for a foreign repository",
        Scene::Plain,
        |tape| {
            let about = CallAbout {
                flavor: Some("cpu-basic".to_owned()),
                ..about_repo(STRANGER)
            };
            tape.call(tape.end(), "hf.create", "/api/jobs/lab", about, 400);
            Some(())
        },
    ),
    Edit::of(
        "revoked-access",
        "an HF job for a suspended installation",
        Scene::Suspend,
        |tape| {
            let at = suspended(tape)?;
            let job = tape.done()?;
            tape.call(
                at + MINUTE,
                "github.list-runs",
                "/repos/octo/app/actions/runs",
                about_repo(&job.repo),
                403,
            );
            let hf = tape.create(at + 20 * MINUTE, &job);
            tape.cancels(at + 21 * MINUTE, &hf.id);
            Some(())
        },
    ),
    Edit::of(
        "revoked-access",
        "eleven calls for a suspended installation",
        Scene::Suspend,
        |tape| {
            let at = suspended(tape)?;
            for number in 0..12 {
                let at = at
                    + MINUTE
                    + if number > 0 {
                        20 * MINUTE + number * 10_000
                    } else {
                        0
                    };
                tape.call(
                    at,
                    "github.list-runs",
                    "/repos/octo/app/actions/runs",
                    about_repo("octo/app"),
                    403,
                );
            }
            Some(())
        },
    ),
    Edit::of(
        "revoked-access",
        "eleven tokens are asked of a suspended installation",
        Scene::Suspend,
        |tape| {
            let at = suspended(tape)?;
            let installation = installation(tape)?;
            let about = CallAbout {
                installation: Some(installation),
                ..CallAbout::default()
            };
            let path = format!("/app/installations/{installation}/access_tokens");
            for number in 0..12 {
                let at = at
                    + MINUTE
                    + if number > 0 {
                        HOUR + number * 30_000
                    } else {
                        0
                    };
                tape.call(at, "github.create-token", &path, about.clone(), 403);
            }
            Some(())
        },
    ),
    Edit::of(
        "revoked-access",
        "an HF job for an installation that was deleted",
        Scene::Plain,
        |tape| {
            let (installation, job) = (installation(tape)?, tape.done()?);
            let owner = job.repo.split('/').next()?.to_owned();
            let at = tape.end();
            tape.add(
                at,
                What::InstallationDeleted {
                    installation,
                    owner,
                },
            );
            tape.deliver(
                at + 100,
                ("installation", Some("deleted")),
                None,
                (Origin::Emitted, Signed::Lab),
                200,
            );
            let hf = tape.create(at + 20 * MINUTE, &job);
            tape.cancels(at + 21 * MINUTE, &hf.id);
            Some(())
        },
    ),
    Edit::of(
        "revoked-access",
        "an HF job for a name that a repository has no more",
        Scene::Plain,
        |tape| {
            let at = renamed(tape)?;
            let job = tape.done()?;
            let hf = tape.create(at + 20 * MINUTE, &job);
            tape.cancels(at + 21 * MINUTE, &hf.id);
            Some(())
        },
    ),
    Edit::of(
        "revoked-access",
        "eleven calls by a name that a repository has no more",
        Scene::Plain,
        |tape| {
            let at = renamed(tape)?;
            for number in 0..11 {
                let at = at + 20 * MINUTE + number * 50_000;
                tape.call(
                    at,
                    "github.list-runs",
                    "/repos/octo/app/actions/runs",
                    about_repo("octo/app"),
                    301,
                );
            }
            Some(())
        },
    ),
];

/// The App's own installation.
fn installation(tape: &Tape<'_>) -> Option<u64> {
    tape.events.iter().find_map(|event| match &event.event {
        What::CallReceived {
            name,
            about: Some(about),
            ..
        } if name == "github.create-token" => about.installation,
        _ => None,
    })
}

/// When the installation was suspended.
fn suspended(tape: &Tape<'_>) -> Option<u64> {
    let place = tape.find(|what| matches!(what, What::InstallationSuspended { .. }))?;
    Some(tape.events[place].at_ms)
}

/// A repository gets another name at the end, and the dispatcher is told.
fn renamed(tape: &mut Tape<'_>) -> Option<u64> {
    let at = tape.end();
    let what = What::RepoRenamed {
        repository: 1,
        from: "octo/app".to_owned(),
        to: "octo/application".to_owned(),
    };
    tape.add(at, what);
    tape.deliver(
        at + 100,
        ("repository", Some("renamed")),
        None,
        (Origin::Emitted, Signed::Lab),
        200,
    );
    Some(at)
}
