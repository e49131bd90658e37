//! fresh-credentials (I8): no request carries a credential outside its life when it arrives: a JWT issued in
//! GitHub's future or reaching more than 600 s ahead, an expired token, a registration token or JIT
//! configuration that died while the HF job was still booting.

use fakes::history::{CredentialKind, CredentialState, CredentialUse, What};

use super::{Terms, Verdict, ledger::Ledger, verdict};

pub(super) fn judge(ledger: &Ledger<'_>, _: &Terms) -> Verdict {
    let (mut used, mut breaches) = (false, Vec::new());
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
        used = true;
        if let Some(fault) = out_of_life(*credential) {
            breaches.push((
                event.id,
                format!("{by} used {} that {fault}", article(credential.kind)),
            ));
        }
    }
    if !used {
        return Verdict::not_exercised("no credential was used");
    }
    verdict(breaches)
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
