//! What the program shows: its pages, its state to whoever may read it, and never what strangers wrote as markup.

use super::{Program, SECRET, assert_accepted, queued, webhook};

fn page(program: &Program, path: &str, more: &str) -> String {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: ci.example:7860\r\naccept: text/html\r\nconnection: close\r\n{more}\r\n"
    );
    program.send(request.as_bytes())
}

#[test]
fn the_landing_page_names_the_webhook_and_the_labels() {
    let program = Program::start();
    let answer = page(&program, "/", "x-forwarded-proto: https\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for part in [
        "<code>https://ci.example:7860/webhook</code>",
        "<code>hf-jobs-t4-small</code>",
        "content-security-policy: default-src 'none'",
        "content-type: text/html; charset=utf-8",
    ] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    assert!(
        !answer.contains("<script") && !answer.contains("src=") && !answer.contains("http://"),
        "{answer}"
    );
    let json = program.get("/");
    assert!(
        json.contains(r#""configured":true"#) && json.contains(r#""service":"jobs-dispatcher""#),
        "{json}"
    );
}

#[test]
fn the_state_is_closed_until_somebody_is_let_in() {
    let program = Program::start();
    let answer = program.get("/status");
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.contains("STATUS_TOKEN"),
        "{answer}"
    );
    let program = Program::start_with("", &[("STATUS_TOKEN", "let-me-in")]);
    let answer = program.get("/status");
    assert!(
        answer.starts_with("HTTP/1.1 401 ") && answer.contains("www-authenticate: Basic"),
        "{answer}"
    );
    let answer = page(&program, "/status", "authorization: Bearer let-me-in\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(program.get("/metrics").starts_with("HTTP/1.1 200 "));
}

#[test]
fn the_state_shows_each_job_its_reason_and_what_strangers_wrote_as_text() {
    let program = Program::start_with("", &[("STATUS_PUBLIC", "true")]);
    assert_accepted(&program.deliver(4711).0);
    let body = String::from_utf8(queued(4712)).unwrap();
    let body = body.replace("hf-jobs-cpu-basic", "hf-jobs-<script>alert(1)</script>");
    let answer = program.send(&webhook(body.as_bytes(), ""));
    assert!(answer.contains("there is no flavor <script>"), "{answer}");
    let shown = page(&program, "/status", "");
    for part in [
        "octo/app",
        "4711",
        "4712",
        "GitHub has not confirmed the installation yet",
        "hf-jobs-&lt;script&gt;alert(1)",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(
        !shown.contains("<script") && !shown.contains(SECRET),
        "{shown}"
    );
    let json = program.get("/status");
    let json: serde_json::Value =
        serde_json::from_str(json.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(json["jobs"][0]["job"], 4711);
    assert_eq!(json["misrouted"][0]["job"], 4712);
    assert_eq!(json["misrouted"].as_array().unwrap().len(), 1);
    let log = program.log();
    assert!(
        log.contains("its labels fit no runner") && log.contains("there is no flavor"),
        "{log}"
    );
}
