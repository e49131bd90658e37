//! The log of webhook deliveries, with every outcome a delivery can have.

use serde_json::{Value, json};

use super::{
    lab::Target,
    session::{Caller, Session},
};

const DELIVERIES: &str = "/app/hook/deliveries";

pub(crate) async fn ask(session: &Session) {
    let session = session.beside(|_| {});
    session.app().get(200, DELIVERIES).await;
    session.lab.target(&[
        Target::Answer(202),
        Target::Answer(500),
        Target::Refuse,
        Target::Break,
        Target::Silent,
    ]);
    for number in 1..=5 {
        session.lab.queue(&format!("J{number}"), &["a"]);
        session.lab.sleep(1.0).await;
    }
    session.lab.sleep(10.0).await;
    let app = session.app();
    for query in ["?status=success", "?status=failure", "?per_page=100"] {
        app.get(200, &format!("{DELIVERIES}{query}")).await;
    }
    app.get(422, &format!("{DELIVERIES}?status=odd")).await;
    app.get(400, &format!("{DELIVERIES}?cursor=nonsense")).await;
    pages(&app).await;
    let listed = app.get(200, DELIVERIES).await;
    for delivery in listed.body.as_array().unwrap() {
        let path = format!("{DELIVERIES}/{}", delivery["id"]);
        app.get(200, &path).await;
        app.post(202, &format!("{path}/attempts"), json!({})).await;
    }
    session.lab.sleep(1.0).await;
    app.post(202, &attempts(&listed.body), Value::Null).await;
    app.get(200, DELIVERIES).await;
}

fn attempts(listed: &Value) -> String {
    format!("{DELIVERIES}/{}/attempts", listed[0]["id"])
}

/// From page to page, as `Link` leads.
async fn pages(app: &Caller) {
    let mut next = Some(format!("{DELIVERIES}?per_page=2"));
    let mut count = 0;
    while let Some(path) = next {
        next = app.get(200, &path).await.next();
        count += 1;
    }
    assert_eq!(count, 3);
}
