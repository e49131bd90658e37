//! Saboteurs that create too many HF jobs, or call them by wrong names.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use dispatchlab::{
    properties::Verdict,
    run::{End, Outcome, Tested},
    target::Seams,
};
use http::Method;
use scenarios::plan::Plan;

use super::{Count, Sent, Trial, bend, told};
use crate::plans::run;

fn hf(hf: Option<dispatchlab::target::Seam>) -> Seams {
    Seams {
        hf,
        ..Seams::default()
    }
}

/// Retries every create, whatever came of the first.
#[test]
fn at_most_one_catches_a_dispatcher_that_creates_twice() {
    let twice = bend(|sent| async move {
        if sent.is_create() {
            sent.on().await?;
        }
        sent.on().await
    });
    Trial::built_in("at-most-one", "happy-path").catches(hf(twice), "explain only ");
}

/// Takes HF jobs that ended while its access was gone for leave to create twice as many.
#[test]
fn at_most_one_catches_a_dispatcher_that_creates_twice_what_a_suspension_cost() {
    let suspended = "timeline:
  - at: 0s
    queue: { as: J, jobs: 2, labels: hf-jobs-cpu-basic, runs_for: 1m }
  - at: 20s
    suspend: { repo: octo/app }
  - at: 1h
    unsuspend: { repo: octo/app }
faults:
  - { to: hf.schedule, times: 2, fail: { after: 40s, stage: error } }
";
    let creates = Count::default();
    let twice = bend(move |sent| {
        let again = sent.is_create() && creates.add() >= 2;
        async move {
            if again {
                sent.on().await?;
            }
            sent.on().await
        }
    });
    Trial::of("at-most-one", suspended).catches(hf(twice), "explain only ");
}

/// Has no patience with a boot: throws each HF job away after ten seconds and takes another.
#[test]
fn at_most_one_catches_a_dispatcher_that_burns_28_hf_jobs_for_a_job_that_could_be_served() {
    let burns = bend(|sent: Sent| async move {
        if !sent.is_create() {
            return sent.on().await;
        }
        for _ in 0..27 {
            let (_, created) = told(sent.on().await).await;
            let id = created["id"].as_str().unwrap();
            let cancel = format!("{}/{id}/cancel", sent.path());
            sent.ask(Method::POST, &cancel, "").await?;
        }
        sent.on().await
    });
    let one = "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
";
    let run = Trial::of("at-most-one", one).catches(hf(burns), "explain only ");
    assert_eq!(run.outcome.hf_jobs, 28);
}

/// Runs a dispatcher that was never told of its caps.
fn without_caps(plan: &Plan) -> dispatchlab::run::Run {
    let mut unlimited = plan.clone();
    unlimited.world.dispatcher.caps = Default::default();
    let mut run = run(&unlimited, Seams::default());
    let end = End {
        settled: run.outcome.settled,
        steps_not_taken: run.outcome.steps_not_taken.clone(),
        quiet: Duration::from_millis(run.outcome.quiet_ms),
        settle: Duration::from_millis(run.outcome.settle_ms),
        spending: run.outcome.budget.clone(),
    };
    run.outcome = Outcome::judge(plan, &run.events, &end, Tested::Reference, None);
    run
}

#[test]
fn caps_and_slots_catches_a_dispatcher_with_ten_hf_jobs_under_a_cap_of_three() {
    let trial = Trial::of(
        "caps-and-slots",
        "world:
  dispatcher: { caps: { total: 3 } }
timeline:
  - at: 0s
    queue: { jobs: 10, as: J, labels: hf-jobs-cpu-basic, runs_for: 2m }
",
    );
    trial.holds_without();
    let run = trial.caught(
        without_caps(&trial.plan),
        "HF job number 4 in all was created under a cap of 3",
    );
    assert_eq!(run.outcome.hf_jobs, 10);
}

#[test]
fn caps_and_slots_catches_a_dispatcher_that_overlooks_the_cap_of_a_repository() {
    let trial = Trial::of(
        "caps-and-slots",
        "world:
  dispatcher: { caps: { per_repo: 2 } }
timeline:
  - at: 0s
    queue: { jobs: 4, as: J, labels: hf-jobs-cpu-basic, runs_for: 2m }
",
    );
    trial.holds_without();
    trial.caught(
        without_caps(&trial.plan),
        "HF job number 3 of its repository was created under a cap of 2",
    );
}

/// It knows caps of repositories, and puts two HF jobs of one flavor beside each other: so does the reference, which no
/// scenario can give a flavor's cap. Its history is judged as if it had been.
#[test]
fn caps_and_slots_catches_a_dispatcher_that_overlooks_the_cap_of_a_flavor() {
    let trial = |of_flavor: &str| {
        let text = format!(
            "world:
  github: {{ repos: [{{ name: octo/app }}, {{ name: octo/other }}] }}
  dispatcher: {{ caps: {{ per_repo: 1{of_flavor} }} }}
timeline:
  - at: 0s
    queue: {{ jobs: 2, as: J, labels: hf-jobs-h200, runs_for: 2m }}
  - at: 5s
    queue: {{ jobs: 2, as: K, repo: octo/other, labels: hf-jobs-h200, runs_for: 2m }}
  - at: 10s
    queue: {{ as: L, repo: octo/other, labels: hf-jobs-cpu-basic, runs_for: 2m }}
"
        );
        Trial::of("caps-and-slots", &text)
    };
    let run = run(&trial("").plan, Seams::default());
    let judged = |of_flavor: &str| {
        let end = End {
            settled: run.outcome.settled,
            steps_not_taken: Vec::new(),
            spending: run.outcome.budget.clone(),
            quiet: Duration::ZERO,
            settle: Duration::ZERO,
        };
        let plan = trial(of_flavor).plan;
        let outcome = Outcome::judge(&plan, &run.events, &end, Tested::Other, None);
        outcome.verdicts.0["caps-and-slots"].clone()
    };
    let two = judged(", per_flavor: 2");
    assert!(two.occasions() > 0 && !two.is_violated(), "{two:?}");
    let Verdict::Violated(found) = judged(", per_flavor: 1") else {
        panic!("{:?}", judged(", per_flavor: 1"));
    };
    let said = "HF job number 2 of its flavor was created under a cap of 1";
    assert_eq!(found.why, said);
}

/// Makes a name of everything it knows.
#[test]
fn names_catches_a_dispatcher_whose_names_are_too_long() {
    let github = bend(|sent| async move {
        if !sent.is_jit_config() {
            return sent.on().await;
        }
        let mut asked = sent.json();
        let name = format!("{}-{}", asked["name"].as_str().unwrap(), "x".repeat(64));
        asked["name"] = name.into();
        sent.with(asked.to_string()).await
    });
    Trial::built_in("names", "happy-path").catches(
        Seams {
            github,
            ..Seams::default()
        },
        "a runner name of",
    );
}

/// Has one runner configuration, and gives it to every HF job.
#[test]
fn names_catches_a_dispatcher_that_uses_a_configuration_twice() {
    let first = Arc::new(OnceLock::new());
    let same = bend(move |sent| {
        let first = first.clone();
        async move {
            if !sent.is_create() {
                return sent.on().await;
            }
            let mut asked = sent.json();
            let own = &mut asked["secrets"]["ACTIONS_RUNNER_INPUT_JITCONFIG"];
            *own = first.get_or_init(|| own.clone()).clone();
            sent.with(asked.to_string()).await
        }
    });
    Trial::built_in("names", "happy-path").catches(hf(same), "which is still there");
}
