//! Which label set goes to which flavor: the lab's own model of routing, written apart from any dispatcher's.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

use vocabulary::{OneOrMany, one_or_many};

use super::word::Word;
use crate::{words, written::Placed};

/// A label set that a dispatcher serves.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    /// The labels of a job it serves: these and no others. One that ends in `*` stands for every label that begins so.
    pub labels: LabelPatterns,
    /// The hardware flavor it orders for it.
    pub flavor: FlavorName,
    /// The image it orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl<'de> Deserialize<'de> for LabelRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            labels: LabelPatterns,
            flavor: FlavorName,
            #[serde(default)]
            image: Option<String>,
        }
        let Written {
            labels,
            flavor,
            image,
        } = Written::deserialize(deserializer)?;
        let rule = Self {
            labels,
            flavor,
            image,
        };
        if rule
            .image
            .as_ref()
            .is_none_or(|image| image.trim().is_empty())
            && let Some(label) = rule.only_label()
            && let Some((_, key)) = image_key(&label)
        {
            return Err(D::Error::custom(format!(
                "`{label}` asks for an image by the key `{key}`, and the rule names none\nwrite `image: ubuntu:24.04`, or whichever the dispatcher was told stands for `{key}`"
            )));
        }
        Ok(rule)
    }
}

impl LabelRule {
    /// The one label it serves, folded, if that is all.
    fn only_label(&self) -> Option<String> {
        let [LabelPattern(only)] = self.labels.0.as_slice() else {
            return None;
        };
        (!only.ends_with('*')).then(|| only.trim().to_ascii_lowercase())
    }

    /// The image key that it gives an image, and the image, if it serves one label of the longer form of the convention.
    #[must_use]
    pub fn names_image(&self) -> Option<(String, &str)> {
        let only = self.only_label()?;
        let (flavor, key) = image_key(&only)?;
        let image = self.image.as_deref()?;
        (flavor == self.flavor.0).then(|| (key.to_owned(), image))
    }

    /// Whether a job with exactly these labels, folded, is served by this rule: each label is meant, and nothing that
    /// the rule names is missing.
    #[must_use]
    pub fn serves(&self, set: &BTreeSet<String>) -> bool {
        let patterns = &self.labels.0;
        let is_meant = |label: &String| patterns.iter().any(|pattern| pattern.fits(label));
        let is_there = |pattern: &LabelPattern| set.iter().any(|label| pattern.fits(label));
        !set.is_empty() && set.iter().all(is_meant) && patterns.iter().all(is_there)
    }
}

/// The flavor a label set goes to by these rules, of which the first that serves it counts; without rules, by the
/// convention of the field: one label, `hf-jobs-<flavor>`, in any letter case. The longer form of it, `hf-jobs-<flavor>:<image>`,
/// takes a rule that says which image that is: a dispatcher that was told of none cannot serve it.
#[must_use]
pub fn flavor_of(rules: Option<&[LabelRule]>, set: &BTreeSet<String>) -> Option<&'static str> {
    match rules {
        Some(rules) => rules
            .iter()
            .find(|rule| rule.serves(set))
            .map(|rule| rule.flavor.0),
        None => by_convention(set),
    }
}

/// A runner serves a job only if it has all the job's labels, and a runner of this convention has one label. So a job
/// routes only if its labels, taken as a set, are that one label.
fn by_convention(set: &BTreeSet<String>) -> Option<&'static str> {
    let mut members = set.iter();
    let (only, None) = (members.next()?, members.next()) else {
        return None;
    };
    flavor_named(only.strip_prefix("hf-jobs-")?)
}

fn flavor_named(name: &str) -> Option<&'static str> {
    let mut known = words::FLAVORS.iter();
    known.find(|known| **known == name).copied()
}

/// The flavor and the image key of a label in the longer form of the convention, `hf-jobs-<flavor>:<image>`, which is folded.
#[must_use]
pub fn image_key(label: &str) -> Option<(&'static str, &str)> {
    let (flavor, key) = label.strip_prefix("hf-jobs-")?.split_once(':')?;
    let is_key = !key.is_empty() && !key.contains(':');
    flavor_named(flavor)
        .filter(|_| is_key)
        .map(|flavor| (flavor, key))
}

