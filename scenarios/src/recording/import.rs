//! [`import`]: deliveries out of whatever file a user has them in.

use super::{
    Delivery, Import, Matter, Note, Place, Refusal,
    late::begin_earlier,
    layout::{Around, Findings, Found, KNOWN, KNOWN_EVENTS, of_file, without_payload},
    offsets::{Clue, Settled, Timing, settle},
    values::{Lines, values},
};

/// Reads the deliveries of a file.
///
/// Understood are payloads, `headers` with `payload` or `body` (an object, its text, a form or base64 of these), GitHub's own
/// delivery objects, HAR, messages of smee, envelopes of AWS, lists and JSON Lines of these, and the `index.json` of the npm
/// package `@octokit/webhooks-examples`. `event` names the event of payloads that do not show it themselves, say from the
/// folder they lie in. What is not a delivery is refused with its place, and the rest is kept.
#[must_use]
pub fn import(name: &str, text: &str, event: Option<&str>) -> Import {
    let stream = data_of_stream(text);
    let text = stream.as_deref().unwrap_or(text);
    let lines = Lines::of(text);
    let mut import = Import {
        name: name.to_owned(),
        ..Import::default()
    };
    if let Some(what) = of_file(text.as_bytes()) {
        import.refused.push(whole_file(&what));
        return import;
    }
    let values = values(&lines);
    let mut findings = Findings {
        refused: values.refused,
        ..Findings::default()
    };
    let around = Around::of_file(&lines, event);
    for value in values.values {
        findings.read(value, &around);
    }
    add(&mut import, findings);
    if import.deliveries.is_empty() && import.refused.is_empty() {
        import.refused.push(Refusal {
            reason: NO_DELIVERY.to_owned(),
            hint: KNOWN.to_owned(),
            ..Refusal::default()
        });
    }
    import
}

/// Why a file is refused in which there is nothing to refuse.
const NO_DELIVERY: &str = "it holds no delivery";

impl Import {
    /// Whether nothing stands in the file, neither a delivery nor what could be taken for one.
    pub(super) fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.refused.iter().all(|one| one.reason == NO_DELIVERY)
    }
}

/// Reads the deliveries of a file that may hold anything: what is no text is refused for what it is.
#[must_use]
pub fn import_bytes(name: &str, bytes: &[u8], event: Option<&str>) -> Import {
    match std::str::from_utf8(bytes) {
        Ok(text) => import(name, text, event),
        Err(error) => Import {
            name: name.to_owned(),
            refused: vec![match of_file(bytes) {
                Some(what) => whole_file(&what),
                None => bad_byte(bytes, error.valid_up_to()),
            }],
            ..Import::default()
        },
    }
}

/// Whether a folder of this name tells the event of the payloads in it.
#[must_use]
pub fn is_event(name: &str) -> bool {
    KNOWN_EVENTS.contains(&name)
}

fn whole_file(what: &str) -> Refusal {
    Refusal {
        reason: format!("this looks like {what}, which is not read"),
        hint: KNOWN.to_owned(),
        ..Refusal::default()
    }
}

/// A byte within JSON that is no UTF-8.
fn bad_byte(bytes: &[u8], at: usize) -> Refusal {
    let before = String::from_utf8_lossy(&bytes[..at]);
    let byte = bytes.get(at).copied().unwrap_or_default();
    Refusal {
        place: Place::behind(&before),
        reason: format!("the byte 0x{byte:02x} is no UTF-8, which JSON is written in"),
        hint: "export the file again as UTF-8, or replace the byte".to_owned(),
        listed: None,
    }
}

