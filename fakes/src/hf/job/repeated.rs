//! What the JSON of one job after the other says alike: a dispatcher's jobs all run the same script, of kilobytes with many line
//! ends, and belong to the same account. It is written once, and again when it changes.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::last::Last;

/// JSON that was written before.
#[derive(Clone)]
pub(in crate::hf) struct Before(Arc<RawValue>);

impl Serialize for Before {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// What was written last.
#[derive(Default)]
pub(in crate::hf) struct Repeated {
    command: Last<Vec<String>, Option<Before>>,
    owned: Last<Ownership, Arc<str>>,
}

/// Who made a job, and for whom.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::hf) struct Ownership {
    pub(in crate::hf) created_by: String,
    pub(in crate::hf) namespace: String,
}

impl Repeated {
    /// A command as JSON.
    pub(in crate::hf) fn command(&self, words: &[String]) -> Option<Before> {
        self.command
            .of(words, || Some(Before(Arc::from(to_raw_value(words).ok()?))))
    }

    /// The members of a user's own job that tell of its owner, as `write` writes them.
    pub(in crate::hf) fn owned(
        &self,
        ownership: &Ownership,
        write: impl FnOnce() -> String,
    ) -> Arc<str> {
        self.owned.of(ownership, || Arc::from(write()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_command_or_owner_is_not_taken_for_the_last_one() {
        let repeated = Repeated::default();
        let command = |word: &str| {
            let json = repeated.command(&["sh".to_owned(), word.to_owned()]);
            serde_json::to_string(&json).unwrap()
        };
        for word in ["a\nb", "a\nb", "c", "a\nb"] {
            let wanted = serde_json::to_string(&["sh", word]).unwrap();
            assert_eq!(command(word), wanted);
        }
        let owned = |by: &str, namespace: &str| {
            let ownership = Ownership {
                created_by: by.to_owned(),
                namespace: namespace.to_owned(),
            };
            repeated.owned(&ownership, || format!("{by} for {namespace}"))
        };
        assert_eq!(&*owned("a", "lab"), "a for lab");
        assert_eq!(&*owned("b", "lab"), "b for lab");
        assert_eq!(&*owned("b", "org"), "b for org");
        assert_eq!(&*owned("a", "lab"), "a for lab");
    }
}