/// Labels as GitHub compares them: trimmed, without letter case, each once.
#[must_use]
pub fn label_set<'a>(labels: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    labels
        .into_iter()
        .map(|label| label.trim().to_ascii_lowercase())
        .collect()
}

/// The labels of a rule: one, or a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct LabelPatterns(pub Vec<LabelPattern>);

/// A label, or the beginning of labels with a `*` at its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct LabelPattern(pub String);

impl LabelPattern {
    fn parse(text: &str) -> Result<Self, String> {
        let name = text.strip_suffix('*').unwrap_or(text);
        let wrong = match name {
            "" if text.is_empty() => "it is empty",
            "" => "it stands for every label there is",
            name if name.contains('*') => "`*` can only stand at its end",
            name if name.contains(char::is_whitespace) => "it contains a space",
            name if name.chars().count() > 100 => "it is longer than 100 characters",
            _ => return Ok(Self(text.to_owned())),
        };
        Err(format!(
            "`{text}` cannot be a label of a rule: {wrong}\nwrite `gpu`, or `gpu-*` for all that begin so"
        ))
    }

    /// Whether it stands for this label, which is folded.
    fn fits(&self, label: &str) -> bool {
        let pattern = self.0.trim().to_ascii_lowercase();
        match pattern.strip_suffix('*') {
            Some(beginning) => label.starts_with(beginning),
            None => label == pattern,
        }
    }
}

impl<'de> Deserialize<'de> for LabelPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl OneOrMany for LabelPatterns {
    type Item = LabelPattern;

    const FORMS: &'static str = "a label or a list of labels";

    fn item<E: Error>(text: &str) -> Result<LabelPattern, E> {
        LabelPattern::parse(text).map_err(E::custom)
    }

    fn of_items<E: Error>(patterns: Vec<LabelPattern>) -> Result<Self, E> {
        if patterns.is_empty() {
            return Err(E::custom(
                "a rule without a label serves nobody\nwrite `labels: gpu`",
            ));
        }
        Ok(Self(patterns))
    }
}

impl<'de> Deserialize<'de> for LabelPatterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_or_many(deserializer)
    }
}

impl JsonSchema for LabelPatterns {
    fn schema_name() -> Cow<'static, str> {
        "LabelPatterns".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A label or a list of labels; each may end in *.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }],
        })
    }
}

/// A hardware flavor of Hugging Face Jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FlavorName(pub &'static str);

impl<'de> Deserialize<'de> for FlavorName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = words::FLAVORS.iter().find(|known| **known == name);
        known
            .map(|known| Self(known))
            .ok_or_else(|| D::Error::custom(words::unknown("flavor", &name, words::FLAVORS)))
    }
}

impl JsonSchema for FlavorName {
    fn schema_name() -> Cow<'static, str> {
        "FlavorName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "A hardware flavor.", "enum": words::FLAVORS })
    }
}

/// Runners that a dispatcher keeps ready beyond what jobs ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WarmPool {
    /// The labels of its runners.
    pub labels: Vec<Word>,
    /// How many.
    pub count: u32,
}

/// The declared pools, one for a label set at most.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct WarmPools(pub Vec<WarmPool>);

impl WarmPools {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for WarmPools {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LabelsOrList;
        impl<'de> Visitor<'de> for LabelsOrList {
            type Value = WarmPools;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a mapping from labels to counts, or a list of `{ labels: [a, b], count: 2 }`",
                )
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WarmPools, A::Error> {
                let mut pools = Vec::new();
                while let Some((label, count)) = map.next_entry::<Placed<String>, u32>()? {
                    pools.push(WarmPool {
                        labels: vec![Word::placed(label)],
                        count,
                    });
                }
                Ok(WarmPools(pools))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<WarmPools, A::Error> {
                let mut pools = Vec::new();
                while let Some(pool) = items.next_element::<WarmPool>()? {
                    if pool.labels.is_empty() {
                        let what = "a pool without a label is of no use\nwrite `warm: { hf-jobs-cpu-basic: 2 }`";
                        return Err(A::Error::custom(what));
                    }
                    pools.push(pool);
                }
                Ok(WarmPools(pools))
            }
        }
        deserializer.deserialize_any(LabelsOrList)
    }
}

