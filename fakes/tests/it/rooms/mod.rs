//! The rooms of the fakes: each knows only those above it, and no circle of imports grows large.
//!
//! All of it is read from the sources as text: what a file imports, what it names by its path, and which of the
//! handle's methods it calls.

mod circles;
mod made_up;
mod reading;

use std::{collections::BTreeMap, fs, path::Path};

use circles::circles;
use reading::{Source, read};

/// A fake that has rooms.
#[derive(Clone, Copy)]
struct Fake {
    /// The folder it lies in, which is what its handle is called where it is passed on, too.
    name: &'static str,
    /// The type of its handle.
    handle: &'static str,
    /// Its rooms, from top to bottom. A file is in the room with the longest name that it lies in.
    rooms: &'static [&'static str],
}

const GITHUB: Fake = Fake {
    name: "github",
    handle: "Github",
    rooms: &[
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
    ],
};

const HF: Fake = Fake {
    name: "hf",
    handle: "HfJobs",
    rooms: &[
        "accounts",
        "job",
        "schedules",
        "state",
        "handle",
        "objects",
        "life",
        "rest",
    ],
};

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
fn room_of(fake: Fake, path: &str) -> Option<usize> {
    let place = path.strip_suffix(".rs")?;
    let lies_in = |room: &str| {
        let rest = place.strip_prefix(room);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let rooms = fake
        .rooms
        .iter()
        .enumerate()
        .filter(|(_, room)| lies_in(room));
    let nearest = rooms.max_by_key(|(_, room)| room.len());
    nearest.map(|(place, _)| place)
}

/// Everything that is wrong with these sources.
fn findings(fake: Fake, texts: &BTreeMap<String, String>) -> Vec<String> {
    let sources: BTreeMap<&str, Source> = texts
        .iter()
        .map(|(path, text)| (path.as_str(), read(fake, path, text, texts)))
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
        let Some(room) = room_of(fake, path) else {
            wrong.push(format!("{path} is in no room"));
            continue;
        };
        for named in &source.through_the_front {
            wrong.push(format!("{path} names {named} without the file it is in"));
        }
        for target in &source.imports {
            let below = room_of(fake, target).filter(|its| *its > room);
            if let Some(its) = below {
                let (room, its) = (fake.rooms[room], fake.rooms[its]);
                wrong.push(format!("{path} imports {target}: {its} is below {room}"));
            }
        }
        for method in &source.calls {
            let homes = sources
                .iter()
                .filter(|(_, other)| other.methods.contains(method));
            let rooms: Vec<usize> = homes.filter_map(|(home, _)| room_of(fake, home)).collect();
            if !rooms.is_empty() && rooms.iter().all(|its| *its > room) {
                let (room, its) = (fake.rooms[room], fake.rooms[rooms[0]]);
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
            .any(|path| room_of(fake, path) != room_of(fake, &circle[0]))
        {
            wrong.push(format!("a circle crosses rooms: {files}"));
        }
    }
    wrong
}

/// What is wrong with a fake, which has more than so many files.
fn findings_of(fake: Fake, more_than: usize) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(fake.name);
    let texts = sources(&folder);
    assert!(
        texts.len() > more_than,
        "only {} files were found",
        texts.len()
    );
    findings(fake, &texts)
}

#[test]
fn every_file_of_the_fake_github_knows_only_the_rooms_above_its_own() {
    let wrong = findings_of(GITHUB, 80);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_the_fake_hf_knows_only_the_rooms_above_its_own() {
    let wrong = findings_of(HF, 45);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
