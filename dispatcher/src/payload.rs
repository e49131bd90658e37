//! The few fields of a `workflow_job` payload that we read, tolerant of everything else.
//!
//! GitHub sends null, 0, "" or nothing for what it does not know; all four mean the same here, and no value of an
//! unexpected type makes a payload unreadable.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::json::{self, Last};

/// What a webhook says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Payload {
    #[serde(deserialize_with = "loose")]
    pub(crate) action: Text,
    #[serde(deserialize_with = "object")]
    pub(crate) workflow_job: Option<WorkflowJob>,
    #[serde(deserialize_with = "repository")]
    pub(crate) repository: Option<Repository>,
    #[serde(deserialize_with = "object")]
    pub(crate) installation: Option<Installation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WorkflowJob {
    #[serde(deserialize_with = "loose")]
    pub(crate) id: Number,
    #[serde(deserialize_with = "loose")]
    pub(crate) run_id: Number,
    #[serde(deserialize_with = "loose")]
    pub(crate) labels: Texts,
    #[serde(deserialize_with = "loose")]
    pub(crate) runner_name: Text,
    #[serde(deserialize_with = "loose")]
    pub(crate) created_at: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Repository {
    #[serde(deserialize_with = "loose")]
    pub(crate) id: Number,
    #[serde(deserialize_with = "loose")]
    pub(crate) full_name: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Installation {
    #[serde(deserialize_with = "loose")]
    pub(crate) id: Number,
}

/// A text that is there, not empty, and no longer than anything GitHub writes in its place.
pub(crate) type Text = Option<String>;
/// A number that is there and not 0.
pub(crate) type Number = Option<u64>;

/// The labels of a job, as far as they can decide anything: of each its first [`LABEL_BYTES_MAX`] bytes, of a list its first
/// [`LABELS_MAX`]. A body within GitHub's limit has room for millions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(crate) kept: Vec<String>,
    /// How many more there were.
    pub(crate) more: usize,
}

const LABELS_MAX: usize = 64;
const LABEL_BYTES_MAX: usize = 256;
const TEXT_BYTES_MAX: usize = 1024;

/// The payload in a JSON text.
///
/// # Errors
/// What is wrong with it, for whoever sent it.
pub(crate) fn read(text: &[u8]) -> Result<Payload, String> {
    // Without this look a list would be read as well, its values in the order of the fields.
    if text.trim_ascii_start().first() != Some(&b'{') {
        let kind = match serde_json::from_slice::<IgnoredAny>(text) {
            Ok(_) => "the payload is JSON, but no object".to_owned(),
            Err(error) => not_json(&error),
        };
        return Err(kind);
    }
    json::read(text).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> String {
    let told: String = error.to_string().chars().take(200).collect();
    format!("the payload is not JSON: {told}")
}

/// The longest beginning of `text` that has at most `bytes_max` bytes.
pub(crate) fn beginning(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// A value that can be read from any JSON, if need be as nothing.
trait Loose: Default {
    fn from_text(_: Cow<'_, str>) -> Self {
        Self::default()
    }
    fn from_number(_: u64) -> Self {
        Self::default()
    }
    fn push(&mut self, _: String) {}
}

impl Loose for Text {
    fn from_text(text: Cow<'_, str>) -> Self {
        (!text.is_empty() && text.len() <= TEXT_BYTES_MAX).then(|| text.into_owned())
    }
}

impl Loose for Number {
    fn from_text(text: Cow<'_, str>) -> Self {
        text.parse().ok().and_then(Self::from_number)
    }
    fn from_number(number: u64) -> Self {
        (number != 0).then_some(number)
    }
}

impl Loose for Texts {
    fn push(&mut self, text: String) {
        if self.kept.len() < LABELS_MAX {
            self.kept.push(text);
        } else {
            self.more += 1;
        }
    }
}

fn loose<'de, T: Loose, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(LooseVisitor(PhantomData))
}

struct LooseVisitor<T>(PhantomData<T>);

impl<'de, T: Loose> Visitor<'de> for LooseVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(u64::try_from(number).map_or_else(|_| T::default(), T::from_number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::from_number(number))
    }
    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::from_text(text.into()))
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        let mut all = T::default();
        while let Some(Item(text)) = list.next_element()? {
            if let Some(text) = text {
                all.push(text);
            }
        }
        Ok(all)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }
}

