//! The JSON Schema of the language, for editors.

use schemars::generate::SchemaSettings;
use vocabulary::PROPERTIES;

use crate::written::Scenario;

/// The JSON Schema (draft 2020-12) of scenario and plan files.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.root_schema_for::<Scenario>().to_value();
    allow_parameters(&mut schema);
    schema["properties"]["about"]["items"] = serde_json::json!({ "enum": PROPERTIES });
    schema["title"] = "dispatchlab scenario".into();
    schema
}

/// A number may also be written as a parameter, `$name`, which is text.
fn allow_parameters(schema: &mut serde_json::Value) {
    use serde_json::Value;
    match schema {
        Value::Array(items) => items.iter_mut().for_each(allow_parameters),
        Value::Object(keys) => {
            keys.values_mut().for_each(allow_parameters);
            let number = |kind: &Value| kind == "integer" || kind == "number" || kind == "boolean";
            match keys.get_mut("type") {
                Some(kind) if number(kind) => *kind = serde_json::json!([kind, "string"]),
                Some(Value::Array(kinds))
                    if kinds.iter().any(number) && !kinds.contains(&"string".into()) =>
                {
                    kinds.push("string".into());
                }
                _ => {}
            }
        }
        _ => {}
    }
}
