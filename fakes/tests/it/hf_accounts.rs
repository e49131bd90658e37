//! Tokens of HF: whose they are, how long they last and what they may do.

use std::{collections::BTreeMap, time::Duration};

use fakes::{
    HfPermission, HfPlan, HfRole, HfScope, HfToken,
    history::{CredentialState, What},
};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab};

const SECRET: &str = "Bearer hf_alice";

/// A world with the default token of `lab`, and one of `alice`, who is in organisations.
fn lab_with(change: impl FnOnce(&mut HfToken)) -> Lab {
    Lab::with(|settings| {
        let mut token = HfToken::write("hf_alice", "alice");
        let roles = [
            ("admins", HfRole::Admin),
            ("writers", HfRole::Write),
            ("helpers", HfRole::Contributor),
            ("readers", HfRole::Read),
        ];
        token.organisations = roles.map(|(name, role)| (name.to_owned(), role)).into();
        change(&mut token);
        settings.hf.tokens.push(token);
    })
}

fn job() -> Value {
    json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["true"]})
}

async fn create(lab: &Lab, auth: &str, namespace: &str) -> Answer {
    lab.hf_as(auth, "POST", &format!("/api/jobs/{namespace}"), job())
        .await
}

/// The statuses of reading and of writing in a namespace.
async fn may(lab: &Lab, namespace: &str) -> (u16, u16) {
    let path = format!("/api/jobs/{namespace}");
    let read = lab.hf_as(SECRET, "GET", &path, Value::Null).await;
    let write = create(lab, SECRET, namespace).await;
    for (permission, status) in [("read", read.status), ("write", write.status)] {
        let path = format!("{path}/auth-check/{permission}");
        let checked = lab.hf_as(SECRET, "POST", &path, Value::Null).await;
        assert_eq!(checked.status, status, "{path} says the same");
    }
    (read.status, write.status)
}

