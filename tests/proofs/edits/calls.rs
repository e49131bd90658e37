//! Wrong edits about calls: with dead credentials, and without patience.

use fakes::history::{
    CallAbout, CredentialKind, CredentialState, CredentialUse, Lost, Stage, StageCause, What,
};

use super::{
    Edit, Scene,
    tape::{Job, MINUTE, Tape, about_repo},
};

const RUNS: &str = "/repos/octo/app/actions/runs?status=queued&per_page=100";

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "fresh-credentials",
        "a call with an expired installation token",
        Scene::Plain,
        |tape| {
            with(
                tape,
                "github.list-runs",
                CredentialKind::InstallationToken,
                CredentialState::Expired,
            )
        },
    ),
    Edit::of(
        "fresh-credentials",
        "a call with an expired JWT",
        Scene::Plain,
        |tape| {
            with(
                tape,
                "github.installations",
                CredentialKind::AppJwt,
                CredentialState::Expired,
            )
        },
    ),
    Edit::of(
        "fresh-credentials",
        "a call with a JWT from GitHub's future",
        Scene::Plain,
        |tape| {
            with(
                tape,
                "github.installations",
                CredentialKind::AppJwt,
                CredentialState::NotYetValid,
            )
        },
    ),
    Edit::of(
        "fresh-credentials",
        "a call with a JWT that reaches too far",
        Scene::Plain,
        |tape| {
            with(
                tape,
                "github.create-token",
                CredentialKind::AppJwt,
                CredentialState::TooLong,
            )
        },
    ),
    Edit::of(
        "fresh-credentials",
        "a clock that is known to be wrong is used again",
        Scene::Skew,
        |tape| {
            with(
                tape,
                "github.installations",
                CredentialKind::AppJwt,
                CredentialState::NotYetValid,
            )
        },
    ),
    Edit::of(
        "fresh-credentials",
        "a runner comes with an expired registration token",
        Scene::Plain,
        |tape| {
            let hf = tape.worked()?;
            let credential = dead(CredentialKind::RegistrationToken);
            tape.add(
                hf.online?.checked_sub(1)?,
                What::RunnerRefused {
                    hf_job: hf.id,
                    why: "404".to_owned(),
                    credential,
                },
            );
            Some(())
        },
    ),
    Edit::of(
        "fresh-credentials",
        "a runner is let in with an expired registration token",
        Scene::Plain,
        |tape| {
            let place = tape.find(|what| {
                matches!(
                    what,
                    What::RunnerOnline {
                        hf_job: Some(_),
                        ..
                    }
                )
            })?;
            let What::RunnerOnline { credential, .. } = &mut tape.events[place].event else {
                return None;
            };
            *credential = dead(CredentialKind::RegistrationToken);
            Some(())
        },
    ),
    Edit::of(
        "fresh-credentials",
        "a second runner comes with a dead JIT configuration",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            let at = tape.end();
            for number in 0..2 {
                let born = at + number * 10 * MINUTE;
                let hf = tape.create(born, &job);
                let credential = dead(CredentialKind::JitConfig);
                tape.add(
                    born + MINUTE,
                    What::RunnerRefused {
                        hf_job: hf.id.clone(),
                        why: "401".to_owned(),
                        credential,
                    },
                );
                tape.ends(born + 2 * MINUTE, &hf.id, Stage::Error, StageCause::Exit);
            }
            Some(())
        },
    ),
    Edit::of(
        "right-retry",
        "what is not found is asked for nine times",
        Scene::Plain,
        |tape| refused(tape, 404),
    ),
    Edit::of(
        "right-retry",
        "what is forbidden is asked for nine times",
        Scene::Plain,
        |tape| refused(tape, 403),
    ),
    Edit::of(
        "right-retry",
        "what is gone is asked for nine times",
        Scene::Plain,
        |tape| refused(tape, 410),
    ),
    Edit::of(
        "right-retry",
        "what is unlawful is asked for nine times",
        Scene::Plain,
        |tape| refused(tape, 451),
    ),
    Edit::of(
        "right-retry",
        "what cannot be processed is asked for nine times",
        Scene::Plain,
        |tape| refused(tape, 422),
    ),
    Edit::of(
        "right-retry",
        "a create that is wrong is asked for nine times",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            let about = CallAbout {
                flavor: super::tape::flavor_of(&job.labels),
                labels: job.labels.clone(),
                ..about_repo(&job.repo)
            };
            let at = tape.end();
            for number in 0..9 {
                tape.call(
                    at + number * 20_000,
                    "hf.create",
                    "/api/jobs/lab",
                    about.clone(),
                    400,
                );
            }
            Some(())
        },
    ),
    Edit::of(
        "right-retry",
        "31 requests a minute to a place that answers 500",
        Scene::Plain,
        |tape| {
            failing(tape, |tape, at| {
                tape.call(at, "hf.list", "/api/jobs/lab", CallAbout::default(), 500);
            })
        },
    ),
    Edit::of(
        "right-retry",
        "31 requests a minute to a place that does not answer",
        Scene::Plain,
        |tape| {
            failing(tape, |tape, at| {
                let (call, received) =
                    tape.ask(at, "github.list-runs", RUNS, about_repo("octo/app"));
                let lost = What::CallLost {
                    call,
                    name: "github.list-runs".to_owned(),
                    why: Lost::TimedOut,
                };
                tape.add_for(at, Some(received), lost);
            })
        },
    ),
    Edit::of(
        "right-retry",
        "three requests before a limit's end",
        Scene::Plain,
        |tape| limited(tape, Some(600)),
    ),
    Edit::of(
        "right-retry",
        "three requests in the minute after a limit without an end",
        Scene::Plain,
        |tape| limited(tape, None),
    ),
    Edit::of(
        "right-retry",
        "more calls in an hour than jobs are worth",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            for number in 0..2_000 {
                tape.call(
                    job.announced + number * 400,
                    "github.list-runs",
                    RUNS,
                    about_repo(&job.repo),
                    200,
                );
            }
            Some(())
        },
    ),
];

