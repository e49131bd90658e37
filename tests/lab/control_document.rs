//! The document of the control API: checked in, complete, and its examples true.

use std::{fs, path::Path, process::Command};

use dispatchlab::control::{document, routes};
use serde_json::Value;

use crate::served::{Lab, NOTHING};

/// `UPDATE_GOLDEN=1 cargo nextest run the_document` writes the file anew.
#[test]
fn the_document_that_is_checked_in_is_the_one_that_is_served() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/control-api.openapi.json");
    let now = document();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, format!("{now:#}\n")).unwrap();
    }
    let golden: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert!(
        golden == now,
        "{} is out of date: UPDATE_GOLDEN=1 writes it",
        file.display()
    );
    let lab = Lab::github();
    assert_eq!(
        lab.ask("GET", "/_lab/openapi.json", &NOTHING).json(),
        golden
    );
}

#[test]
fn the_document_has_every_route_and_every_name_once() {
    let document = document();
    let mut names = std::collections::BTreeSet::new();
    let mut count = 0;
    for route in routes() {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        let name = operation["operationId"].as_str();
        assert!(
            names.insert(
                name.unwrap_or_else(|| panic!("{route:?} is missing"))
                    .to_owned()
            )
        );
        count += 1;
    }
    let paths = document["paths"].as_object().unwrap().values();
    assert_eq!(
        paths
            .map(|path| path.as_object().unwrap().len())
            .sum::<usize>(),
        count
    );
}

/// The examples of the page are commands (`sh`) and what they print (`json`).
#[test]
fn the_examples_of_the_documentation_do_what_they_say() {
    let lab = Lab::github();
    let page = include_str!("../../docs/control-api.md");
    let mut examples = 0;
    let mut rest = page;
    while let Some((_, from)) = rest.split_once("```sh\n") {
        let (commands, after) = from.split_once("```").unwrap();
        rest = after;
        let Some(expected) = after.strip_prefix("\n\n```json\n") else {
            continue;
        };
        let expected = expected.split_once("```").unwrap().0;
        let commands = commands.replace(
            "http://127.0.0.1:4010",
            lab.started["github"].as_str().unwrap(),
        );
        let output = Command::new("sh")
            .args(["-ec", &commands])
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let values = |text: &str| -> Vec<Value> {
            let values = serde_json::Deserializer::from_str(text).into_iter();
            values
                .map(|value| value.unwrap_or_else(|error| panic!("{error} in {text}")))
                .collect()
        };
        assert_eq!(values(&printed), values(expected), "{commands}");
        examples += 1;
    }
    assert!(examples >= 4, "the page shows {examples} examples");
}
