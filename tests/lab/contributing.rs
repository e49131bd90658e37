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

/// The words that are among those.
fn among(words: &[&'static str], named: &BTreeSet<String>) -> Vec<&'static str> {
    let words = words.iter().copied();
    words.filter(|word| named.contains(*word)).collect()
}

#[test]
fn the_table_of_calls_is_the_only_place_of_the_language_that_names_one() {
    let named = quoted_below("scenarios/src");
    assert!(named.len() > 500);
    let calls = among(scenarios::CALLS, &named);
    assert!(calls.is_empty(), "{calls:?}");
}

#[test]
fn the_tables_of_words_are_the_only_places_that_list_the_properties() {
    let named = quoted_below("scenarios/src");
    let known = among(scenarios::PROPERTIES, &named);
    assert!(known.len() < 3, "{known:?}");
}

#[test]
fn the_layer_of_the_fakes_calls_knows_none_by_name() {
    let named = quoted_below("fakes/src/calls");
    let calls = among(scenarios::CALLS, &named);
    assert!(calls.is_empty(), "{calls:?}");
}

#[test]
fn a_property_is_a_file_of_its_name_and_declared_by_its_row_alone() {
    let declared = read("src/properties/mod.rs");
    for property in scenarios::PROPERTIES {
        let module = property.replace('-', "_");
        let file = format!("src/properties/{module}.rs");
        assert!(Path::new(&file).exists(), "{file}");
        assert!(!declared.contains(&format!("mod {module};")), "{module}");
    }
}

/// The sources below a folder that name this.
fn sources_that_name(folder: &str, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap();
        if path.is_dir() {
            found.extend(sources_that_name(name, word));
        } else if read(name).contains(word) {
            found.push(name.to_owned());
        }
    }
    found
}

#[test]
fn each_moment_of_effects_is_asked_for_in_the_one_file_that_contributing_names() {
    let page = read("CONTRIBUTING.md");
    let marked: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let table = read("vocabulary/src/effect_table.rs");
    let moments: Vec<&str> = table
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_suffix(" [] $($({$kind ($($payload)?) [$($moment)+]})+)+ }")
        })
        .collect();
    assert_eq!(moments.len(), 7, "{moments:?}");
    for moment in moments {
        let at = marked.iter().position(|word| *word == moment);
        let at = at.unwrap_or_else(|| panic!("{moment} is not in CONTRIBUTING.md"));
        let asks = sources_that_name("fakes/src", &format!("{moment}::"));
        assert_eq!(asks, [marked[at + 1]], "{moment}");
    }
}

/// A new effect fails to build where it is to be done and where it is judged, and nowhere else: one more list of all of them
/// would be one more file to touch.
#[test]
fn no_other_file_lists_the_effects() {
    for folder in ["src", "fakes/src", "scenarios/src", "dispatcher/src"] {
        let listing = sources_that_name(folder, "EffectKind::WrongClock");
        let judged = ["src/properties/ledger/strikes.rs".to_owned()];
        let expected: &[String] = if folder == "src" { &judged } else { &[] };
        assert_eq!(listing, expected, "{folder}");
        assert!(sources_that_name(folder, " Effect::WrongClock").is_empty());
    }
}
