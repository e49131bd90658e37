//! The checks can fail: answers that were spoiled on purpose are refused, with the place and the reason.

use serde_json::{Value, json};

use super::{
    description::{Description, check_basic_error},
    lab::Lab,
    schema::Keys,
    violation::Violation,
};

const RUNNERS: &str = "/repos/octo/app/actions/runners";
const LIST: &str = "/repos/{owner}/{repo}/actions/runners";

/// What is wrong with this listing of runners.
fn check(body: &Value) -> Vec<Violation> {
    let operation = Description::rest().call("GET", LIST).unwrap();
    operation.check_response(200, body)
}

#[tokio::test(start_paused = true)]
async fn a_wrong_listing_is_refused_with_the_place_and_the_reason() {
    let lab = Lab::new();
    lab.jit("r1", &["a"]).await;
    lab.jit("r2", &["a"]).await;
    let token = lab.token().await;
    let good = lab.github("GET", RUNNERS, &token, Value::Null).await.body;
    assert_eq!(check(&good), []);
    let spoiled = |spoil: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        spoil(&mut body);
        check(&body)
    };
    let missing = spoiled(&|body| {
        body["runners"][1].as_object_mut().unwrap().remove("busy");
    });
    assert_eq!(
        missing[0].rule,
        "/runners/*: \"busy\" is a required property"
    );
    assert!(missing[0].found.starts_with("/runners/1 is {\""));
    let mistyped = spoiled(&|body| body["runners"][1]["id"] = "7".into());
    let expected = Violation {
        rule: "/runners/*/id: the value is not of type \"integer\"".to_owned(),
        found: "/runners/1/id is \"7\"".to_owned(),
    };
    assert_eq!(mistyped, [expected]);
    let null = spoiled(&|body| body["runners"][0]["name"] = Value::Null);
    assert_eq!(
        null[0].rule,
        "/runners/*/name: the value is not of type \"string\""
    );
    let nullable = spoiled(&|body| body["runners"][0]["version"] = Value::Null);
    assert_eq!(nullable, []);
    let misspelt = spoiled(&|body| body["runners"][0]["ephemerall"] = true.into());
    assert_eq!(misspelt.len(), 1);
    assert_eq!(spoiled(&|body| *body = json!([])).len(), 1);
    assert_eq!(check(&Value::Null).len(), 1, "nothing is no listing");
}

#[test]
fn a_status_or_a_body_github_does_not_describe_is_refused() {
    let deletion = Description::rest()
        .call("DELETE", &format!("{LIST}/{{runner_id}}"))
        .unwrap();
    assert_eq!(deletion.check_response(204, &Value::Null), []);
    assert_eq!(deletion.check_response(204, &json!({})).len(), 1);
    assert_eq!(deletion.check_response(200, &Value::Null).len(), 1);
    let error = json!({"message": "Not Found", "documentation_url": "https://docs.github.com", "status": "404"});
    assert_eq!(deletion.check_response(404, &error), []);
    assert_eq!(
        deletion.check_response(404, &json!({"message": 7})).len(),
        1
    );
    assert_eq!(check_basic_error(&json!(["x"])).len(), 1);
}

#[test]
fn a_request_github_would_not_take_is_refused() {
    let jit = Description::rest()
        .call("POST", &format!("{LIST}/generate-jitconfig"))
        .unwrap();
    let good = json!({"name": "r1", "runner_group_id": 1, "labels": ["a"]});
    assert_eq!(jit.check_request(&good, Keys::Described), []);
    let cases = [
        Value::Null,
        json!({"name": "r1", "runner_group_id": 1}),
        json!({"name": "r1", "runner_group_id": "1", "labels": ["a"]}),
        json!({"name": "r1", "runner_group_id": 1, "labels": []}),
        json!({"name": "r1", "runner_group_id": 1, "labels": ["a"], "group": 1}),
    ];
    for wrong in cases {
        assert_eq!(
            jit.check_request(&wrong, Keys::Described).len(),
            1,
            "{wrong}"
        );
    }
}
