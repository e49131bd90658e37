//! Harmless edits: what means nothing to any rule, at any place of any history that was right.

mod changes;

use fakes::{
    history::{
        CallAbout, Caller, Closed, Conclusion, CredentialKind, Origin, Signed, Stage, StageCause,
        What,
    },
    ids::{CallId, JobId, RunId},
};

use self::changes::{
    Ids, capital, capitals, each, looks, looks_in_repo, lost_first, renamed, swap, told, twice,
};
use super::{
    Edit, recorded,
    tape::{HOUR, MINUTE, about_repo, fresh},
};

pub(super) const HARMLESS: &[Edit] = &[
    Edit::harmless("HF jobs are listed once more", |tape| {
        looks(tape, "hf.list", "/api/jobs/lab")
    }),
    Edit::harmless("an HF job is looked at once more", |tape| {
        let hf = tape.pick(tape.hf_jobs())?;
        let about = CallAbout {
            hf_job: Some(hf.id.clone()),
            ..CallAbout::default()
        };
        tape.call(
            hf.created + 1_000,
            "hf.inspect",
            &format!("/api/jobs/lab/{}", hf.id.0),
            about,
            200,
        );
        Some(())
    }),
    Edit::harmless("HF's client asks what harnesses there are", |tape| {
        looks(tape, "hf.agent-harnesses", "/api/agent-harnesses")
    }),
    Edit::harmless("runs are listed once more", |tape| {
        looks_in_repo(tape, "github.list-runs", "actions/runs")
    }),
    Edit::harmless("runners are listed once more", |tape| {
        looks_in_repo(tape, "github.list-runners", "actions/runners")
    }),
    Edit::harmless("a job is looked at once more", |tape| {
        let job = tape.done()?;
        let about = CallAbout {
            job: Some(job.id),
            ..about_repo(&job.repo)
        };
        let path = format!("/repos/{}/actions/jobs/{}", job.repo, job.id.0);
        tape.call(job.announced + 2_000, "github.get-job", &path, about, 200);
        Some(())
    }),
    Edit::harmless("the jobs of a run are listed once more", |tape| {
        let job = tape.done()?;
        let about = CallAbout {
            run: Some(job.run),
            ..about_repo(&job.repo)
        };
        let path = format!("/repos/{}/actions/runs/{}/jobs", job.repo, job.run.0);
        tape.call(
            job.announced + 2_000,
            "github.list-run-jobs",
            &path,
            about,
            200,
        );
        Some(())
    }),
    Edit::harmless("the log of deliveries is read once more", |tape| {
        looks(tape, "github.list-deliveries", "/app/hook/deliveries")
    }),
    Edit::harmless("the rate limit is looked at", |tape| {
        looks(tape, "github.rate-limit", "/rate_limit")
    }),
    Edit::harmless("installations are listed once more", |tape| {
        looks(tape, "github.installations", "/app/installations")
    }),
    Edit::harmless("a `queued` comes twice", |tape| twice(tape, "queued")),
    Edit::harmless("an `in_progress` comes twice", |tape| {
        twice(tape, "in_progress")
    }),
    Edit::harmless("a `completed` comes twice", |tape| twice(tape, "completed")),
    Edit::harmless("GitHub pings", |tape| {
        told(tape, ("ping", None), Origin::Emitted, Signed::Lab, 200)
    }),
    Edit::harmless("somebody pushes", |tape| {
        told(tape, ("push", None), Origin::Emitted, Signed::Lab, 204)
    }),
    Edit::harmless("a run is requested", |tape| {
        told(
            tape,
            ("workflow_run", Some("requested")),
            Origin::Emitted,
            Signed::Lab,
            202,
        )
    }),
    Edit::harmless("a forged delivery is ignored", |tape| {
        told(
            tape,
            ("workflow_job", Some("queued")),
            Origin::Forged,
            Signed::Lab,
            200,
        )
    }),
    Edit::harmless("a delivery without a signature is refused", |tape| {
        told(
            tape,
            ("workflow_job", Some("queued")),
            Origin::Forged,
            Signed::None,
            401,
        )
    }),
    Edit::harmless("a foreign signature is refused", |tape| {
        told(
            tape,
            ("workflow_job", Some("queued")),
            Origin::Forged,
            Signed::Wrong,
            403,
        )
    }),
    Edit::harmless("a changed body is refused", |tape| {
        told(
            tape,
            ("workflow_job", Some("completed")),
            Origin::Emitted,
            Signed::Tampered,
            401,
        )
    }),
    Edit::harmless("the history goes on for an hour", |tape| {
        tape.until(tape.end() + HOUR);
        Some(())
    }),
    Edit::harmless("the history goes on for two days", |tape| {
        tape.until(tape.end() + 48 * HOUR);
        Some(())
    }),
    Edit::harmless("everything happens an hour later", |tape| {
        tape.postpone(0, HOUR);
        Some(())
    }),
    Edit::harmless("everything happens a millisecond later", |tape| {
        tape.postpone(0, 1);
        Some(())
    }),
    Edit::harmless("jobs have other ids", |tape| renamed(tape, Ids::Jobs)),
    Edit::harmless("runs have other ids", |tape| renamed(tape, Ids::Runs)),
    Edit::harmless("runners have other ids", |tape| renamed(tape, Ids::Runners)),
    Edit::harmless("deliveries have other ids", |tape| {
        renamed(tape, Ids::Deliveries)
    }),
    Edit::harmless("calls have other ids", |tape| renamed(tape, Ids::Calls)),
    Edit::harmless("HF jobs have other ids", |tape| renamed(tape, Ids::HfJobs)),
    Edit::harmless("jobs write their labels in capitals", |tape| {
        each(tape, |what| match what {
            What::JobQueued { labels, .. } | What::JobWaiting { labels, .. } => capitals(labels),
            _ => false,
        })
    }),
    Edit::harmless("runners write their labels in capitals", |tape| {
        each(tape, |what| match what {
            What::HfCreated {
                runner_labels: labels,
                ..
            }
            | What::RunnerCreated { labels, .. } => capitals(labels),
            _ => false,
        })
    }),
    Edit::harmless("calls write their labels in capitals", |tape| {
        each(tape, |what| match what {
            What::CallReceived {
                about: Some(about), ..
            } => capitals(&mut about.labels),
            _ => false,
        })
    }),
    Edit::harmless("the dispatcher writes repositories in capitals", |tape| {
        each(tape, |what| match what {
            What::CallReceived {
                about: Some(about), ..
            } => about.repo.as_mut().is_some_and(capital),
            What::HfCreated {
                repo: Some(repo), ..
            } => capital(repo),
            _ => false,
        })
    }),
    Edit::harmless("jobs' names in the scenario differ", |tape| {
        if tape.events.iter().any(|event| {
            matches!(
                event.event,
                What::DispatcherCrashed {} | What::DispatcherStopped {}
            )
        }) {
            // The twin knows them by their names.
            return None;
        }
        each(tape, |what| match what {
            What::JobQueued { name, .. } | What::JobWaiting { name, .. } => {
                name.push_str(" of another name");
                true
            }
            _ => false,
        })
    }),
    Edit::harmless(
        "two events of one moment that know nothing of each other change places",
        swap,
    ),
    Edit::harmless("a listing is lost and made again", |tape| {
        lost_first(tape, |name| name == "hf.list" || name == "github.list-runs")
    }),
    Edit::harmless(
        "a create is lost before it had an effect, and made again",
        |tape| lost_first(tape, |name| name == "hf.create"),
    ),
    Edit::harmless(
        "a JIT configuration is asked for twice, since the first request was lost",
        |tape| lost_first(tape, |name| name == "github.jit-config"),
    ),
    Edit::harmless(
        "a token is asked for twice, since the first request was lost",
        |tape| lost_first(tape, |name| name == "github.create-token"),
    ),
    Edit::harmless("a fault opens and closes without a strike", |tape| {
        let job = tape.done()?;
        let fault = tape.plan.faults.len() + 7;
        tape.add(job.announced, What::FaultOpened { fault });
        tape.add(
            job.announced + MINUTE,
            What::FaultClosed {
                fault,
                why: Closed::Window,
            },
        );
        Some(())
    }),
    Edit::harmless("a job of somebody else's runners comes and goes", |tape| {
        let like = tape.done()?;
        let at = like.announced + 1_000;
        let (job, run) = (JobId(tape.number()), RunId(tape.number()));
        let queued = What::JobQueued {
            job,
            name: "elsewhere".to_owned(),
            run,
            attempt: 1,
            repo: like.repo.clone(),
            labels: vec!["ubuntu-latest".to_owned()],
            held_by: None,
        };
        tape.add(at, queued);
        let real = (Origin::Emitted, Signed::Lab);
        tape.deliver(
            at + 50,
            ("workflow_job", Some("queued")),
            Some(job),
            real,
            200,
        );
        let runner_name = "GitHub Actions 1".to_owned();
        tape.add(
            at + 5_000,
            What::JobStarted {
                job,
                runner: None,
                runner_name,
            },
        );
        tape.add(
            at + 9_000,
            What::JobCompleted {
                job,
                conclusion: Conclusion::Success,
                runner: None,
            },
        );
        tape.add(
            at + 9_000,
            What::RunCompleted {
                run,
                conclusion: "success".to_owned(),
            },
        );
        Some(())
    }),
    Edit::harmless("answers to deliveries have no body", |tape| {
        each(tape, |what| match what {
            What::DeliveryAnswered {
                status: 200..300,
                body,
                ..
            } => body.take().is_some(),
            _ => false,
        })
    }),
    Edit::harmless("answers to deliveries take nine seconds", |tape| {
        each(tape, |what| match what {
            What::DeliveryAnswered { took_ms, .. } => {
                *took_ms = 9_000;
                true
            }
            _ => false,
        })
    }),
    Edit::harmless("deliveries are answered 202", |tape| {
        each(tape, |what| match what {
            What::DeliveryAnswered { status, .. } if *status == 200 => {
                *status = 202;
                true
            }
            _ => false,
        })
    }),
    Edit::harmless("HF jobs cost more", |tape| {
        each(tape, |what| match what {
            What::HfStage {
                cost_micro_usd: Some(cost),
                ..
            } => {
                *cost += 1_000_000;
                true
            }
            _ => false,
        })
    }),
    Edit::harmless("HF says more of its stages", |tape| {
        each(tape, |what| match what {
            What::HfStage { message, .. } => message.replace("as usual".to_owned()).is_none(),
            _ => false,
        })
    }),
    Edit::harmless("HF says again that it schedules", |tape| {
        let hf = tape.pick(tape.hf_jobs())?;
        tape.ends(
            hf.created + 1,
            &hf.id,
            Stage::Scheduling,
            StageCause::Platform,
        );
        Some(())
    }),
    Edit::harmless("HF jobs are in another namespace", |tape| {
        each(tape, |what| match what {
            What::HfCreated { namespace, .. } => {
                *namespace = "another".to_owned();
                true
            }
            _ => false,
        })
    }),
    Edit::harmless("the dispatcher claims what it did", |tape| {
        let hf = tape.worked()?;
        let mut bodies = tape
            .events
            .iter_mut()
            .filter_map(|event| match &mut event.event {
                What::DeliveryAnswered {
                    status: 200..300,
                    body,
                    ..
                } if event.at_ms > hf.created => Some(body),
                _ => None,
            });
        let claims = format!(r#"{{"hf_job_id":"{}","flavor":"{}"}}"#, hf.id.0, hf.flavor);
        *bodies.next()? = Some(claims);
        Some(())
    }),
    Edit::harmless("a check run says that a job is being served", |tape| {
        let job = tape.done()?;
        let path = format!("/repos/{}/check-runs", job.repo);
        let check_run = tape.number();
        tape.act(
            job.announced + 1_000,
            "github.create-check-run",
            &path,
            about_repo(&job.repo),
            |call| What::CheckRunCreated {
                call,
                repo: job.repo.clone(),
                check_run,
                runs: vec![job.run],
                jobs: vec![job.id],
                status: "in_progress".to_owned(),
                conclusion: None,
            },
        );
        Some(())
    }),
    Edit::harmless("somebody else installs the App", |tape| {
        tape.add(
            MINUTE,
            What::InstallationCreated {
                installation: 77,
                owner: "newcomer".to_owned(),
            },
        );
        Some(())
    }),
    Edit::harmless("a runner opens its session twice", |tape| {
        let hf = tape.worked()?;
        let call = CallId(tape.number());
        let name = "runner.open-session".to_owned();
        let received = What::CallReceived {
            call,
            by: Caller::Runner,
            name: name.clone(),
            method: "POST".to_owned(),
            path: "/_apis/distributedtask/pools/1/sessions".to_owned(),
            credential: Some(fresh(CredentialKind::JitConfig)),
            about: Some(Box::new(CallAbout {
                runner: hf.runner,
                hf_job: Some(hf.id.clone()),
                ..CallAbout::default()
            })),
        };
        let at = hf.online?;
        let received = tape.add(at, received);
        tape.answer(at, (call, received), &name, 200);
        Some(())
    }),
    Edit::harmless("a finished HF job is left out of a listing", |tape| {
        let hf = tape.worked()?;
        let at = hf.ended? + 1_000;
        let call = tape.ask(at, "hf.list", "/api/jobs/lab", CallAbout::default());
        let lie = What::ReadingFalse {
            call: call.0,
            job: None,
            runner: None,
            hf_job: Some(hf.id),
            shown: "absent".to_owned(),
            truth: "COMPLETED".to_owned(),
        };
        tape.add_for(at, Some(call.1), lie);
        tape.answer(at, call, "hf.list", 200);
        Some(())
    }),
    Edit::harmless(
        "a recording starts a job an hour later, for which an HF job idles",
        recorded::starts_later,
    ),
    Edit::harmless("nobody says that the world healed", |tape| {
        tape.remove(|what| matches!(what, What::WorldHealed {}))
    }),
    Edit::harmless("deliveries have other GUIDs", |tape| {
        each(tape, |what| match what {
            What::DeliveryCreated { guid, .. } => {
                guid.push_str("-0");
                true
            }
            _ => false,
        })
    }),
];
