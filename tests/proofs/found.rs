//! What the second judges found: histories on which a property once said something else than the page, each as small as it
//! shows.

mod recorded;
mod written;

use dispatchlab::properties::Verdict;
use fakes::{
    history::{CredentialKind, CredentialState, CredentialUse, Removal, What},
    ids::{JobId, RunnerId},
};

use self::written::{
    HF_TOKEN, JIT, LABEL, MINUTE, OTHER_LABEL, REPO, SECOND, Written, exited, hf, registered,
    violated_by,
};

#[test]
fn a_job_that_is_taken_back_waits_once_though_another_took_its_place_in_the_queue() {
    let mut history = Written::new();
    history.queued(0, 1, LABEL);
    history.queued(0, 2, LABEL);
    // A start takes out the first demand of the lane, which is the other's.
    history.started(60 * SECOND, 2, None);
    history.taken_back(100 * SECOND, 1, 1);
    history.started(130 * SECOND, 1, None);
    let verdict = history.judged("", 180 * MINUTE, "served-or-told");
    assert_eq!(verdict, Verdict::Held { occasions: 3 });
}

#[test]
fn jobs_that_one_event_opens_are_short_of_an_hf_job_each() {
    let mut history = Written::new();
    for job in 1..=3 {
        history.queued(0, job, LABEL);
    }
    let owner = || "octo".to_owned();
    let gone = What::InstallationSuspended {
        installation: 1,
        owner: owner(),
    };
    history.at(MINUTE, gone);
    let back = What::InstallationUnsuspended {
        installation: 1,
        owner: owner(),
    };
    let back = history.at(2 * MINUTE, back);
    history.created(3 * MINUTE, 1, LABEL);
    let verdict = history.judged("", 180 * MINUTE, "supply-covers-demand");
    assert_eq!(violated_by(&verdict), Some(back), "{verdict:?}");
}

#[test]
fn a_slot_is_free_again_once_an_hf_job_ends_that_served_nobody_any_more() {
    for property in ["supply-covers-demand", "served-or-told"] {
        let mut history = Written::new();
        history.queued(0, 1, LABEL);
        history.created(SECOND, 1, LABEL);
        history.refused(MINUTE, 1);
        history.ended(20 * MINUTE, 1);
        let caps = "world: { dispatcher: { caps: { total: 1 } } }\n";
        let verdict = history.judged(caps, 180 * MINUTE, property);
        assert!(verdict.is_violated(), "{verdict:?}");
    }
}

#[test]
fn an_hf_job_that_nobody_needs_is_a_leak_though_a_younger_one_comes_and_goes() {
    let mut history = Written::new();
    let useless = history.created(0, 1, LABEL);
    history.created(MINUTE, 2, LABEL);
    history.ended(2 * MINUTE, 2);
    let verdict = history.judged("", 180 * MINUTE, "no-leak");
    assert_eq!(violated_by(&verdict), Some(useless), "{verdict:?}");
}

#[test]
fn a_registration_that_lay_unused_for_too_long_is_a_leak_though_it_is_used_at_last() {
    let mut history = Written::new();
    history.queued(0, 1, LABEL);
    let mint = history.called(0, 1, "github.jit-config", JIT);
    history.because(0, Some(mint), registered(1));
    let minted = history.answered(0, 1, "github.jit-config", 201);
    history.called(60 * MINUTE, 2, "hf.create", JIT);
    history.created(60 * MINUTE, 1, LABEL);
    history.started(61 * MINUTE, 1, Some(1));
    let completed = What::JobCompleted {
        job: JobId(1),
        conclusion: fakes::history::Conclusion::Success,
        runner: Some(RunnerId(1)),
    };
    history.at(62 * MINUTE, completed);
    let removed = What::RunnerRemoved {
        runner: RunnerId(1),
        why: Removal::Ephemeral,
    };
    history.at(62 * MINUTE, removed);
    history.ended(62 * MINUTE, 1);
    let verdict = history.judged("", 180 * MINUTE, "no-leak");
    assert_eq!(violated_by(&verdict), Some(minted), "{verdict:?}");
}

