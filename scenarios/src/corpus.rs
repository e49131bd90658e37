//! The corpus: scenarios of reported bugs and everyday cases, embedded in the program.

/// A scenario of the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name: the file's name without the extension.
    pub name: &'static str,
    /// Its file, counted from the crate's folder.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! entries {
    ($($name:literal)*) => {
        &[$(Entry {
            name: $name,
            file: concat!("corpus/", $name, ".yaml"),
            text: include_str!(concat!("../corpus/", $name, ".yaml")),
        }),*]
    };
}

macro_rules! recordings {
    ($($name:literal)*) => {
        &[$((
            concat!("recordings/", $name, ".jsonl"),
            include_str!(concat!("../corpus/recordings/", $name, ".jsonl")),
        )),*]
    };
}

const ENTRIES: &[Entry] = entries! {
    "happy-path"
    "space-asleep"
    "recorded-life"
    "recorded-gap"
    "b03-batch-two-forgotten"
    "b07-more-jobs-than-the-cap"
    "b20-late-waiting"
    "b22-resent-completions"
    "b41-busy-check-race"
    "b42-lying-busy-flag"
    "b54-orphan-after-lost-completion"
    "b63-queued-in-a-dead-run"
    "b66-token-older-than-boot"
    "b69-b89-stuck-in-scheduling"
    "b84-effect-then-error"
    "b87-suspended-for-an-hour"
    "b88-foreign-installation"
    "b112-max-parallel-one"
    "b115-failed-runners-fill-the-slots"
};

const RECORDINGS: &[(&str, &str)] = recordings! {
    "recorded-life"
    "recorded-gap"
};

/// All scenarios of the corpus.
#[must_use]
pub const fn corpus() -> &'static [Entry] {
    ENTRIES
}

/// The text of a recording of the corpus, by its path next to the scenarios.
pub(crate) fn recording(path: &str) -> Option<&'static str> {
    RECORDINGS
        .iter()
        .find(|(known, _)| *known == path)
        .map(|(_, text)| *text)
}

impl Entry {
    /// The scenario, read.
    ///
    /// # Panics
    ///
    /// Never: a test reads every scenario of the corpus.
    #[must_use]
    pub fn document(&self) -> crate::Document {
        crate::Document::parse(self.file, self.text)
            .expect("a test reads every scenario of the corpus")
    }
}
