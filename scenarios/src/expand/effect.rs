//! The one effect of a fault.

use vocabulary::{Effect, EffectKind, Pretended};

use crate::{
    error::{Flaw, Place},
    words,
    written::{self, Placed},
};

/// The one effect of a fault.
pub(super) fn the_effect(fault: &Placed<written::Fault>) -> Result<Effect, Flaw> {
    let mut set = fault.value.effects().into_iter();
    match (set.next(), set.next()) {
        (Some(one), None) => {
            if let Effect::Pretend(values) = &one {
                must_be_said(values, fault.place)?;
            }
            Ok(one)
        }
        (None, _) => {
            let what = format!(
                "this fault has no effect\nadd one of: {}",
                keys().join(", ")
            );
            Err(Flaw::at(fault.place, &what))
        }
        (Some(first), Some(second)) => {
            let [first, second] = [first, second].map(|effect| effect.kind().word());
            let what = format!(
                "this fault has two effects, `{first}` and `{second}`\nmake two faults of it"
            );
            Err(Flaw::at(fault.place, &what))
        }
    }
}

/// The keys of all effects, each once.
fn keys() -> Vec<&'static str> {
    let mut keys: Vec<&str> = EffectKind::ALL.iter().map(|kind| kind.key()).collect();
    keys.dedup();
    keys
}

/// Refuses a lie about what nobody ever says, if it is a slip.
fn must_be_said(values: &Pretended, place: Place) -> Result<(), Flaw> {
    let slip = values.0.keys().find_map(|path| misspelt(path.as_str()));
    match slip {
        Some((word, meant)) => {
            let what =
                format!("no answer and no webhook has the key `{word}`\ndid you mean `{meant}`?");
            Err(Flaw::at(place, &what))
        }
        None => Ok(()),
    }
}

/// A word of a path that is but for one letter a key of what the fakes say, and that key. A key that is like none of them may be
/// one that a client must get along with.
fn misspelt(path: &str) -> Option<(&str, &'static str)> {
    let known = |word: &str| words::KEYS_SAID.contains(&word);
    path.split('.').find_map(|word| {
        let near = |key: &&&str| strsim::osa_distance(word, key) == 1;
        let nearest = words::KEYS_SAID.iter().find(near)?;
        (word.len() > 2 && !known(word)).then_some((word, *nearest))
    })
}
