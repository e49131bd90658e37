//! The table *effect × place* in the language: what it allows is taken, every other pair is refused, with what is possible.

use scenarios::{Choices, Document};
use vocabulary::{EffectKind, all_places, effects_at};

/// The effect, as it is written.
const fn written(kind: EffectKind) -> &'static str {
    match kind {
        EffectKind::Drop => "drop: logged",
        EffectKind::Delay => "delay: 1s",
        EffectKind::Duplicate => "duplicate: { after: 1s }",
        EffectKind::ReorderWithin => "reorder: { within: 1s }",
        EffectKind::ReorderList => "reorder: { list: true }",
        EffectKind::Answer => "answer: { status: 503 }",
        EffectKind::NoAnswer => "no_answer: true",
        EffectKind::Reset => "reset: true",
        EffectKind::AfterEffect => "after_effect: reset",
        EffectKind::Pretend => "pretend: { message: x }",
        EffectKind::Omit => "omit: all",
        EffectKind::Truncate => "truncate: true",
        EffectKind::Stale => "stale: 1s",
        EffectKind::Stall => "stall: { after: 1s }",
        EffectKind::EndEarly => "end_early: { after: 1s }",
        EffectKind::Tamper => "tamper: flip_bit",
        EffectKind::Hold => "until: 1h, hold: true",
        EffectKind::Stuck => "stuck: { every: 1m }",
        EffectKind::Limbo => "limbo: true",
        EffectKind::Fail => "fail: { after: 1s }",
        EffectKind::Full => "full: true",
        EffectKind::Broken => "broken: true",
        EffectKind::Hang => "hang: true",
        EffectKind::Freeze => "hang: { at: listening }",
        EffectKind::Die => "die: { at: listening }",
        EffectKind::Restart => "restart: { at: listening }",
        EffectKind::LoseNetwork => "lose_network: { at: listening, for: 1s }",
        EffectKind::WrongClock => "wrong_clock: 10m",
    }
}

/// Why the plan of one fault is refused, if it is.
fn refusal(place: &str, kind: EffectKind) -> Option<String> {
    let text = format!(
        "title: One fault\ntimeline:\n  - at: 0s\n    queue: {{ as: J1, labels: a }}\nfaults:\n  - {{ to: \"{place}\", {} }}\n",
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
