//! Whose token it is, what it may do, and what clients ask beside their work.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{
    admission::no_permission,
    route::{Access, Ask, Route},
};
use crate::{
    calls::Reply,
    hf::{
        handle::HfJobs,
        job::invalid::{Invalid, Issue},
        objects::refusal::{Answer, Refusal},
    },
    json_text::milliseconds,
    settings::{HfPermission, HfPlan, HfScope, HfToken},
};

pub(in crate::hf) const ROUTES: &[Route] = &[
    Route::get("/api/whoami-v2", "hf.whoami", Access::User(HfJobs::whoami)),
    Route::get(
        "/api/agent-harnesses",
        "hf.agent-harnesses",
        Access::Public(agent_harnesses),
    ),
    Route::post(
        "/api/jobs/{namespace}/auth-check/{permission}",
        "hf.auth-check",
        Access::User(HfJobs::auth_check),
    ),
    Route::post(
        "/api/jobs/{namespace}/{jobId}/auth-check/{permission}",
        "hf.auth-check-job",
        Access::User(HfJobs::auth_check_job),
    ),
];

/// The list of AI agents that clients know themselves by: none, so that no client takes itself for one
/// (`huggingface_hub`, `utils/_detect_agent.py`).
fn agent_harnesses(_: &HfJobs, _: &Ask<'_>) -> Answer {
    Ok(Reply::json(
        200,
        &json!({"standardEnvVars": [], "harnesses": {}}),
    ))
}

impl HfJobs {
    fn whoami(&self, ask: &Ask<'_>) -> Answer {
        let Some(token) = ask.caller.token.as_deref() else {
            return Ok(Reply::json(200, &Value::Null));
        };
        let name = token.user.as_str();
        let mut body = self.payer(name, token.plan);
        let organisations = token.organisations.iter().map(|(name, role)| {
            let mut organisation = self.payer(name, token.plan);
            organisation["type"] = json!("org");
            organisation["roleInOrg"] = json!(role.name());
            organisation
        });
        let organisations: Vec<Value> = organisations.collect();
        body["type"] = json!("user");
        body["email"] = json!(format!("{name}@users.example"));
        body["emailVerified"] = json!(true);
        body["isPro"] = json!(token.plan == HfPlan::Pro);
        body["orgs"] = json!(organisations);
        body["auth"] = json!({"type": "access_token", "accessToken": self.token_object(token)});
        Ok(Reply::json(200, &body))
    }

    /// What users and organisations have in common.
    fn payer(&self, name: &str, plan: HfPlan) -> Value {
        let mut payer = json!({
            "id": self.account_id(name), "name": name, "fullname": name, "canPay": true,
            "billingMode": "prepaid", "avatarUrl": self.avatar_url(name),
        });
        if plan != HfPlan::Free {
            payer["periodEnd"] = json!(self.period_end());
        }
        payer
    }

    /// The end of the current month, when plans are paid anew, in seconds.
    fn period_end(&self) -> Option<i64> {
        let today = TimeZone::UTC.to_datetime(self.env().clock.now()).date();
        let next = today.last_of_month().tomorrow().ok()?;
        let midnight = TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok()?;
        Some(midnight.as_second())
    }

    fn token_object(&self, token: &HfToken) -> Value {
        let role = match token.scope {
            HfScope::Write => "write",
            HfScope::Read => "read",
            HfScope::FineGrained(_) => "fineGrained",
        };
        let created_at = milliseconds(self.env().clock.at_ms(0));
        let mut object = json!({"displayName": "lab", "role": role, "createdAt": created_at});
        if let HfScope::FineGrained(namespaces) = &token.scope {
            let scoped = namespaces.iter().map(|(name, permissions)| {
                let kind = if *name == token.user { "user" } else { "org" };
                let names: Vec<_> = permissions.iter().map(|one| one.name()).collect();
                json!({"entity": {"_id": self.account_id(name), "type": kind, "name": name}, "permissions": names})
            });
            let scoped: Vec<Value> = scoped.collect();
            object["fineGrained"] = json!({"global": [], "scoped": scoped});
        }
        object
    }

    /// Whether the token may do this in a namespace.
    fn auth_check(&self, ask: &Ask<'_>) -> Answer {
        let permission = match ask.params().text("permission") {
            "read" => HfPermission::JobRead,
            "write" => HfPermission::JobWrite,
            _ => {
                let issue = Issue::NoOption("one of read|write".to_owned());
                return Err(Invalid::at("permission", issue).into());
            }
        };
        let namespace = ask.namespace();
        let token = ask.caller.token.as_deref();
        if !token.is_some_and(|token| token.may(permission, namespace)) {
            return Err(no_permission(permission, namespace));
        }
        let body = json!({"namespace": self.person(namespace), "user": self.person(ask.user())});
        Ok(Reply::json(200, &body))
    }

    /// The same for a job, which must be there.
    fn auth_check_job(&self, ask: &Ask<'_>) -> Answer {
        let reply = self.auth_check(ask)?;
        let state = self.state();
        let found = state.in_namespace(ask.namespace(), &ask.job_id());
        found.map(|_| reply).ok_or(Refusal::NoSuchJob)
    }
}