#[test]
fn a_registration_counts_from_the_end_of_an_hf_job_that_ended_while_its_runner_came_online() {
    let mut history = Written::new();
    history.queued(0, 1, LABEL);
    let mint = history.called(0, 1, "github.jit-config", JIT);
    // HF was given another name for it.
    let record = What::RunnerCreated {
        runner: RunnerId(1),
        name: "another".to_owned(),
        repo: REPO.to_owned(),
        labels: vec![LABEL.to_owned()],
    };
    history.because(0, Some(mint), record);
    history.answered(0, 1, "github.jit-config", 201);
    history.created(SECOND, 1, LABEL);
    let ended = history.ended(MINUTE, 1);
    let online = What::RunnerOnline {
        runner: RunnerId(1),
        hf_job: Some(hf(1)),
        credential: JIT,
    };
    history.at(MINUTE + SECOND, online);
    history.at(MINUTE + 2 * SECOND, exited(1));
    let verdict = history.judged("", 180 * MINUTE, "no-leak");
    assert_eq!(violated_by(&verdict), Some(ended), "{verdict:?}");
}

#[test]
fn a_strike_says_what_it_struck_though_the_call_is_not_shown() {
    for (place, is_excused) in [("hf.create", true), ("hf.logs", false)] {
        let mut history = Written::new();
        let queued = history.queued(0, 1, LABEL);
        history.struck_at(MINUTE, 9, place);
        let endless = "faults: [{ to: hf.*, answer: { status: 500 } }]\n";
        history.started(40 * MINUTE, 1, None);
        let verdict = history.judged(endless, 180 * MINUTE, "served-or-told");
        let expected = (!is_excused).then_some(queued);
        assert_eq!(violated_by(&verdict), expected, "{verdict:?}");
    }
}

#[test]
fn the_time_of_hf_says_nothing_of_githubs_clock() {
    let jwt = CredentialUse {
        kind: CredentialKind::AppJwt,
        state: CredentialState::TooLong,
    };
    let mut history = Written::new();
    history.called(SECOND, 1, "hf.list", JIT);
    history.answered(SECOND, 1, "hf.list", 200);
    history.called(MINUTE, 2, "github.installations", jwt);
    history.answered(MINUTE, 2, "github.installations", 401);
    let behind = "world: { github: { clock_skew: -5m } }\n";
    let verdict = history.judged(behind, 180 * MINUTE, "fresh-credentials");
    assert_eq!(verdict, Verdict::Held { occasions: 1 });
}

#[test]
fn a_slot_passes_nobody_over_who_had_an_hf_job_booting_until_just_now() {
    let mut history = Written::new();
    history.queued(0, 1, LABEL);
    history.created(SECOND, 1, LABEL);
    history.ended(40 * MINUTE, 1);
    history.queued(41 * MINUTE, 2, OTHER_LABEL);
    history.created(41 * MINUTE, 2, OTHER_LABEL);
    let caps = "world: { dispatcher: { caps: { total: 1 } } }\n";
    let verdict = history.judged(caps, 42 * MINUTE, "caps-and-slots");
    assert_eq!(verdict, Verdict::Held { occasions: 1 });
}

#[test]
fn a_job_that_is_taken_back_has_lost_its_supply() {
    let mut history = Written::new();
    history.queued(0, 1, LABEL);
    history.created(SECOND, 1, LABEL);
    history.online(MINUTE, 1);
    history.taken_back(2 * MINUTE, 1, 1);
    history.created(3 * MINUTE, 2, LABEL);
    history.online(4 * MINUTE, 2);
    history.started(4 * MINUTE, 1, Some(2));
    let verdict = history.judged("", 180 * MINUTE, "supply-covers-demand");
    assert_eq!(verdict, Verdict::Held { occasions: 1 });
}

#[test]
fn an_hf_job_whose_runner_is_refused_once_and_then_comes_online_is_no_lost_supply() {
    let mut history = Written::new();
    history.queued(0, 1, LABEL);
    history.created(SECOND, 1, LABEL);
    history.refused(MINUTE, 1);
    history.online(2 * MINUTE, 1);
    history.started(2 * MINUTE, 1, Some(1));
    let verdict = history.judged("", 180 * MINUTE, "supply-covers-demand");
    assert!(
        matches!(verdict, Verdict::NotExercised { .. }),
        "{verdict:?}"
    );
}

#[test]
fn an_outage_within_the_time_that_an_unlucky_fault_allows_moves_the_beginning() {
    let mut history = Written::new();
    history.queued(0, 1, LABEL);
    history.called(SECOND, 1, "hf.create", HF_TOKEN);
    history.struck(SECOND, 1);
    history.answered(SECOND, 1, "hf.create", 500);
    history.at(15 * MINUTE, What::DispatcherStopped {});
    history.at(16 * MINUTE, What::DispatcherStarted {});
    history.started(30 * MINUTE, 1, None);
    let faults = "expect: { served_within: 10m }
faults: [{ to: hf.create, chance: 50%, answer: { status: 500 } }]
";
    let verdict = history.judged(faults, 40 * MINUTE, "served-or-told");
    assert_eq!(verdict, Verdict::Held { occasions: 1 });
}

