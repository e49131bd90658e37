//! fresh-credentials (I8): no request carries a credential outside its life when it arrives: a JWT issued in GitHub's future or
//! reaching more than 600 s ahead, an expired token, a registration token or JIT configuration that died while its HF job booted.

use fakes::{
    history::{Caller, CredentialKind, CredentialState, CredentialUse, Event, What},
    ids::HfJobId,
};

use super::{
    Context, Judgement,
    ledger::{HfLife, Moment, moment},
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut watch = Watch {
        context,
        judgement: Judgement::new(
            "no credential came near its end: none was used after the life of its kind, none had to outlive a boot, and no clock was wrong",
        ),
        told_time: None,
        first_token: None,
        first_jit_death: None,
    };
    for event in context.ledger.events {
        watch.enter(event);
    }
    for (hf_job, life) in context.ledger.hf_jobs.iter() {
        watch.boot(hf_job, life);
    }
    watch.judgement
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    judgement: Judgement,
    /// When an answer of GitHub first told the dispatcher GitHub's time, since it last started.
    told_time: Option<Moment>,
    /// When the first installation token was minted.
    first_token: Option<Moment>,
    /// When an HF job ended whose runner had been refused because its JIT configuration was dead, the first time.
    first_jit_death: Option<Moment>,
}

impl Watch<'_, '_, '_> {
    fn enter(&mut self, event: &Event) {
        let now = moment(event);
        match &event.event {
            What::DispatcherStarted {} => self.told_time = None,
            What::CallAnswered {
                call, name, status, ..
            } => {
                let call = self.context.ledger.calls.get(call);
                if call.is_some_and(|call| call.by == Caller::Dispatcher) {
                    if name.starts_with("github.") {
                        self.told_time.get_or_insert(now);
                    }
                    if name == "github.create-token" && (200..300).contains(status) {
                        self.first_token.get_or_insert(now);
                    }
                }
            }
            What::CallReceived {
                credential: Some(credential),
                by: Caller::Dispatcher,
                name,
                ..
            } => self.called(*credential, name, now),
            What::RunnerRefused {
                hf_job, credential, ..
            } => self.tried(hf_job, *credential, now),
            What::RunnerOnline {
                hf_job: Some(hf_job),
                credential,
                ..
            } => self.tried(hf_job, *credential, now),
            _ => {}
        }
    }

    fn called(&mut self, credential: CredentialUse, name: &str, now: Moment) {
        let terms = self.context.terms;
        let skewed = terms.dispatcher_clock_skew_ms != terms.github_clock_skew_ms;
        let fault = out_of_life(credential);
        let old_ms = terms.lives.installation_token_ms;
        let outlived = self
            .first_token
            .is_some_and(|first| now.at_ms > first.at_ms.saturating_add(old_ms));
        let comes_near = match credential.kind {
            CredentialKind::AppJwt => skewed,
            CredentialKind::InstallationToken => outlived,
            CredentialKind::RegistrationToken
            | CredentialKind::JitConfig
            | CredentialKind::HfToken => false,
        };
        if comes_near || fault.is_some() {
            self.judgement.occasion();
        }
        let Some(fault) = fault else { return };
        // A clock that is wrong is nobody's fault until an answer has told GitHub's time.
        let knew = self
            .told_time
            .is_some_and(|told| now.at_ms > told.at_ms.saturating_add(self.context.hearing_ms()));
        if knew || !skewed {
            let why = format!("{name} used {} that {fault}", article(credential.kind));
            self.judgement.breach(now.event, why);
        }
    }

    /// Judges what a runner came with.
    fn tried(&mut self, hf_job: &HfJobId, credential: CredentialUse, now: Moment) {
        let Some(fault) = out_of_life(credential) else {
            return;
        };
        self.judgement.occasion();
        let life = self.context.ledger.hf_jobs.get(hf_job);
        if credential.kind == CredentialKind::JitConfig {
            let created = life.map(|life| life.created);
            let knew = self
                .first_jit_death
                .zip(created)
                .is_some_and(|(death, created)| {
                    created.at_ms > death.at_ms.saturating_add(self.context.hearing_ms())
                });
            if !knew {
                let ended = life.and_then(|life| life.ended).map(|(at, _)| at);
                let earlier = |first: Moment| ended.is_none_or(|ended| first.event < ended.event);
                if let Some(ended) = ended
                    && !self.first_jit_death.is_some_and(earlier)
                {
                    self.first_jit_death = Some(ended);
                }
                return;
            }
        }
        let why = format!("a runner used {} that {fault}", article(credential.kind));
        self.judgement.breach(now.event, why);
    }

    /// An HF job whose boot took longer than its credential lives, or would have if the dispatcher had let it, put the
    /// dispatcher to the test.
    fn boot(&mut self, hf_job: &HfJobId, life: &HfLife<'_>) {
        let lives = &self.context.terms.lives;
        let shortest_ms = lives.jit_config_ms.min(lives.registration_token_ms);
        let over = life
            .online
            .map(|(at, _)| at)
            .or(life.ended.map(|(at, _)| at));
        let over = over.unwrap_or(self.context.ledger.end);
        let took_long = over.at_ms > life.created.at_ms.saturating_add(shortest_ms);
        let held = life
            .online
            .is_none()
            .then(|| self.context.ledger.held_for_ms(hf_job, self.context.terms));
        if took_long || held.flatten().is_some_and(|held_ms| held_ms > shortest_ms) {
            self.judgement.occasion();
        }
    }
}

const fn out_of_life(credential: CredentialUse) -> Option<&'static str> {
    match credential.state {
        CredentialState::Expired => Some("had expired"),
        CredentialState::NotYetValid => match credential.kind {
            CredentialKind::AppJwt => Some("was issued in GitHub's future"),
            // GitHub's servers learn of a token when they do.
            CredentialKind::InstallationToken
            | CredentialKind::RegistrationToken
            | CredentialKind::JitConfig
            | CredentialKind::HfToken => None,
        },
        CredentialState::TooLong => Some("ends more than 600 s ahead"),
        CredentialState::Fresh | CredentialState::Revoked | CredentialState::Unknown => None,
    }
}

const fn article(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::AppJwt => "a JWT",
        CredentialKind::InstallationToken => "an installation token",
        CredentialKind::RegistrationToken => "a registration token",
        CredentialKind::JitConfig => "a JIT configuration",
        CredentialKind::HfToken => "an HF token",
    }
}