/// One element of a list, if it is a text. An empty one counts: it is a label, and none of ours.
struct Item(Option<String>);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default)]
        struct Any(Option<String>);
        impl Loose for Any {
            fn from_text(text: Cow<'_, str>) -> Self {
                Self(Some(beginning(&text, LABEL_BYTES_MAX).to_owned()))
            }
        }
        loose::<Any, D>(deserializer).map(|any| Self(any.0))
    }
}

/// The repository, which is five of a payload's seven kilobytes and the same in each that tells of it.
fn repository<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Repository>, D::Error> {
    #[derive(Clone, Deserialize)]
    struct Part(#[serde(deserialize_with = "object")] Option<Repository>);
    static LAST: Last<Part> = Last::new();
    LAST.read(deserializer).map(|Part(repository)| repository)
}

/// An object, or nothing if there is something else in its place.
fn object<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct ObjectVisitor<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Some)
        }
    }
    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Payload {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn null_zero_empty_and_missing_are_the_same() {
        for runner in [
            r#""runner_name":null,"#,
            r#""runner_name":"","#,
            r#""runner_name":0,"#,
            "",
        ] {
            let payload = parse(&format!(
                r#"{{"workflow_job":{{{runner}"id":7,"labels":null}}}}"#
            ));
            let job = payload.workflow_job.unwrap();
            assert_eq!(
                (job.id, job.runner_name, job.labels.kept.len()),
                (Some(7), None, 0)
            );
        }
        for id in ["null", "0", "\"\"", "-1", "[]", "{}", "1.5", "true"] {
            assert_eq!(
                parse(&format!(r#"{{"installation":{{"id":{id}}}}}"#))
                    .installation
                    .unwrap()
                    .id,
                None,
                "{id}"
            );
        }
        for installation in ["null", "0", "\"x\"", "[1]", "false"] {
            assert!(
                parse(&format!(r#"{{"installation":{installation}}}"#))
                    .installation
                    .is_none()
            );
        }
    }

    #[test]
    fn keeps_the_labels_that_are_texts() {
        let job = parse(r#"{"workflow_job":{"labels":["a",null,3,"",["x"],{"y":1},"b"]}}"#)
            .workflow_job
            .unwrap();
        assert_eq!(job.labels.kept, ["a", "", "b"]);
    }

    #[test]
    fn of_millions_of_labels_a_few_are_kept() {
        let many = vec![r#""hf-jobs-cpu-basic""#; 1_000_000].join(",");
        let long = "ö".repeat(1 << 20);
        let text = format!(r#"{{"workflow_job":{{"labels":["{long}",{many}]}}}}"#);
        let labels = read(text.as_bytes()).unwrap().workflow_job.unwrap().labels;
        assert_eq!((labels.kept.len(), labels.more), (64, 1_000_001 - 64));
        assert_eq!(labels.kept[0], "ö".repeat(128));
    }

    #[test]
    fn what_is_longer_than_any_name_of_githubs_counts_as_missing() {
        let long = "x".repeat(1025);
        let text = format!(r#"{{"action":"{long}","repository":{{"full_name":"{long}"}}}}"#);
        let payload = read(text.as_bytes()).unwrap();
        assert_eq!(payload.action, None);
        assert_eq!(payload.repository.unwrap().full_name, None);
    }

    #[test]
    fn a_payload_is_an_object() {
        for (text, told) in [
            (
                r#"["queued",{"id":1},{"id":1}]"#,
                "the payload is JSON, but no object",
            ),
            ("null", "the payload is JSON, but no object"),
            ("7", "the payload is JSON, but no object"),
            ("", "the payload is not JSON: EOF"),
            ("[", "the payload is not JSON: EOF"),
            ("{", "the payload is not JSON: EOF"),
            ("{}x", "the payload is not JSON: trailing"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.starts_with(told), "{text}: {error}");
        }
        assert!(read(b" \r\n\t{} ").is_ok());
    }

    #[test]
    fn numbers_beyond_2_to_the_53_stay_exact() {
        let payload =
            parse(r#"{"repository":{"id":9007199254740993,"full_name":"o/r","owner":{}}}"#);
        assert_eq!(payload.repository.unwrap().id, Some(9_007_199_254_740_993));
    }
}
