//! Joining what was imported from several files into one recording.

use std::collections::BTreeSet;

use super::{
    Delivery, Import, Matter, Note, late, life, listed,
    offsets::{Settled, settle},
};

impl Import {
    /// Lets the files of one import explain each other: an entry of GitHub's list in one finds its payload in another.
    pub fn explain_each_other(imports: &mut [Self]) {
        listed::resolve(imports);
    }

    /// The deliveries of several files as one recording, in the order of their times; those of one job at one time in the
    /// order of its life.
    ///
    /// Each delivery keeps the time it tells, whatever the others tell. Its notes say what was assumed of times, in which file;
    /// other notes, and refusals, stay with their files. An attempt that GitHub numbers is taken once.
    #[must_use]
    pub fn merged(name: &str, imports: &[Self]) -> Self {
        let mut seen = BTreeSet::new();
        let mut all: Vec<(usize, Delivery)> = Vec::new();
        let mut notes = Vec::new();
        for (file, import) in imports.iter().enumerate() {
            for delivery in &import.deliveries {
                if delivery.id.is_some_and(|id| !seen.insert(id)) {
                    let text =
                        "GitHub's number of this attempt was read before; taken once".to_owned();
                    notes.push(note(import, delivery, &text));
                    continue;
                }
                all.push((file, delivery.clone()));
            }
        }
        let timings: Vec<_> = all.iter().map(|(file, one)| one.timing(*file)).collect();
        let Settled {
            offsets,
            notes: times,
        } = settle(&timings);
        notes.extend(times.into_iter().map(|(index, text)| {
            let (file, delivery) = &all[index];
            note(&imports[*file], delivery, &text)
        }));
        let mut deliveries = Vec::with_capacity(all.len());
        for ((_, delivery), offset) in all.into_iter().zip(offsets) {
            deliveries.push(Delivery { offset, ..delivery });
        }
        late::begin_earlier(&mut deliveries);
        life::put_in_order(&mut deliveries);
        Self {
            name: name.to_owned(),
            deliveries,
            notes,
            ..Self::default()
        }
    }
}

/// A note that names its file, since the recording is none of them.
fn note(import: &Import, delivery: &Delivery, text: &str) -> Note {
    Note {
        place: delivery.place,
        text: format!("{}:{}: note: {text}", import.name, delivery.place),
        matter: Matter::Time,
    }
}
