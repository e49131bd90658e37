//! The tokens of a world, and which of its namespaces are users.

use std::sync::Arc;

use crate::settings::{HfRole, HfSettings, HfToken};

/// Every token that HF knows.
pub(in crate::hf) struct Accounts {
    tokens: Vec<Arc<HfToken>>,
}

impl Accounts {
    pub(in crate::hf) fn new(settings: &HfSettings) -> Self {
        let mut namespaces = settings.namespaces.iter();
        let user = namespaces.next().map_or("", String::as_str);
        let first = HfToken {
            organisations: namespaces
                .map(|name| (name.clone(), HfRole::Write))
                .collect(),
            plan: settings.limits.plan,
            ..HfToken::write(&settings.token, user)
        };
        let tokens = std::iter::once(&first).chain(&settings.tokens);
        Self {
            tokens: tokens.cloned().map(Arc::new).collect(),
        }
    }

    pub(in crate::hf) fn find(&self, text: &str) -> Option<&Arc<HfToken>> {
        self.tokens.iter().find(|token| token.token == text)
    }

    /// Whether a namespace is a user's; every other one is an organisation's.
    pub(in crate::hf) fn is_user(&self, name: &str) -> bool {
        self.tokens.iter().any(|token| token.user == name)
    }
}