#[test]
fn an_hf_job_given_up_too_early_is_no_cause_to_tell_once_its_runner_is_refused_for_it() {
    for (given_up, is_cause) in [(MINUTE, false), (6 * MINUTE, true)] {
        let mut history = Written::new();
        history.queued(0, 1, LABEL);
        for call in [1, 2] {
            history.called(call * SECOND, call, "hf.create", HF_TOKEN);
            history.answered(call * SECOND, call, "hf.create", 500);
        }
        history.created(3 * SECOND, 1, LABEL);
        history.at(4 * SECOND, registered(1));
        history.deleted(given_up, 1);
        history.refused(11 * MINUTE, 1);
        history.called(12 * MINUTE, 3, "hf.create", HF_TOKEN);
        history.answered(
            12 * MINUTE,
            3,
            "hf.create",
            if is_cause { 500 } else { 200 },
        );
        let told = history.cancelled(13 * MINUTE, 1);
        let verdict = history.judged("", 14 * MINUTE, "served-or-told");
        let expected = (!is_cause).then_some(told);
        assert_eq!(violated_by(&verdict), expected, "{verdict:?}");
    }
}

#[test]
fn who_is_gone_for_good_before_a_bound_is_over_is_not_charged_with_what_is_left() {
    for (gone, is_charged) in [(20 * MINUTE, false), (20 * MINUTE + 1, true)] {
        let mut idles = Written::new();
        let useless = idles.created(0, 1, LABEL);
        let mut lies = Written::new();
        let mint = lies.called(0, 1, "github.jit-config", JIT);
        lies.because(0, Some(mint), registered(1));
        let minted = lies.answered(0, 1, "github.jit-config", 201);
        for (mut history, first) in [(idles, useless), (lies, minted)] {
            history.at(gone, What::DispatcherStopped {});
            let verdict = history.judged("", 180 * MINUTE, "no-leak");
            assert_eq!(violated_by(&verdict), is_charged.then_some(first));
            assert!(is_charged || verdict.is_undecided(), "{verdict:?}");
        }
    }
}

/// No job asks for its labels, so it is in no lane; an outage concerns everything.
#[test]
fn an_outage_moves_the_bound_of_a_registration_that_is_in_no_lane() {
    for (back, is_charged) in [(15, false), (25, true)] {
        let mut history = Written::new();
        history.queued(0, 1, OTHER_LABEL);
        let mint = history.called(0, 1, "github.jit-config", JIT);
        history.because(0, Some(mint), registered(1));
        let minted = history.answered(0, 1, "github.jit-config", 201);
        let stops = if is_charged { 21 } else { 5 };
        history.at(stops * MINUTE, What::DispatcherStopped {});
        history.at(back * MINUTE, What::DispatcherStarted {});
        history.deleted(30 * MINUTE, 1);
        let verdict = history.judged("", 180 * MINUTE, "no-leak");
        assert_eq!(
            violated_by(&verdict),
            is_charged.then_some(minted),
            "{verdict:?}"
        );
    }
}

#[test]
fn what_comes_late_after_all_is_no_breach_of_who_is_gone_for_good() {
    for property in ["served-or-told", "supply-covers-demand", "no-leak"] {
        let mut history = Written::new();
        history.queued(0, 1, LABEL);
        history.queued(0, 2, LABEL);
        for hf_job in 1..=4 {
            history.created(SECOND, hf_job, LABEL);
        }
        history.ended(2 * SECOND, 1);
        history.ended(2 * SECOND, 2);
        history.ended(2 * SECOND, 3);
        history.at(5 * MINUTE, What::DispatcherStopped {});
        for (job, hf_job) in [(1, 4), (2, 5)] {
            if hf_job == 5 {
                history.created(50 * MINUTE, hf_job, LABEL);
            }
            history.online(51 * MINUTE, hf_job);
            history.started(51 * MINUTE, job, Some(hf_job));
        }
        let verdict = history.judged("", 180 * MINUTE, property);
        assert!(matches!(verdict, Verdict::Held { .. }), "{verdict:?}");
    }
}