#[tokio::test(start_paused = true)]
async fn a_role_in_an_organisation_bounds_what_a_write_token_may_do() {
    let lab = lab_with(|_| {});
    let cases = [
        ("alice", (200, 200)),
        ("admins", (200, 200)),
        ("writers", (200, 200)),
        ("helpers", (200, 200)),
        ("readers", (200, 403)),
        ("lab", (403, 403)),
        ("nowhere", (403, 403)),
    ];
    for (namespace, wanted) in cases {
        assert_eq!(may(&lab, namespace).await, wanted, "{namespace}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_token_may_only_look() {
    let lab = lab_with(|token| token.scope = HfScope::Read);
    assert_eq!(may(&lab, "alice").await, (200, 403));
    assert_eq!(may(&lab, "admins").await, (200, 403));
}

#[tokio::test(start_paused = true)]
async fn a_fine_grained_token_may_do_what_is_listed() {
    let listed = [
        ("alice", HfPermission::JobRead),
        ("writers", HfPermission::JobWrite),
        ("readers", HfPermission::JobWrite),
        ("lab", HfPermission::JobWrite),
    ];
    let listed: BTreeMap<_, _> = listed
        .map(|(name, permission)| (name.to_owned(), [permission].into()))
        .into();
    let lab = lab_with(|token| token.scope = HfScope::FineGrained(listed));
    let cases = [
        ("alice", (200, 403)),
        ("writers", (200, 200)),
        ("readers", (200, 403)),
        ("admins", (403, 403)),
        ("lab", (403, 403)),
    ];
    for (namespace, wanted) in cases {
        assert_eq!(may(&lab, namespace).await, wanted, "{namespace}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_when_its_time_is_over() {
    let lab = lab_with(|token| token.expires_after = Some(Duration::from_secs(60)));
    lab.sleep(59.0).await;
    assert_eq!(create(&lab, SECRET, "alice").await.status, 200);
    lab.sleep(1.0).await;
    assert_eq!(create(&lab, SECRET, "alice").await.status, 401);
    let states: Vec<CredentialState> = lab
        .events()
        .into_iter()
        .filter_map(|event| match event.event {
            What::CallReceived { credential, .. } => Some(credential?.state),
            _ => None,
        })
        .collect();
    assert_eq!(states, [CredentialState::Fresh, CredentialState::Expired]);
}

#[tokio::test(start_paused = true)]
async fn a_job_belongs_to_the_namespace_and_to_who_created_it() {
    let lab = lab_with(|_| {});
    let made = create(&lab, SECRET, "writers").await.body;
    let (owner, creator) = (&made["owner"], &made["createdBy"]);
    assert_eq!(
        (&owner["name"], &owner["type"]),
        (&json!("writers"), &json!("org"))
    );
    assert_eq!(
        (&creator["name"], &made["initiator"]["name"]),
        (&json!("alice"), &json!("alice"))
    );
    let who = lab
        .hf_as(SECRET, "GET", "/api/whoami-v2", Value::Null)
        .await
        .body;
    assert_eq!(who["id"], creator["id"]);
    let of_writers = who["orgs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|org| org["name"] == "writers");
    assert_eq!(of_writers.unwrap()["id"], owner["id"]);
}

#[tokio::test(start_paused = true)]
async fn whoami_tells_everything_about_user_organisations_and_token() {
    let lab = lab_with(|token| {
        token.organisations = [("readers".to_owned(), HfRole::Read)].into();
        token.scope =
            HfScope::FineGrained([("readers".to_owned(), [HfPermission::JobRead].into())].into());
        token.plan = HfPlan::Team;
    });
    let who = lab
        .hf_as(SECRET, "GET", "/api/whoami-v2", Value::Null)
        .await
        .body;
    let (user, org) = (&who["id"], &who["orgs"][0]["id"]);
    let december = 1_796_083_200;
    assert_eq!(
        who,
        json!({
            "type": "user", "id": user, "name": "alice", "fullname": "alice", "email": "alice@users.example",
            "emailVerified": true, "canPay": true, "billingMode": "prepaid", "isPro": false,
            "avatarUrl": "https://huggingface.co/avatars/alice.svg", "periodEnd": december,
            "orgs": [{
                "type": "org", "id": org, "name": "readers", "fullname": "readers", "canPay": true,
                "billingMode": "prepaid", "avatarUrl": "https://huggingface.co/avatars/readers.svg",
                "periodEnd": december, "roleInOrg": "read",
            }],
            "auth": {"type": "access_token", "accessToken": {
                "displayName": "lab", "role": "fineGrained", "createdAt": "2026-11-03T10:00:00.000Z",
                "fineGrained": {"global": [], "scoped": [
                    {"entity": {"_id": org, "type": "org", "name": "readers"}, "permissions": ["job.read"]},
                ]},
            }},
        })
    );
    let free = lab_with(|token| token.plan = HfPlan::Free);
    let free = free
        .hf_as(SECRET, "GET", "/api/whoami-v2", Value::Null)
        .await
        .body;
    assert!(free.get("periodEnd").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_auth_check_names_the_namespace_and_the_user() {
    let lab = lab_with(|_| {});
    let id = create(&lab, SECRET, "writers").await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [
        "/api/jobs/writers/auth-check/write".to_owned(),
        format!("/api/jobs/writers/{id}/auth-check/read"),
    ] {
        let checked = lab.hf_as(SECRET, "POST", &path, Value::Null).await;
        let (namespace, user) = (&checked.body["namespace"], &checked.body["user"]);
        assert_eq!(checked.status, 200, "{path}");
        assert_eq!(
            (&namespace["name"], &user["name"]),
            (&json!("writers"), &json!("alice"))
        );
        assert_eq!(checked.body.as_object().unwrap().len(), 2);
    }
    let cases = [
        ("/api/jobs/writers/auth-check/own".to_owned(), 400),
        (format!("/api/jobs/admins/{id}/auth-check/read"), 404),
        (format!("/api/jobs/lab/{id}/auth-check/read"), 403),
    ];
    for (path, status) in cases {
        let answer = lab.hf_as(SECRET, "POST", &path, Value::Null).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_token_is_ever_shown() {
    let lab = lab_with(|_| {});
    create(&lab, SECRET, "writers").await;
    create(&lab, "Bearer hf_guess", "writers").await;
    let shown = format!("{:?} {:?}", lab.world.hf(), lab.events());
    for secret in ["hf_alice", "hf_lab", "hf_guess"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_of_agents_is_empty_and_needs_no_token() {
    let lab = Lab::new();
    let agents = lab
        .hf_as("", "GET", "/api/agent-harnesses", Value::Null)
        .await;
    assert_eq!(agents.status, 200);
    assert_eq!(agents.body, json!({"standardEnvVars": [], "harnesses": {}}));
}
