//! CONTRIBUTING.md is true: the files that it names are there, and what it says of properties is so of each.

use std::{collections::BTreeSet, fs, path::Path};

use dispatchlab::properties;

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{path}: {why}"))
}

#[test]
fn every_path_that_contributing_names_is_there() {
    let page = read("CONTRIBUTING.md");
    let marked = page.split('`').skip(1).step_by(2);
    let is_path = |word: &&str| word.contains('/') && !word.contains([' ', '*', '<']);
    let paths: BTreeSet<&str> = marked.filter(is_path).collect();
    assert!(paths.len() > 40, "{paths:?}");
    for path in paths {
        let is_pattern = path.contains("NAME");
        let there = Path::new(path).exists() || path.starts_with("target/");
        assert!(is_pattern || there, "CONTRIBUTING.md names `{path}`");
    }
}

#[test]
fn every_property_is_a_word_and_has_a_paragraph_and_a_saboteur() {
    let judged: Vec<&str> = properties::ALL.iter().map(|known| known.name).collect();
    assert_eq!(judged, scenarios::PROPERTIES);
    let page = read("docs/verdicts.md");
    let folder = fs::read_dir("tests/lab/saboteurs").unwrap();
    let saboteurs: String = folder
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    for property in judged {
        assert!(page.contains(&format!("### {property} (I")), "{property}");
        let quoted = saboteurs.contains(&format!("\"{property}\""));
        assert!(quoted, "{property} has no saboteur");
    }
}

/// The texts in quotes of every source below a folder.
fn quoted_below(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap();
        if path.is_dir() {
            found.extend(quoted_below(name));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.extend(read(name).split('"').map(str::to_owned));
        }
    }
    found
}

#[test]
fn the_table_of_calls_is_the_only_place_of_the_language_that_names_one() {
    let named = quoted_below("scenarios/src");
    assert!(named.len() > 500);
    let calls: Vec<&&str> = scenarios::CALLS
        .iter()
        .filter(|call| named.contains(**call))
        .collect();
    assert!(calls.is_empty(), "{calls:?}");
}

#[test]
fn the_tables_of_words_are_the_only_places_that_list_the_properties() {
    let named = quoted_below("scenarios/src");
    let known: Vec<&&str> = scenarios::PROPERTIES
        .iter()
        .filter(|property| named.contains(**property))
        .collect();
    assert!(known.len() < 3, "{known:?}");
}
