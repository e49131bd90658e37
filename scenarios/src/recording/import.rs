//! [`import`]: deliveries out of whatever file a user has them in.

use serde_json::value::RawValue;

use super::{
    Delivery, Import, Note, Refusal,
    item::{Found, Item, NotADelivery, found, read},
    offsets::{settle, time_of},
    values::{Lines, values},
};

/// Reads the deliveries of a file.
///
/// Understood are payloads, `headers` with `payload` (an object or its text), GitHub's own delivery objects, lists and
/// JSON Lines of these, and the `index.json` of the npm package `@octokit/webhooks-examples`. `event` names the event of
/// payloads that do not show it themselves, say from the folder they lie in. What is not a delivery is refused with its
/// place, and the rest is kept.
#[must_use]
pub fn import(name: &str, text: &str, event: Option<&str>) -> Import {
    let lines = Lines::of(text);
    let found = values(&lines);
    let mut import = Import {
        name: name.to_owned(),
        refused: found.refused,
        ..Import::default()
    };
    let mut all = Vec::new();
    for value in found.values {
        match read(value, event) {
            Ok(Item::One(one)) => all.push(one),
            Ok(Item::Group { event, payloads }) => {
                for payload in payloads {
                    match self::found(payload, Some(event.clone())) {
                        Ok(one) => all.push(one),
                        Err(error) => import.refused.push(refusal(&lines, payload, error)),
                    }
                }
            }
            Err(error) => import.refused.push(refusal(&lines, value, error)),
        }
    }
    add(&mut import, &lines, all);
    import.refused.sort_by_key(|refusal| refusal.place);
    import.notes.sort_by_key(|note| note.place);
    import
}

fn refusal(lines: &Lines<'_>, value: &RawValue, error: NotADelivery) -> Refusal {
    Refusal {
        place: lines.place_of(value.get()),
        reason: error.reason,
        hint: error.hint,
    }
}

/// Settles the times and adds the deliveries with their notes.
fn add(import: &mut Import, lines: &Lines<'_>, all: Vec<Found<'_>>) {
    let clues: Vec<_> = all.iter().map(|found| found.clue).collect();
    let settled = settle(&clues);
    for (found, offset) in all.into_iter().zip(settled.offsets) {
        let place = lines.place_of(found.part);
        let notes = found.oddities.into_iter().map(|text| Note { place, text });
        import.notes.extend(notes);
        import.deliveries.push(Delivery {
            offset,
            time: time_of(&found.clue),
            event: found.event,
            guid: found.guid,
            headers: found.headers,
            payload: found.payload,
            place,
        });
    }
    let notes = settled.notes.into_iter();
    let notes = notes.map(|(index, text)| Note {
        place: import.deliveries[index].place,
        text,
    });
    import.notes.extend(notes.collect::<Vec<_>>());
}
