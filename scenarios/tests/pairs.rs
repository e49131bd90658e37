//! The table *effect × place* in the language: what it allows is taken, every other pair is refused, with what is possible.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use scenarios::{Choices, Document};
use vocabulary::{EffectKind, all_places, effects_at};

/// An effect, as a plan writes it.
fn written(kind: EffectKind) -> String {
    let object = serde_json::to_string(&kind.example()).unwrap();
    let key = object
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    key.unwrap().to_owned()
}

/// Why the plan of one fault is refused, if it is.
fn refusal(place: &str, kind: EffectKind) -> Option<String> {
    let text = format!(
        "title: One fault\ntimeline:\n  - at: 0s\n    queue: {{ as: J1, labels: a }}\nfaults:\n  - {{ to: \"{place}\", until: 1h, {} }}\n",
        written(kind)
    );
    let planned =
        Document::parse("pair.yaml", &text).and_then(|document| document.plan(&Choices::default()));
    planned.err().map(|error| format!("{error:?}"))
}

#[test]
fn a_pair_is_taken_where_the_table_allows_it_and_refused_everywhere_else() {
    let (mut taken, mut refused) = (0, 0);
    for place in all_places() {
        for kind in EffectKind::ALL {
            let found = refusal(place, *kind);
            if kind.can_strike(place) {
                assert_eq!(found, None, "{place}: {}", kind.word());
                taken += 1;
                continue;
            }
            let said = found.unwrap_or_else(|| panic!("{place}: {} is taken", kind.word()));
            let wanted = format!("`{}` cannot happen to `{place}`", kind.word());
            assert!(said.contains(&wanted), "{said}");
            let possible = effects_at(place).join(", ");
            assert!(said.contains(&possible), "{said}");
            refused += 1;
        }
    }
    assert!(taken > 900 && refused > 2_000, "{taken} and {refused}");
}
