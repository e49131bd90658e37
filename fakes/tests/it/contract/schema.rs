//! GitHub's schemas as JSON Schema 2020-12: OpenAPI 3.0's own words are translated, and only the
//! components a schema needs come along.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Which keys an object may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Keys {
    /// Whatever it likes besides the required ones, as the description has it.
    Any,
    /// Only those the description names: the fake invents none, so another one is misspelt.
    Described,
}

const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const SINGLE: [&str; 3] = ["items", "additionalProperties", "not"];
/// Copied as they are. Everything else says nothing about what is valid.
const COPIED: [&str; 16] = [
    "type",
    "enum",
    "const",
    "format",
    "pattern",
    "required",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "multipleOf",
    "uniqueItems",
];

/// A schema of its own: `schema`, with every component it refers to below `$defs`.
pub(crate) fn document(schema: &Value, keys: Keys, components: &Value) -> Value {
    let mut needs = BTreeSet::new();
    let mut root = converted(schema, keys, &mut needs);
    let mut definitions = Map::new();
    while let Some((name, keys)) = needs.pop_first() {
        let defined = name_of(&name, keys);
        if !definitions.contains_key(&defined) {
            let component = &components["schemas"][&name];
            assert!(component.is_object(), "GitHub describes no schema {name}");
            definitions.insert(defined, converted(component, keys, &mut needs));
        }
    }
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["$defs"] = definitions.into();
    root
}

fn name_of(component: &str, keys: Keys) -> String {
    match keys {
        Keys::Described => component.to_owned(),
        Keys::Any => format!("{component}.any"),
    }
}

fn converted(schema: &Value, keys: Keys, needs: &mut BTreeSet<(String, Keys)>) -> Value {
    let Value::Object(schema) = schema else {
        return schema.clone(); // `true`, `false`
    };
    let mut out = if let Some(reference) = schema.get("$ref") {
        reference_to(reference, keys, needs)
    } else {
        constraints(schema, keys, needs)
    };
    if schema.get("nullable") == Some(&Value::Bool(true)) {
        allow_null(&mut out);
    }
    Value::Object(out)
}

fn reference_to(
    reference: &Value,
    keys: Keys,
    needs: &mut BTreeSet<(String, Keys)>,
) -> Map<String, Value> {
    let name = reference
        .as_str()
        .and_then(|text| text.strip_prefix("#/components/schemas/"))
        .unwrap_or_else(|| panic!("{reference} is no reference to a schema"));
    needs.insert((name.to_owned(), keys));
    let target = format!("#/$defs/{}", name_of(name, keys));
    Map::from_iter([("$ref".to_owned(), target.into())])
}

