//! The rooms of the fake GitHub: each knows only those above it, and no circle of imports grows large.
//!
//! All of it is read from the sources as text: what a file imports, what it names by its path, and which of the
//! handle's methods it calls.

mod circles;
mod made_up;
mod reading;

use std::{collections::BTreeMap, fs, path::Path};

use circles::circles;
use reading::{Source, read};

/// The rooms, from top to bottom. A file is in the room with the longest name that it lies in.
const ROOMS: [&str; 14] = [
    "state/accounts",
    "state/apps",
    "state/usage",
    "state/runs",
    "state/runners",
    "state/queue",
    "state/hooks",
    "state",
    "objects",
    "handle",
    "limits",
    "webhooks",
    "lifecycle",
    "rest",
];

/// So many files may import each other in a circle.
const CIRCLE_MAX: usize = 5;

/// The sources below a folder, by their path in it.
fn sources(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                found.insert(name.replace('\\', "/"), fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// The place of a file's room among all.
fn room_of(path: &str) -> Option<usize> {
    let place = path.strip_suffix(".rs")?;
    let lies_in = |room: &str| {
        let rest = place.strip_prefix(room);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let rooms = ROOMS.iter().enumerate().filter(|(_, room)| lies_in(room));
    let nearest = rooms.max_by_key(|(_, room)| room.len());
    nearest.map(|(place, _)| place)
}

/// Everything that is wrong with these sources.
fn findings(texts: &BTreeMap<String, String>) -> Vec<String> {
    let sources: BTreeMap<&str, Source> = texts
        .iter()
        .map(|(path, text)| (path.as_str(), read(path, text, texts)))
        .collect();
    let mut wrong = Vec::new();
    let mut imports = BTreeMap::new();
    for (&path, source) in &sources {
        if path.ends_with("mod.rs") && source.does_more_than_declare {
            wrong.push(format!("{path} does more than declare"));
        }
        if path == "mod.rs" {
            // It names what the outside may see, so it imports everything.
            continue;
        }
        let Some(room) = room_of(path) else {
            wrong.push(format!("{path} is in no room"));
            continue;
        };
        for named in &source.through_the_front {
            wrong.push(format!("{path} names {named} without the file it is in"));
        }
        for target in &source.imports {
            let below = room_of(target).filter(|its| *its > room);
            if let Some(its) = below {
                let (room, its) = (ROOMS[room], ROOMS[its]);
                wrong.push(format!("{path} imports {target}: {its} is below {room}"));
            }
        }
        for method in &source.calls {
            let homes = sources
                .iter()
                .filter(|(_, other)| other.methods.contains(method));
            let rooms: Vec<usize> = homes.filter_map(|(home, _)| room_of(home)).collect();
            if !rooms.is_empty() && rooms.iter().all(|its| *its > room) {
                let (room, its) = (ROOMS[room], ROOMS[rooms[0]]);
                wrong.push(format!("{path} calls {method}: {its} is below {room}"));
            }
        }
        imports.insert(path.to_owned(), source.imports.clone());
    }
    for circle in circles(&imports) {
        let files = circle.join(", ");
        if circle.len() > CIRCLE_MAX {
            wrong.push(format!("{} files import each other: {files}", circle.len()));
        }
        if circle
            .iter()
            .any(|path| room_of(path) != room_of(&circle[0]))
        {
            wrong.push(format!("a circle crosses rooms: {files}"));
        }
    }
    wrong
}

#[test]
fn every_file_of_the_fake_github_knows_only_the_rooms_above_its_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/github");
    let texts = sources(&folder);
    assert!(texts.len() > 80, "only {} files were found", texts.len());
    let wrong = findings(&texts);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
