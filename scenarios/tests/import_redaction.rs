//! What is private does not survive an import, and what belongs together still does.

use scenarios::recording::{Account, Import, Redacted, import, redact};
use serde_json::{Value, json};

const TOKEN: &str = "ghs_abcdefghijklmnopqrstuvwxyz0123456789";

fn payload(action: &str, branch: &str) -> Value {
    json!({
        "action": action,
        "workflow_job": {
            "id": 100, "run_id": 10, "run_attempt": 1, "workflow_name": "ci of rocketry", "head_branch": branch,
            "head_sha": "0123456789012345678901234567890123456789", "status": action, "conclusion": null, "name": "build rocketry",
            "labels": ["hf-jobs-cpu-basic", "rocketry"], "runner_name": "acme-corp-runner-1",
            "created_at": "2026-06-03T00:57:15Z", "started_at": "2026-06-03T00:57:15Z",
            "html_url": "https://github.com/Acme-Corp/rocketry/actions/runs/10/job/100",
            "run_url": format!("https://api.github.com/repos/Acme-Corp/rocketry/actions/runs/10?branch={branch}&token=verysecret"),
        },
        "repository": {
            "id": 5551, "node_id": "R_x", "name": "rocketry", "full_name": "Acme-Corp/rocketry", "private": true, "visibility": "private",
            "default_branch": "main", "description": "Secret plans", "clone_url": "https://github.com/Acme-Corp/rocketry.git",
            "ssh_url": "git@github.com:Acme-Corp/rocketry.git", "owner": {"login": "Acme-Corp", "id": 22, "type": "Organization"},
        },
        "head_commit": {"message": "Fire the secret engine", "author": {"name": "Wile Coyote", "email": "wile@acme-corp.example.org"}},
        "organization": {"login": "Acme-Corp", "id": 22},
        "sender": {"login": "wile-e", "id": 23, "html_url": "https://github.com/wile-e"},
        "installation": {"id": 7},
    })
}

fn delivery(payload: &Value) -> String {
    json!({
        "headers": {
            "X-GitHub-Event": "workflow_job", "X-GitHub-Delivery": "g-1", "User-Agent": "GitHub-Hookshot/044aadd",
            "X-GitHub-Hook-Id": "512", "Authorization": format!("Bearer {TOKEN}"), "Cookie": "session=1",
            "X-Hub-Signature": "sha1=aa", "X-Hub-Signature-256": "sha256=bb", "X-GitHub-Encoded-Secret": "c2VjcmV0",
            "X-Forwarded-For": "10.1.2.3", "X-Api-Key": "k3y-of-a-proxy",
        },
        "payload": payload,
    })
    .to_string()
}

fn redacted(texts: &[String], keep_names: bool) -> (Vec<Import>, Redacted) {
    let mut imports: Vec<Import> = texts
        .iter()
        .map(|text| import("x.json", text, None))
        .collect();
    let what = redact(&mut imports, keep_names);
    (imports, what)
}

fn recording(imports: &[Import]) -> String {
    Import::merged("all", imports).to_recording()
}

#[test]
fn names_texts_tokens_and_addresses_do_not_survive_and_what_is_acted_on_does() {
    let mut first = payload("queued", "feature/secret-engine");
    first["note"] = json!(format!("use {TOKEN}, ask wile@acme-corp.example.org"));
    let (imports, what) = redacted(&[delivery(&first)], false);
    let text = recording(&imports);
    let lower = text.to_lowercase();
    for private in [
        "acme",
        "wile",
        "coyote",
        "secret",
        "engine",
        TOKEN,
        "session=1",
        "10.1.2.3",
        "k3y",
        "sha1=",
        "c2vjcmv0",
        "@acme",
    ] {
        assert!(!lower.contains(private), "{private} survives: {text}");
    }
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    let payload = &line["payload"];
    let job = &payload["workflow_job"];
    assert_eq!(payload["action"], "queued");
    assert_eq!(
        (&job["id"], &job["run_id"], &payload["repository"]["id"]),
        (&100.into(), &10.into(), &5551.into())
    );
    assert_eq!(
        job["labels"],
        json!(["hf-jobs-cpu-basic", "rocketry"]),
        "labels are what is acted on"
    );
    assert_eq!(job["created_at"], "2026-06-03T00:57:15Z");
    assert_eq!(job["head_sha"], "0123456789012345678901234567890123456789");
    assert_eq!(job["name"], "build repo-1");
    assert_eq!(
        job["html_url"],
        "https://github.com/owner-1/repo-1/actions/runs/10/job/100"
    );
    assert_eq!(payload["repository"]["full_name"], "owner-1/repo-1");
    assert_eq!(
        payload["repository"]["ssh_url"],
        "git@github.com:owner-1/repo-1.git"
    );
    assert_eq!(payload["repository"]["default_branch"], "main");
    assert_eq!(
        payload["repository"]["owner"]["login"],
        payload["organization"]["login"]
    );
    assert_eq!(payload["sender"]["html_url"], "https://github.com/owner-2");
    let headers = line["headers"].as_object().unwrap();
    let names: Vec<_> = headers.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "user-agent",
            "x-github-delivery",
            "x-github-event",
            "x-github-hook-id"
        ]
    );
    assert_eq!((what.emails, what.headers), (1, 2), "{what:?}");
    let notes = &imports[0].notes;
    assert!(
        notes
            .iter()
            .any(|note| note.text.contains("x-api-key, x-forwarded-for")),
        "{notes:?}"
    );
}

