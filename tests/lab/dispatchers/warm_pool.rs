//! A dispatcher that keeps a declared pool of idle runners for each label, and takes a webhook for no more than a reason to
//! look at once: what it says is not believed.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use dispatchlab::{run::Lab, transport::Transport};
use hmac::{Hmac, KeyInit, Mac};
use scenarios::plan::Plan;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{hosting::Hosted, news::News, orders::Habits};
use crate::plans::of_text;

/// A lab in which it is tested, with so many more in each pool than are declared.
pub(super) fn lab(more: usize) -> Lab {
    Lab::of(Transport::Direct, move |place, plan| {
        let mut warm = pools(plan);
        warm.values_mut().for_each(|count| *count += more);
        let habits = Habits { name: "warm", warm };
        Box::new(Hosted::new(place, plan, habits, Some(webhook)))
    })
}

/// A plan that declares pools, if it does not itself. What it expected of an exact number of HF jobs is then not so.
pub(super) fn declaring(plan: Plan) -> Plan {
    if !plan.world.dispatcher.warm.is_empty() {
        return plan;
    }
    let mut written: Value = serde_json::from_str(&plan.to_json()).unwrap();
    written["world"]["dispatcher"]["warm"] =
        json!({ "hf-jobs-cpu-basic": 2, "hf-jobs-t4-small": 1 });
    if let Some(expect) = written["expect"].as_object_mut() {
        expect.remove("hf_jobs");
    }
    of_text("declared.json", &written.to_string(), plan.seed, false)
}

/// The pools of a plan, by their one label.
fn pools(plan: &Plan) -> BTreeMap<String, usize> {
    let pools = plan.world.dispatcher.warm.0.iter();
    let by_label = pools.filter_map(|pool| match pool.labels.as_slice() {
        [label] => Some((label.as_str().to_lowercase(), pool.count as usize)),
        _ => None,
    });
    by_label.collect()
}

fn webhook(news: News, secret: String) -> Router {
    Router::new()
        .fallback(post(take))
        .with_state((news, Arc::from(secret)))
}

/// Answers at once; the work is somebody else's. Of a job that is on a runner of ours it says which HF job that is.
async fn take(
    State((news, secret)): State<(News, Arc<str>)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let nothing = String::new();
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    let Some(signature) = text("x-hub-signature-256") else {
        return (StatusCode::UNAUTHORIZED, nothing);
    };
    if !is_signed(&secret, signature, &body) {
        return (StatusCode::FORBIDDEN, nothing);
    }
    if text("x-github-event") != Some("workflow_job") {
        return (StatusCode::OK, nothing);
    }
    let is_form =
        text("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form"));
    let event: Value = if is_form {
        let fields: BTreeMap<String, String> = form_fields(&body);
        let payload = fields.get("payload").map(String::as_str);
        serde_json::from_str(payload.unwrap_or_default()).unwrap_or_default()
    } else {
        serde_json::from_slice(&body).unwrap_or_default()
    };
    news.come(event["action"] == "completed");
    let runner = event["workflow_job"]["runner_name"].as_str();
    let claim = runner.and_then(|runner| news.of_runner(runner));
    let claim = claim.map_or(nothing, |claim| claim.to_string());
    (StatusCode::ACCEPTED, claim)
}

/// Compares in constant time, over the bytes that came.
fn is_signed(secret: &str, signature: &str, body: &[u8]) -> bool {
    let digits = signature.strip_prefix("sha256=").unwrap_or_default();
    let claimed: Option<Vec<u8>> = (digits.is_ascii() && digits.len() == 64)
        .then(|| {
            let pairs = (0..64).step_by(2).map(|at| &digits[at..at + 2]);
            pairs
                .map(|pair| u8::from_str_radix(pair, 16).ok())
                .collect()
        })
        .flatten();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    claimed.is_some_and(|claimed| mac.verify_slice(&claimed).is_ok())
}

/// The fields of a form.
fn form_fields(body: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(body);
    let fields = text.split('&').filter_map(|field| field.split_once('='));
    fields
        .map(|(name, value)| (name.to_owned(), unescaped(value)))
        .collect()
}

fn unescaped(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut digit = || {
            bytes
                .next()
                .and_then(|digit| char::from(digit).to_digit(16))
        };
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                if let (Some(high), Some(low)) = (digit(), digit()) {
                    out.push((high * 16 + low) as u8);
                }
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
