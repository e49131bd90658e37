//! The reference of the language is true: its examples are sound, and it names every word.

use scenarios::{Document, FLAVORS, PROPERTIES, json_schema};

const REFERENCE: &str = include_str!("../../docs/scenario-language.md");

#[test]
fn the_examples_of_the_reference_are_sound() {
    let blocks: Vec<&str> = REFERENCE
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        Document::parse("scenario-language.md", block).unwrap();
    }
}

#[test]
fn the_reference_names_every_key_and_word_of_the_language() {
    let mut words = Vec::new();
    collect(&json_schema(), &mut words);
    words.extend(PROPERTIES.iter().map(|&word| word.to_owned()));
    assert!(words.len() > 100, "{words:?}");
    let missing = |word: &&String| !REFERENCE.contains(word.as_str());
    let missing: Vec<_> = words.iter().filter(missing).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Every key of an object and every word of an enumeration, flavors left out.
fn collect(schema: &serde_json::Value, words: &mut Vec<String>) {
    match schema {
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        serde_json::Value::Object(keys) => {
            for (key, value) in keys {
                match (key.as_str(), value) {
                    ("properties", serde_json::Value::Object(properties)) => {
                        words.extend(properties.keys().cloned());
                    }
                    ("enum", serde_json::Value::Array(known)) => {
                        words.extend(
                            known
                                .iter()
                                .filter_map(|word| word.as_str().map(str::to_owned)),
                        );
                    }
                    ("const", serde_json::Value::String(word)) => words.push(word.clone()),
                    _ => {}
                }
                collect(value, words);
            }
        }
        _ => {}
    }
    words.retain(|word| !FLAVORS.contains(&word.as_str()));
}
