//! GitHub's list of deliveries tells of every attempt but the payload. A redelivery carries the payload of the first attempt,
//! so an entry whose GUID is known in full is a delivery, too.

use std::collections::BTreeMap;

use super::{Delivery, Import, Listed, offsets::Clue};

/// Makes deliveries of the listed attempts whose payload is known from any of the files.
pub(super) fn resolve(imports: &mut [Import]) {
    complete(imports);
    let mut by_id = BTreeMap::new();
    let mut by_guid = BTreeMap::new();
    for delivery in imports.iter().flat_map(|import| &import.deliveries) {
        if let Some(id) = delivery.id {
            by_id.insert(id, ());
        }
        if let Some(guid) = &delivery.guid {
            by_guid
                .entry(guid.clone())
                .or_insert_with(|| delivery.clone());
        }
    }
    for import in imports {
        let mut made = Vec::new();
        import.listed.retain(|entry| {
            if by_id.contains_key(&entry.id) {
                return false;
            }
            let Some(known) = by_guid.get(&entry.guid) else {
                return true;
            };
            by_id.insert(entry.id, ());
            made.push(Delivery {
                failed: entry.failed.clone(),
                redelivery: entry.redelivery,
                place: entry.place,
                clue: entry.clue,
                id: Some(entry.id),
                ..known.clone()
            });
            false
        });
        // GitHub lists the newest first.
        import.deliveries.extend(made.into_iter().rev());
        let left: Vec<u64> = import.listed.iter().map(|entry| entry.id).collect();
        import
            .refused
            .retain(|refusal| refusal.listed.is_none_or(|id| left.contains(&id)));
    }
}

/// Tells the attempts that are there in full, but without a time, what the list tells of them.
fn complete(imports: &mut [Import]) {
    let listed: BTreeMap<u64, Listed> = imports
        .iter()
        .flat_map(|import| &import.listed)
        .map(|entry| (entry.id, entry.clone()))
        .collect();
    for delivery in imports.iter_mut().flat_map(|import| &mut import.deliveries) {
        let entry = delivery.id.and_then(|id| listed.get(&id));
        let timeless = matches!(delivery.clue, Clue::Happened(_) | Clue::Nothing);
        if let Some(entry) = entry.filter(|_| timeless) {
            delivery.clue = entry.clue;
            delivery.redelivery |= entry.redelivery;
            delivery.failed = delivery.failed.take().or_else(|| entry.failed.clone());
        }
    }
}
