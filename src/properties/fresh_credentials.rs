//! fresh-credentials (I8): no request carries a credential outside its life when it arrives: a JWT issued in
//! GitHub's future or reaching more than 600 s ahead, an expired token, a registration token or JIT
//! configuration that died while the HF job was still booting.

use fakes::history::{CredentialKind, CredentialState, CredentialUse, What};

use super::{Judgement, Terms, ledger::Ledger};

pub(super) fn judge(ledger: &Ledger<'_>, _: &Terms) -> Judgement {
    let mut judgement = Judgement::new("no credential was used");
    for event in ledger.events {
        let (credential, by) = match &event.event {
            What::CallReceived {
                credential: Some(credential),
                name,
                ..
            } => (credential, name.as_str()),
            What::RunnerRefused { credential, .. } => (credential, "the runner"),
            What::RunnerOnline { credential, .. } => (credential, "the runner"),
            _ => continue,
        };
        judgement.occasion();
        if let Some(fault) = out_of_life(*credential) {
            judgement.breach(
                event.id,
                format!("{by} used {} that {fault}", article(credential.kind)),
            );
        }
    }
    judgement
}

const fn out_of_life(credential: CredentialUse) -> Option<&'static str> {
    match credential.state {
        CredentialState::Expired => Some("had expired"),
        CredentialState::NotYetValid => Some("was issued in GitHub's future"),
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
