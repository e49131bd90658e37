//! Reading files: what cannot be read is said with its place, and the other files are read all the same.

use std::{fs, path::Path};

use scenarios::{Entry, Place};

/// A scenario or plan that was found, unparsed.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// The corpus entry's name, or the file's stem.
    pub(super) name: String,
    /// Where it is.
    pub(super) place: String,
    /// What it says.
    pub(super) text: Result<String, Unread>,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// The file.
    pub(super) place: String,
    /// Line and column, from 1, where the fault has one.
    pub(super) at: Option<(usize, usize)>,
    /// What is wrong.
    pub(super) what: String,
    /// How to mend it.
    pub(super) help: &'static str,
}

impl Unread {
    /// What is wrong, with its place.
    pub(super) fn in_words(&self) -> String {
        match self.at {
            Some((line, column)) => format!("{}:{line}:{column}: {}", self.place, self.what),
            None => format!("{}: {}", self.place, self.what),
        }
    }

    /// The same as an error with its help.
    pub(super) fn report(&self) -> miette::Report {
        miette::miette!(help = self.help, "{}", self.in_words())
    }
}

impl Text {
    /// A scenario of the corpus.
    pub(super) fn built_in(entry: &Entry) -> Self {
        Self {
            name: entry.name.to_owned(),
            place: entry.file.to_owned(),
            text: Ok(entry.text.to_owned()),
        }
    }

    /// What a file says.
    pub(super) fn read(path: &Path) -> Self {
        let place = path.display().to_string();
        Self {
            name: name_of(path),
            text: read(path, &place),
            place,
        }
    }
}

fn read(path: &Path, place: &str) -> Result<String, Unread> {
    let bytes = fs::read(path).map_err(|error| Unread {
        place: place.to_owned(),
        at: None,
        what: format!("failed to read it: {error}"),
        help: "name a file that you may read",
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let bad = bytes.get(good).copied().unwrap_or_default();
        let before = String::from_utf8_lossy(bytes.get(..good).unwrap_or_default()).into_owned();
        let at = Place::behind(&before);
        Unread {
            place: place.to_owned(),
            at: Some((at.line, at.column)),
            what: format!("the byte 0x{bad:02X} is not UTF-8"),
            help: "save the file as UTF-8",
        }
    })
}

/// What reports call a file. A plan in a bundle is named by the scenario it came from: out/NAME/seed-N/plan.json.
fn name_of(path: &Path) -> String {
    let stem = path
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let folder = path.parent();
    let is_of_bundle = folder
        .and_then(Path::file_name)
        .is_some_and(|folder| folder.to_string_lossy().starts_with("seed-"));
    let bundle = folder.and_then(Path::parent).and_then(Path::file_name);
    match bundle {
        Some(bundle) if stem == "plan" && is_of_bundle => bundle.to_string_lossy().into_owned(),
        _ => stem,
    }
}

/// Whether a file of JSON is a plan.
pub(super) fn is_plan(path: &Path) -> bool {
    let read = fs::read(path).ok();
    let json = read.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    json.is_some_and(|json| {
        ["title", "seed", "timeline"]
            .iter()
            .all(|key| json.get(key).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_no_text_is_found_at_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.yaml");
        fs::write(&path, b"title: \xc3\xa4\nname: \xc3\xa4 \xff\n").unwrap();
        let unread = Text::read(&path).text.unwrap_err();
        assert_eq!(unread.at, Some((2, 9)));
        assert_eq!(unread.what, "the byte 0xFF is not UTF-8");
    }

    #[test]
    fn a_plan_is_named_by_its_bundle() {
        assert_eq!(name_of(Path::new("out/b54/seed-7/plan.json")), "b54");
        assert_eq!(name_of(Path::new("my/plans/of/plan.json")), "plan");
        assert_eq!(name_of(Path::new("my.yaml")), "my");
    }
}
