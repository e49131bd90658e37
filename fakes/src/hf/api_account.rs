//! `GET /api/whoami-v2`: whose token it is.

use super::{
    HfJobs,
    route::{Access, Ask, Route},
};
use crate::calls::Reply;

pub(super) const ROUTES: &[Route] = &[Route::get(
    "/api/whoami-v2",
    "hf.whoami",
    Access::User(HfJobs::whoami),
)];

impl HfJobs {
    pub(super) fn may_use(&self, namespace: &str) -> bool {
        self.settings()
            .namespaces
            .iter()
            .any(|own| own == namespace)
    }

    fn whoami(&self, _: &Ask<'_>) -> Reply {
        let name = self.user_name();
        let organisations: Vec<_> = self
            .settings()
            .namespaces
            .iter()
            .skip(1)
            .map(|name| {
                serde_json::json!({"type": "org", "id": self.account_id(name), "name": name, "fullname": name, "roleInOrg": "write"})
            })
            .collect();
        let body = serde_json::json!({
            "type": "user", "id": self.account_id(name), "name": name, "fullname": name, "canPay": true,
            "isPro": true, "emailVerified": true, "orgs": organisations,
            "auth": {"type": "access_token", "accessToken": {"displayName": "lab", "role": "write"}},
        });
        Reply::json(200, &body)
    }
}
