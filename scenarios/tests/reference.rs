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

const HF_LIFE: &str = include_str!("../../docs/hf-life.md");

#[test]
fn every_fault_of_hf_jobs_can_be_said_as_its_page_says_it() {
    let faults: Vec<&str> = HF_LIFE
        .split('`')
        .filter(|code| code.starts_with("{ to: "))
        .collect();
    assert!(faults.len() > 10, "{faults:?}");
    for fault in faults {
        let text = format!(
            "title: T\nheal: 1d\ntimeline: [{{ at: 0s, queue: {{ as: J1, labels: hf-jobs-cpu-basic }} }}]\nfaults:\n  - {fault}\n"
        );
        let document = Document::parse("hf-life.md", &text);
        let document = document.unwrap_or_else(|error| panic!("{fault}: {error}"));
        let plan = document.plan(&scenarios::Choices::default());
        let plan = plan.unwrap_or_else(|error| panic!("{fault}: {error}"));
        assert_eq!(plan.faults.len(), 1);
        // A plan is written in the same language, and says the same when it is read again.
        let again = Document::parse("plan.json", &plan.to_json()).unwrap();
        assert_eq!(
            again.plan(&scenarios::Choices::default()).unwrap().faults[0].effect,
            plan.faults[0].effect
        );
    }
}