/// The data of a stream of server-sent events, as smee sends them, at the places they have in it.
fn data_of_stream(text: &str) -> Option<String> {
    const FIELDS: [&str; 4] = ["data:", "event:", "id:", "retry:"];
    let first = text.trim_start().lines().next()?;
    if !FIELDS.iter().any(|field| first.starts_with(field)) && !first.starts_with(": ") {
        return None;
    }
    let mut data = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let end = &line[line.trim_end_matches(['\r', '\n']).len()..];
        let json = line
            .strip_prefix("data:")
            .map(str::trim)
            .filter(|json| json.starts_with('{') && *json != "{}");
        if let Some(json) = json {
            // The place of what is read must be its place in the file.
            let before = line.find('{').unwrap_or_default();
            data.extend(std::iter::repeat_n(' ', before));
            data.push_str(json);
        }
        data.push_str(end);
    }
    Some(data)
}

/// Settles the times and adds the deliveries with their notes.
fn add(import: &mut Import, findings: Findings) {
    import.refused = findings.refused;
    import.notes = findings.notes;
    let mut found = findings.found;
    if newest_first(&found) {
        found.reverse();
    }
    for found in found {
        let place = found.place;
        let notes = found.oddities.into_iter();
        import.notes.extend(notes.map(|text| Note {
            place,
            text,
            matter: Matter::Content,
        }));
        import.deliveries.push(Delivery {
            offset: Default::default(),
            happened: found.happened,
            event: found.event,
            guid: found.guid,
            headers: found.headers,
            payload: found.payload,
            failed: found.failed,
            redelivery: found.redelivery,
            late: found.late,
            place,
            clue: found.clue,
            moment: found.moment,
            id: found.id,
        });
    }
    import.listed = findings.listed;
    import.resolve_listed();
    import.settle();
}

/// Whether deliveries stand newest first, as GitHub lists them.
fn newest_first(found: &[Found]) -> bool {
    let times: Option<Vec<_>> = found
        .iter()
        .map(|found| match found.clue {
            Clue::Sent(time) => Some((time, found.id)),
            Clue::After(_) | Clue::Happened(_) | Clue::Nothing => None,
        })
        .collect();
    times.is_some_and(|times| times.len() > 1 && times.is_sorted_by(|a, b| a > b))
        || newest_first_but_for_equals(found)
}

/// The same where some stand at one second and no number tells them apart.
fn newest_first_but_for_equals(found: &[Found]) -> bool {
    let times: Vec<_> = found
        .iter()
        .filter_map(|found| match found.clue {
            Clue::Sent(time) => Some(time),
            Clue::After(_) | Clue::Happened(_) | Clue::Nothing => None,
        })
        .collect();
    times.len() == found.len() && times.is_sorted_by(|a, b| a >= b) && times.first() != times.last()
}

impl Import {
    /// Settles the times of this file alone.
    fn settle(&mut self) {
        let timings: Vec<_> = self.deliveries.iter().map(|one| one.timing(0)).collect();
        let Settled { offsets, notes } = settle(&timings);
        for (delivery, offset) in self.deliveries.iter_mut().zip(offsets) {
            delivery.offset = offset;
        }
        begin_earlier(&mut self.deliveries);
        self.notes.retain(|note| note.matter == Matter::Content);
        self.notes
            .extend(notes.into_iter().map(|(index, text)| Note {
                place: self.deliveries[index].place,
                text,
                matter: Matter::Time,
            }));
        self.notes.sort_by_key(|note| note.place);
        self.refused.sort_by_key(|refusal| refusal.place);
    }

    /// Refuses the entries of a list whose payload is nowhere in this file.
    fn resolve_listed(&mut self) {
        super::listed::resolve(std::slice::from_mut(self));
        let left = self.listed.iter().map(|entry| {
            let error = without_payload();
            Refusal {
                place: entry.place,
                reason: error.reason,
                hint: error.hint,
                listed: Some(entry.id),
            }
        });
        self.refused.extend(left);
    }
}

impl Delivery {
    pub(super) fn timing(&self, file: usize) -> Timing {
        Timing {
            clue: self.clue,
            happened: self.happened,
            moment: self.moment,
            file,
        }
    }
}
