//! No credential is used outside its life.

use fakes::history::{
    Caller, CredentialKind as Kind, CredentialState as State, CredentialUse, What,
};

use scenarios::plan::Effect;

use super::Found;
use crate::scene::{HfJob, Outcome, Scene};

pub(super) fn judge(scene: &Scene<'_>) -> Found {
    let mut found = Found::default();
    for (position, event) in scene.events.iter().enumerate() {
        match &event.event {
            What::CallReceived {
                by,
                credential: Some(credential),
                ..
            } if is_outside_its_life(*by, *credential) => {
                found.occasions += 1;
                let is_charged = match by {
                    Caller::Dispatcher => could_know_the_time(scene, position),
                    Caller::Runner => true,
                };
                if is_charged && credential.kind != Kind::JitConfig {
                    found.breach(event.id);
                }
            }
            What::RunnerRefused {
                hf_job, credential, ..
            }
            | What::RunnerOnline {
                hf_job: Some(hf_job),
                credential,
                ..
            } if is_outside_its_life(Caller::Runner, *credential) => {
                found.occasions += 1;
                let hf_job = scene.hf_job(hf_job);
                let is_charged = credential.kind != Kind::JitConfig
                    || hf_job.is_some_and(|hf_job| could_know_its_life(scene, hf_job));
                if is_charged {
                    found.breach(event.id);
                }
            }
            _ => {}
        }
    }
    temptations(scene, &mut found);
    found
}

/// A JWT issued in GitHub's future or reaching more than 600 s ahead, or an expired token; of a runner, an expired
/// registration token or JIT configuration.
fn is_outside_its_life(by: Caller, credential: CredentialUse) -> bool {
    let CredentialUse { kind, state } = credential;
    match by {
        Caller::Dispatcher => {
            state == State::Expired
                || (kind == Kind::AppJwt && matches!(state, State::NotYetValid | State::TooLong))
        }
        Caller::Runner => {
            state == State::Expired && matches!(kind, Kind::RegistrationToken | Kind::JitConfig)
        }
    }
}

/// The dispatcher's clock differs from GitHub's.
fn is_skewed(scene: &Scene<'_>) -> bool {
    scene.terms.dispatcher_clock_skew_ms != scene.terms.github_clock_skew_ms
}

/// A wrong clock is charged only for calls received more than `L` after an answer of GitHub first told it the time, anew
/// after each start.
fn could_know_the_time(scene: &Scene<'_>, position: usize) -> bool {
    if !is_skewed(scene) {
        return true;
    }
    let started = scene.events[..position]
        .iter()
        .rposition(|event| matches!(event.event, What::DispatcherStarted {}));
    let of_github = scene
        .dispatcher_calls()
        .filter(|call| call.name.starts_with("github."));
    let answered = of_github.filter_map(|call| {
        let outcome = call.outcome.filter(|outcome| outcome.status.is_some())?;
        (started.is_none_or(|started| started < outcome.position)).then_some(outcome.position)
    });
    answered
        .min()
        .is_some_and(|told| scene.at(position) > scene.at(told) + scene.latency_twice())
}

/// Nothing says how long a JIT configuration lives: one that expired is charged only for an HF job created more than `L`
/// after the end of the first whose runner was refused for that.
fn could_know_its_life(scene: &Scene<'_>, hf_job: &HfJob) -> bool {
    let first = scene.events.iter().find_map(|event| match &event.event {
        What::RunnerRefused {
            hf_job, credential, ..
        } if credential.kind == Kind::JitConfig && credential.state == State::Expired => {
            scene.hf_job(hf_job)
        }
        _ => None,
    });
    let ended = first.and_then(|first| first.ended);
    ended.is_some_and(|(ended, _)| {
        scene.at(hf_job.created) > scene.at(ended) + scene.latency_twice()
    })
}

fn temptations(scene: &Scene<'_>, found: &mut Found) {
    let mints = scene.dispatcher_calls().filter(|call| {
        let outcome = call.outcome.filter(Outcome::is_2xx);
        call.name == "github.create-token" && outcome.is_some()
    });
    let first = mints.map(|call| scene.at(call.received)).next();
    for call in scene.dispatcher_calls() {
        let Some(credential) = call.credential else {
            continue;
        };
        let received = scene.at(call.received);
        let life = scene.terms.lives.installation_token_ms;
        let is_late = credential.kind == Kind::InstallationToken
            && first.is_some_and(|first| received > first + life);
        let is_of_wrong_clock = credential.kind == Kind::AppJwt && is_skewed(scene);
        found.occasion_if(is_late || is_of_wrong_clock);
    }
    for hf_job in &scene.hf_jobs {
        found.occasion_if(boots_too_long(scene, hf_job));
    }
}

/// Whether it booted for longer than a runner's credential lives, or was kept from its runner for longer.
fn boots_too_long(scene: &Scene<'_>, hf_job: &HfJob) -> bool {
    let lives = &scene.terms.lives;
    let life = lives.jit_config_ms.min(lives.registration_token_ms);
    let online = scene.events.iter().position(|event| match &event.event {
        What::RunnerOnline { hf_job: whose, .. } => whose.as_ref() == Some(&hf_job.id),
        _ => false,
    });
    let ended = hf_job.ended.map(|(ended, _)| ended);
    let over = online.or(ended).map_or(scene.end(), |over| scene.at(over));
    let took_long = over > scene.at(hf_job.created) + life;
    took_long || (online.is_none() && kept(scene, hf_job) > life)
}

/// For how long faults would have kept an HF job from its runner, whatever became of it.
fn kept(scene: &Scene<'_>, hf_job: &HfJob) -> u64 {
    let faults = scene.events.iter().filter_map(|event| match &event.event {
        What::FaultApplied {
            fault,
            hf_job: Some(struck),
            ..
        } if *struck == hf_job.id => scene.terms.faults.get(*fault),
        _ => None,
    });
    let kept = faults.map(|fault| match &fault.effect {
        Effect::Delay(length) => length.max_ms(),
        Effect::Hold | Effect::Stuck(_) | Effect::Limbo => u64::MAX,
        _ => 0,
    });
    kept.max().unwrap_or(0)
}