#[test]
fn one_name_has_one_pseudonym_in_all_files_of_an_import() {
    let mut other = payload("completed", "feature/secret-engine");
    other["repository"]["full_name"] = json!("acme-corp/Rocketry");
    other["sender"]["login"] = json!("somebody-new");
    let queued = payload("queued", "feature/secret-engine");
    let (imports, _) = redacted(&[delivery(&queued), delivery(&other)], false);
    let read =
        |import: &Import| -> Value { serde_json::from_str(&import.deliveries[0].payload).unwrap() };
    let (one, two) = (read(&imports[0]), read(&imports[1]));
    for path in [
        "/repository/full_name",
        "/workflow_job/head_branch",
        "/organization/login",
        "/head_commit/author/name",
    ] {
        assert_eq!(one.pointer(path), two.pointer(path), "{path}");
        assert!(one.pointer(path).is_some(), "{path}");
    }
    assert_ne!(one["sender"]["login"], two["sender"]["login"]);
}

#[test]
fn with_names_kept_only_secrets_and_addresses_go() {
    let (imports, what) = redacted(&[delivery(&payload("queued", "feature/x"))], true);
    let text = recording(&imports);
    assert!(
        text.contains("Acme-Corp/rocketry")
            && text.contains("feature/x")
            && text.contains("Fire the secret engine")
    );
    for gone in [
        "wile@",
        "verysecret",
        TOKEN,
        "10.1.2.3",
        "X-Hub",
        "x-hub",
        "c2VjcmV0",
    ] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert_eq!(what.names.values().sum::<usize>(), 0);
    assert!(what.secrets > 0 && what.emails == 1, "{what:?}");
}

#[test]
fn a_payload_without_anything_private_keeps_its_bytes() {
    let text = r#"{ "zen" : "Keep it logically awesome.",  "hook_id": 9007199254740993 }"#;
    let (imports, _) = redacted(&[text.to_owned()], false);
    assert_eq!(imports[0].deliveries[0].payload, text);
}

/// A payload in which whatever could be private is.
fn full_of_secrets() -> Value {
    let mut payload = payload("queued", "feature/secret-engine");
    payload["workflow_job"]["name"] = json!("deploy zeus to vault.secret-corp.internal");
    payload["workflow_job"]["workflow_name"] = json!("megacorp nightly");
    payload["workflow_job"]["runner_name"] = json!("bobs-macbook.megacorp.local");
    payload["workflow_job"]["runner_group_name"] = json!("Megacorp production");
    payload["workflow_job"]["steps"] =
        json!([{"name": "Run ssh deploy@10.0.0.7", "status": "queued", "number": 1}]);
    payload["repository"]["html_url"] = json!("https://ghe.megacorp.example/Acme-Corp/rocketry");
    payload["repository"]["license"] = json!({"name": "Megacorp License"});
    payload["organization"]["avatar_url"] = json!("https://ghe.megacorp.example/avatars/u/2");
    payload["enterprise"] =
        json!({"slug": "megacorp-ent", "website_url": "https://megacorp.example"});
    payload["deployment"] = json!({
        "environment": "megacorp-prod",
        "payload": {"api_key": "sk-live-megacorp", "phone": 491701234567_u64},
    });
    payload["contact"] = json!("+49 170 1234567");
    payload["maps"] = json!("AIzaSyMegacorp0123456789012345678901234");
    payload[TOKEN] = json!(true);
    payload["status"] = json!({"megacorp host": "megacorp"});
    payload
}

#[test]
fn nothing_stays_but_what_is_known_to_tell_nothing() {
    let mut delivery: Value = serde_json::from_str(&delivery(&full_of_secrets())).unwrap();
    delivery["headers"]["X-GitHub-Enterprise-Host"] = json!("ghe.megacorp.example");
    delivery["headers"]["User-Agent"] = json!("GitHub-Hookshot/megacorp");
    delivery["failed"] = json!({"status": "failed to connect to host ci.megacorp.example:8443"});
    let (imports, _) = redacted(&[delivery.to_string()], false);
    let text = recording(&imports);
    let account = serde_json::to_string(&Account::of(&Import::merged("x", &imports))).unwrap();
    for text in [&text, &account] {
        let lower = text.to_lowercase();
        for private in [
            "megacorp", "zeus", "vault", "bob", "macbook", "10.0.0.7", "170", "aiza", "sk-live",
            TOKEN, "acme",
        ] {
            assert!(!lower.contains(private), "{private} survives: {text}");
        }
    }
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    let job = &line["payload"]["workflow_job"];
    let name = job["name"].as_str().unwrap();
    assert!(
        name.starts_with("deploy word-") && name.contains(" to host-"),
        "{name}"
    );
    assert_eq!(job["labels"], json!(["hf-jobs-cpu-basic", "rocketry"]));
    let failed = line["failed"]["status"].as_str().unwrap();
    assert!(
        failed.starts_with("failed to connect to host host-") && failed.contains(".example:"),
        "{failed}"
    );
    assert_eq!(line["payload"]["deployment"]["payload"], json!({}));
}

#[test]
fn with_names_kept_secrets_go_wherever_they_stand() {
    let (imports, _) = redacted(&[delivery(&full_of_secrets())], true);
    let text = recording(&imports);
    for gone in ["sk-live", "AIza", TOKEN] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    for kept in ["megacorp-prod", "bobs-macbook", "Megacorp License"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
}
