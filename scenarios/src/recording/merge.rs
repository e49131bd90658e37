//! Joining what was imported from several files into one recording.

use std::time::Duration;

use super::{
    Import,
    offsets::{Clue, STEP, settle},
};

impl Import {
    /// The deliveries of several files as one recording, in the order of their times.
    ///
    /// Where a delivery tells no time, the files follow each other instead. Notes and refusals stay with their files.
    #[must_use]
    pub fn merged(name: &str, imports: &[Self]) -> Self {
        let all = imports.iter().flat_map(|import| &import.deliveries);
        let times: Option<Vec<Clue>> = all.map(|delivery| delivery.time.map(Clue::Sent)).collect();
        let offsets = match times {
            Some(clues) => settle(&clues).offsets,
            None => one_after_another(imports),
        };
        let deliveries = imports
            .iter()
            .flat_map(|import| import.deliveries.iter().cloned());
        let mut deliveries: Vec<_> = deliveries.collect();
        for (delivery, offset) in deliveries.iter_mut().zip(offsets) {
            delivery.offset = offset;
        }
        deliveries.sort_by_key(|delivery| delivery.offset);
        Self {
            name: name.to_owned(),
            deliveries,
            ..Self::default()
        }
    }
}

fn one_after_another(imports: &[Import]) -> Vec<Duration> {
    let mut offsets = Vec::new();
    let mut start = Duration::ZERO;
    for import in imports
        .iter()
        .filter(|import| !import.deliveries.is_empty())
    {
        let within = import
            .deliveries
            .iter()
            .map(|delivery| start + delivery.offset);
        offsets.extend(within);
        start = offsets.iter().max().copied().unwrap_or_default() + STEP;
    }
    offsets
}
