//! The reader held against `serde_json`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};

use super::{reader::first_special, *};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Wanted {
    a: Option<u64>,
    b: Option<String>,
    c: Vec<Wanted>,
    d: Option<BTreeMap<String, Option<String>>>,
    e: bool,
    f: i32,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Strict {
    a: u64,
    b: String,
}

/// Values of which many are what `Wanted` wants.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0_u64..100).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z/:.]{0,40}".prop_map(Value::from),
        "[\\PC\\\\\"\n\t\u{0}é🚀]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-g\"é]{1,2}|a|b|c|d|e|f", inner, 0..7)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn agrees<T: DeserializeOwned + PartialEq + fmt::Debug>(body: &[u8]) {
    if let Ok(found) = read_plain::<T>(body) {
        let wanted: T = serde_json::from_slice(body)
            .unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(body)));
        assert_eq!(found, wanted);
    }
    let (found, wanted) = (read::<T>(body), serde_json::from_slice::<T>(body));
    assert_eq!(
        found.map_err(|error| error.to_string()),
        wanted.map_err(|error| error.to_string())
    );
}

proptest! {
    #[test]
    fn whatever_is_read_serde_json_reads_alike(
        value in values(), blanks in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 0..4),
    ) {
        let mut body = value.to_string().into_bytes();
        if blanks {
            body = String::from_utf8(body).unwrap().replace(',', " , ").replace(':', " : ").into_bytes();
        }
        agrees::<Wanted>(&body);
        agrees::<Strict>(&body);
        agrees::<Vec<Wanted>>(&body);
        agrees::<BTreeMap<String, Option<Wanted>>>(&body);
        prop_assert!(read_plain::<IgnoredAny>(&body).is_ok());
        for (place, byte, how) in changes {
            let place = place.index(body.len() + 1);
            match how {
                0 => body.truncate(place),
                1 => body.insert(place, byte),
                _ => if let Some(there) = body.get_mut(place) {
                    *there = b"{}[],:\"\\ 0-.eu1"[usize::from(byte) % 15];
                },
            }
            agrees::<Wanted>(&body);
            agrees::<Vec<Wanted>>(&body);
            let accepts = read_plain::<IgnoredAny>(&body).is_ok();
            prop_assert!(!accepts || serde_json::from_slice::<IgnoredAny>(&body).is_ok());
        }
    }
}

#[test]
fn the_first_quote_or_backslash_is_found_wherever_it_is() {
    for byte in 0..=u8::MAX {
        for place in 0..8 {
            for (first, wanted) in [(b'"', place), (b'\\', place), (byte, 8)] {
                if wanted == 8 && matches!(byte, b'"' | b'\\') {
                    continue;
                }
                let mut eight = [byte; 8];
                eight[..place].fill(if matches!(byte, b'"' | b'\\') {
                    b'#'
                } else {
                    byte
                });
                eight[place] = first;
                assert_eq!(
                    first_special(u64::from_le_bytes(eight)),
                    wanted,
                    "{eight:?}"
                );
            }
        }
    }
}

#[test]
fn it_gives_up_on_nothing_that_is_usual() {
    let inner = json!({"a": 7, "x": {"y": [1, -2.5e3, "é", {}, [], null, true, false]}, "b": "t\n", "f": -3});
    let text = json!({"skipped": [[[{"k": "\u{1F680}\\"}]]], "c": [inner, {}], "e": true, "d": {"k": null, "l": "v"}});
    let found: Wanted = read_plain(text.to_string().as_bytes()).unwrap();
    assert_eq!(found.c[0].b.as_deref(), Some("t\n"));
    assert_eq!(
        (found.c[0].a, found.c[0].f, found.c.len()),
        (Some(7), -3, 2)
    );
    assert_eq!(found.d.unwrap()["l"].as_deref(), Some("v"));
}

#[test]
fn what_is_stepped_over_is_held_to_the_grammar() {
    for inside in [
        "{\"k\" 1}",
        "{\"k\":1,}",
        "[1,]",
        "[1 2]",
        "{1:2}",
        "01",
        "1.",
        "1e",
        "-",
        "+1",
        "tru",
        "nul",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"open",
        "[",
        "{",
        "[}",
        "{]",
        "]",
        "",
        "'a'",
        "\"a\"\"b\"",
        "{\"a\":1 \"b\":2}",
        "\"tab\there\"",
    ] {
        let body = format!("{{\"a\":1,\"skipped\":{inside},\"b\":\"x\"}}");
        assert!(read_plain::<Strict>(body.as_bytes()).is_err(), "{body}");
        assert!(read::<Strict>(body.as_bytes()).is_err(), "{body}");
    }
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read_plain::<IgnoredAny>(deep(65).as_bytes()).is_ok());
    assert!(read_plain::<IgnoredAny>(deep(66).as_bytes()).is_err());
    assert!(read::<IgnoredAny>(deep(66).as_bytes()).is_ok());
}

#[test]
fn what_is_no_text_or_goes_on_behind_its_end_is_refused() {
    for body in [
        &b"{\"a\":1,\"b\":\"\xff\"}"[..],
        b"{\"a\":1,\"b\":\"x\"} y",
        b"{\"a\":1,\"b\":\"x\"}}",
    ] {
        assert!(read::<Strict>(body).is_err());
    }
    let spread = b"{\n  \"a\": 1,\n  \"b\": \"x\"\n}\n";
    assert_eq!(read::<Strict>(spread).unwrap().a, 1);
}

#[test]
fn a_long_value_is_known_again_by_its_bytes_and_only_by_all_of_them() {
    let long = |end: &str| format!("{{\"x\":[\"{}\"],\"end\":{end}}}", "y".repeat(700));
    let body = |inner: &str| format!("{{\"a\":1,\"skipped\":{inner},\"b\":\"x\"}}");
    for _ in 0..2 {
        for end in ["1", "12", "\"z\""] {
            let found: Strict = read_plain(body(&long(end)).as_bytes()).unwrap();
            assert_eq!((found.a, found.b.as_str()), (1, "x"));
        }
        for wrong in [
            long("1]"),
            long("01"),
            long("1}"),
            format!("{} 2", long("1")),
        ] {
            assert!(
                read_plain::<Strict>(body(&wrong).as_bytes()).is_err(),
                "{wrong}"
            );
        }
    }
}

#[test]
fn an_object_that_comes_again_is_what_it_was_and_another_is_not() {
    static LAST: Last<Strict> = Last::new();
    #[derive(Debug, Deserialize)]
    struct With {
        #[serde(deserialize_with = "last")]
        inner: Strict,
    }
    fn last<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        LAST.read(deserializer)
    }
    for a in [7, 7, 8, 7] {
        let text = format!("{{\"inner\": {{\"a\":{a},\"b\":\"é\"}}}}");
        assert_eq!(read::<With>(text.as_bytes()).unwrap().inner.a, a);
        // Where serde_json reads, it is read like anything else.
        let spread = text.replace(',', ",\n");
        assert_eq!(read::<With>(spread.as_bytes()).unwrap().inner.a, a);
    }
    for wrong in [
        "{\"inner\":{\"a\":7}}",
        "{\"inner\":7}",
        "{\"inner\":{\"a\":7,\"b\":\"é\"}",
    ] {
        assert!(read::<With>(wrong.as_bytes()).is_err(), "{wrong}");
    }
}