impl JsonSchema for WarmPools {
    fn schema_name() -> Cow<'static, str> {
        "WarmPools".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let pool = generator.subschema_for::<WarmPool>();
        json_schema!({
            "description": "Runners kept ready: a count per label, or a list for sets of several labels.",
            "anyOf": [
                { "type": "object", "additionalProperties": { "type": "integer", "minimum": 0 } },
                { "type": "array", "items": pool },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flavor(rules: &[(&[&str], &'static str)], labels: &[&str]) -> Option<&'static str> {
        let rules: Vec<LabelRule> = rules
            .iter()
            .map(|(labels, flavor)| LabelRule {
                labels: LabelPatterns(
                    labels
                        .iter()
                        .map(|label| LabelPattern::parse(label).unwrap())
                        .collect(),
                ),
                flavor: FlavorName(flavor),
                image: None,
            })
            .collect();
        flavor_of(Some(&rules), &label_set(labels.iter().copied()))
    }

    #[test]
    fn a_rule_serves_its_labels_and_no_set_with_more_or_less() {
        let rules: &[(&[&str], &str)] = &[
            (&["self-hosted", "gpu"], "t4-small"),
            (&["big-*"], "h200"),
            (&["big-cpu"], "cpu-xl"),
        ];
        assert_eq!(flavor(rules, &["GPU", "self-hosted"]), Some("t4-small"));
        assert_eq!(flavor(rules, &["gpu"]), None);
        assert_eq!(flavor(rules, &["gpu", "self-hosted", "linux"]), None);
        assert_eq!(
            flavor(rules, &["big-cpu"]),
            Some("h200"),
            "the first counts"
        );
        assert_eq!(flavor(rules, &["big-a", "big-b"]), Some("h200"));
        assert_eq!(
            flavor(rules, &["hf-jobs-cpu-basic"]),
            None,
            "rules replace the convention"
        );
        assert_eq!(flavor(rules, &[]), None);
        assert_eq!(flavor(&[], &["hf-jobs-cpu-basic"]), None);
    }

    #[test]
    fn a_label_with_an_image_key_is_served_by_a_rule_that_names_the_image() {
        let set = label_set(["hf-jobs-cpu-basic:cuda"]);
        assert_eq!(flavor_of(None, &set), None, "nobody said which image");
        let read = |text: &str| serde_json::from_str::<LabelRule>(text);
        let whole =
            r#"{"labels":"HF-Jobs-cpu-basic:CUDA","flavor":"cpu-basic","image":"nvidia/cuda:12"}"#;
        let rule = read(whole).unwrap();
        assert_eq!(
            rule.names_image(),
            Some(("cuda".to_owned(), "nvidia/cuda:12"))
        );
        assert_eq!(flavor_of(Some(&[rule]), &set), Some("cpu-basic"));
        for wrong in [
            r#"{"labels":"hf-jobs-cpu-basic:cuda","flavor":"cpu-basic"}"#,
            r#"{"labels":["hf-jobs-cpu-basic:cuda"],"flavor":"t4-small","image":" "}"#,
        ] {
            let refused = read(wrong).unwrap_err().to_string();
            assert!(
                refused.contains("by the key `cuda`") && refused.contains("write `image:"),
                "{refused}"
            );
        }
        let other = r#"{"labels":["gpu:cuda"],"flavor":"t4-small"}"#;
        assert_eq!(
            read(other).unwrap().names_image(),
            None,
            "no label of the convention"
        );
    }

    #[test]
    fn a_star_stands_at_the_end_of_a_label_or_nowhere() {
        for wrong in ["", "*", "gpu-*-big", "g pu", "**"] {
            assert!(LabelPattern::parse(wrong).is_err(), "{wrong}");
        }
        assert!(LabelPattern::parse("gpu-*").is_ok());
    }
}