const fn dead(kind: CredentialKind) -> CredentialUse {
    CredentialUse {
        kind,
        state: CredentialState::Expired,
    }
}

/// A call with such a credential, when everything has gone well for a while.
fn with(
    tape: &mut Tape<'_>,
    name: &str,
    kind: CredentialKind,
    state: CredentialState,
) -> Option<()> {
    let job = tape.done()?;
    let at = job.completed?;
    let call = tape.ask_with(
        at,
        name,
        "/app/installations",
        CallAbout::default(),
        CredentialUse { kind, state },
    );
    tape.answer(at, call, name, 401);
    Some(())
}

/// The same request is refused for good, again and again.
fn refused(tape: &mut Tape<'_>, status: u16) -> Option<()> {
    let job: Job = tape.done()?;
    let about = CallAbout {
        job: Some(job.id),
        ..about_repo(&job.repo)
    };
    let path = format!("/repos/{}/actions/jobs/{}", job.repo, job.id.0);
    let at = tape.end();
    for number in 0..9 {
        tape.call(
            at + number * 20_000,
            "github.get-job",
            &path,
            about.clone(),
            status,
        );
    }
    Some(())
}

/// A place fails for six minutes, and is then asked 31 times in one.
fn failing(tape: &mut Tape<'_>, ask: fn(&mut Tape<'_>, u64)) -> Option<()> {
    let at = tape.end();
    for number in 0..7 {
        ask(tape, at + number * MINUTE);
    }
    for number in 0..31 {
        ask(tape, at + 7 * MINUTE + number * 1_000);
    }
    Some(())
}

/// A rate limit is answered, and three requests follow.
fn limited(tape: &mut Tape<'_>, retry_after_s: Option<u64>) -> Option<()> {
    let at = tape.end();
    let name = "github.list-runs";
    let (call, received) = tape.ask(at, name, RUNS, about_repo("octo/app"));
    let what = What::CallAnswered {
        call,
        name: name.to_owned(),
        status: 429,
        retry_after_s,
        limited: true,
    };
    tape.add_for(at, Some(received), what);
    for number in 1..4 {
        tape.call(
            at + number * 10_000,
            name,
            RUNS,
            about_repo("octo/app"),
            200,
        );
    }
    Some(())
}