fn constraints(
    schema: &Map<String, Value>,
    keys: Keys,
    needs: &mut BTreeSet<(String, Keys)>,
) -> Map<String, Value> {
    let mut out = Map::new();
    for key in COPIED {
        if let Some(value) = schema.get(key) {
            out.insert(key.to_owned(), value.clone());
        }
    }
    exclusive_limits(schema, &mut out);
    for key in SINGLE {
        if let Some(value) = schema.get(key) {
            out.insert(key.to_owned(), converted(value, keys, needs));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    if let Some(properties) = properties {
        let converted = properties
            .iter()
            .map(|(name, schema)| (name.clone(), converted(schema, keys, needs)));
        out.insert("properties".to_owned(), converted.collect());
    }
    // Where several schemas describe one object together, none of them knows all of its keys.
    let has_properties = properties.is_some_and(|properties| !properties.is_empty());
    let shared = schema.contains_key("allOf")
        || (has_properties && LISTS.iter().any(|list| schema.contains_key(*list)));
    let inner = if shared { Keys::Any } else { keys };
    for key in LISTS {
        if let Some(Value::Array(members)) = schema.get(key) {
            let members = members
                .iter()
                .map(|member| converted(member, inner, needs))
                .collect();
            out.insert(key.to_owned(), members);
        }
    }
    if keys == Keys::Described && !out.contains_key("additionalProperties") {
        if shared {
            out.insert("unevaluatedProperties".to_owned(), false.into());
        } else if has_properties {
            out.insert("additionalProperties".to_owned(), false.into());
        }
    }
    out
}

/// OpenAPI 3.0 says `minimum: 1, exclusiveMinimum: true`; JSON Schema says `exclusiveMinimum: 1`.
fn exclusive_limits(schema: &Map<String, Value>, out: &mut Map<String, Value>) {
    for (exclusive, limit) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        match schema.get(exclusive) {
            Some(Value::Bool(true)) => {
                if let Some(limit) = out.remove(limit) {
                    out.insert(exclusive.to_owned(), limit);
                }
            }
            Some(limit @ Value::Number(_)) => {
                out.insert(exclusive.to_owned(), limit.clone());
            }
            _ => {}
        }
    }
}

/// `nullable: true`. A reference or a choice cannot take `null` into itself: it becomes one of two.
fn allow_null(out: &mut Map<String, Value>) {
    let composed = out.contains_key("$ref") || LISTS.iter().any(|list| out.contains_key(*list));
    if composed {
        let inner = Value::Object(std::mem::take(out));
        out.insert("anyOf".to_owned(), json!([inner, {"type": "null"}]));
        return;
    }
    if let Some(kind) = out.get_mut("type") {
        *kind = match kind.take() {
            Value::Array(mut kinds) => {
                kinds.push("null".into());
                kinds.into()
            }
            kind => json!([kind, "null"]),
        };
    }
    if let Some(Value::Array(values)) = out.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(schema: &Value, keys: Keys, value: &Value) -> bool {
        let components = json!({"schemas": {
            "cat": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
            "tree": {"type": "object", "properties": {"left": {"$ref": "#/components/schemas/tree"}}},
        }});
        let document = document(schema, keys, &components);
        jsonschema::validator_for(&document)
            .unwrap()
            .is_valid(value)
    }

    #[test]
    fn nullable_adds_null_to_a_type_to_an_enum_and_to_a_reference() {
        let null = Value::Null;
        let cases = [
            json!({"type": "string", "nullable": true}),
            json!({"type": "string", "enum": ["a"], "nullable": true}),
            json!({"$ref": "#/components/schemas/cat", "nullable": true}),
            json!({"anyOf": [{"$ref": "#/components/schemas/cat"}], "nullable": true}),
            json!({"type": "object", "allOf": [{"$ref": "#/components/schemas/cat"}], "nullable": true}),
        ];
        for nullable in cases {
            assert!(accepts(&nullable, Keys::Described, &null), "{nullable}");
            assert!(
                !accepts(&nullable, Keys::Described, &json!(7)),
                "{nullable}"
            );
            let mut strict = nullable.clone();
            strict.as_object_mut().unwrap().remove("nullable");
            assert!(!accepts(&strict, Keys::Described, &null), "{strict}");
        }
    }

    #[test]
    fn a_property_may_have_the_name_of_a_keyword() {
        let schema = json!({"type": "object", "properties": {
            "nullable": {"type": "boolean"}, "example": {"type": "string"}, "items": {"type": "integer"},
        }});
        let value = json!({"nullable": true, "example": "x", "items": 1});
        assert!(accepts(&schema, Keys::Described, &value));
        assert!(!accepts(
            &schema,
            Keys::Described,
            &json!({"example": null})
        ));
    }

    #[test]
    fn exclusive_limits_are_translated() {
        let schema = json!({"minimum": 1, "exclusiveMinimum": true, "maximum": 3, "exclusiveMaximum": false});
        let valid = [1, 2, 3, 4].map(|value| accepts(&schema, Keys::Any, &json!(value)));
        assert_eq!(valid, [false, true, true, false]);
    }

    #[test]
    fn a_key_that_is_not_described_is_refused_on_request_in_composed_objects_too() {
        let more = json!({"id": 1, "idd": 2});
        let plain = json!({"$ref": "#/components/schemas/cat"});
        let composed = json!({"type": "object", "properties": {"name": {"type": "string"}},
                              "allOf": [{"$ref": "#/components/schemas/cat"}]});
        for schema in [&plain, &composed] {
            assert!(accepts(schema, Keys::Any, &more), "{schema}");
            assert!(!accepts(schema, Keys::Described, &more), "{schema}");
        }
        assert!(accepts(
            &composed,
            Keys::Described,
            &json!({"id": 1, "name": "x"})
        ));
        let free = json!({"type": "object", "additionalProperties": true});
        assert!(accepts(&free, Keys::Described, &more));
    }

    #[test]
    fn schemas_may_refer_to_themselves() {
        let tree = json!({"$ref": "#/components/schemas/tree"});
        assert!(accepts(
            &tree,
            Keys::Described,
            &json!({"left": {"left": {}}})
        ));
        assert!(!accepts(
            &tree,
            Keys::Described,
            &json!({"left": {"left": 1}})
        ));
    }
}
