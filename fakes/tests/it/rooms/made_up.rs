//! That the checker sees what it is there to see, on trees that were made up.

use std::collections::BTreeMap;

use super::{GITHUB, findings};

/// A tree in which all is well.
fn tree() -> BTreeMap<String, String> {
    let files = [
        ("mod.rs", "mod handle;\npub use rest::routes::routes;\n"),
        ("state/runs/job.rs", "pub(in crate::github) struct Job;\n"),
        (
            "state/records.rs",
            "use super::runs::job::Job;\nstruct State(Job);\n",
        ),
        (
            "handle.rs",
            "use super::state::records::State;\nimpl Github {\n    fn now(&self) {}\n}\n",
        ),
        (
            "lifecycle/runs/jobs.rs",
            "use crate::{github::{handle::Github, state::runs::job::Job}, ids::JobId};\n\
             impl Github {\n    fn conclude(&self) { self.now() }\n}\n",
        ),
        (
            "rest/routes.rs",
            "impl Github {\n    fn answer(&self) { self.conclude() }\n}\n\
             #[cfg(test)]\nmod tests {\n    use super::*;\n}\n",
        ),
    ];
    files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into()
}

fn found_with(path: &str, text: &str) -> Vec<String> {
    let mut tree = tree();
    tree.entry(path.to_owned()).or_default().push_str(text);
    findings(GITHUB, &tree)
}

#[test]
fn a_tree_in_which_all_look_upwards_passes() {
    assert_eq!(findings(GITHUB, &tree()), [""; 0]);
}

#[test]
fn an_import_of_a_room_below_is_found_however_it_is_written() {
    let told = ["state/runs/job.rs imports rest/routes.rs: rest is below state/runs"];
    for import in [
        "use crate::github::rest::routes::Ask;\n",
        "use crate::{ids::JobId, github::{rest::routes::{self, Ask as Question}}};\n",
        "use super::super::super::rest::routes::Ask;\n",
        "fn f(ask: &crate::github::rest::routes::Ask) {}\n",
        "fn f(ask: &super::super::super::rest::routes::Ask) {}\n",
    ] {
        assert_eq!(found_with("state/runs/job.rs", import), told, "{import}");
    }
    let quoted = "/// See [`crate::github::rest::routes::Ask`].\nconst A: &str = \"crate::github::rest::routes::Ask\";\n";
    assert_eq!(found_with("state/runs/job.rs", quoted), [""; 0]);
    let in_tests = "#[cfg(test)]\nmod tests {\n    use crate::github::rest::routes::Ask;\n}\n";
    assert_eq!(found_with("state/runs/job.rs", in_tests), [""; 0]);
}

#[test]
fn a_call_of_a_method_of_a_room_below_is_found() {
    let told = ["handle.rs calls conclude: lifecycle is below handle"];
    let own = "impl Github {\n    fn after(&self) { self.conclude() }\n}\n";
    assert_eq!(found_with("handle.rs", own), told);
    assert_eq!(
        found_with(
            "handle.rs",
            "fn after(github: &Github) { github.conclude() }\n"
        ),
        told
    );
    let others = "impl State {\n    fn after(&self) { self.conclude() }\n}\n";
    assert_eq!(found_with("handle.rs", others), [""; 0]);
}

#[test]
fn a_circle_may_have_five_files_and_no_more() {
    let ring = |size: usize| {
        let mut tree = tree();
        for number in 0..size {
            let next = (number + 1) % size;
            let path = format!("rest/ring_{number}.rs");
            tree.insert(path, format!("use super::ring_{next}::Part;\n"));
        }
        findings(GITHUB, &tree)
    };
    assert_eq!(ring(5), [""; 0]);
    let told = ring(6);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("6 files import each other: rest/ring_0.rs, "),
        "{told:?}"
    );
}

#[test]
fn a_circle_that_crosses_rooms_is_told_of() {
    let mut tree = tree();
    tree.insert(
        "limits/a.rs".to_owned(),
        "use crate::github::rest::b::B;\n".to_owned(),
    );
    tree.insert(
        "rest/b.rs".to_owned(),
        "use crate::github::limits::a::A;\n".to_owned(),
    );
    assert_eq!(
        findings(GITHUB, &tree),
        [
            "limits/a.rs imports rest/b.rs: rest is below limits",
            "a circle crosses rooms: limits/a.rs, rest/b.rs"
        ]
    );
}

#[test]
fn a_front_that_does_more_than_declare_and_a_file_without_a_room_are_told_of() {
    let told = found_with("state/mod.rs", "pub mod runs;\nfn f() {}\n");
    assert_eq!(told, ["state/mod.rs does more than declare"]);
    assert_eq!(
        found_with("helpers.rs", "fn f() {}\n"),
        ["helpers.rs is in no room"]
    );
    let told = found_with("rest/routes.rs", "use crate::github::Github as Front;\n");
    assert_eq!(
        told,
        ["rest/routes.rs names crate::github::Github without the file it is in"]
    );
}
