//! The OpenAPI document, made of the same table as the router.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, SchemaOf},
    operations::operations,
    problem::Problem,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation::new(
    Method::Get,
    "/_lab/openapi.json",
    "openapi",
    "This document.",
    Media::Json(any_object),
    answer,
)];

fn any_object(_: &mut SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object" })
}

fn answer(_: &Control, _: &Ask<'_>) -> Result<Reply, Problem> {
    Reply::json(&document())
}

/// The OpenAPI 3.1 document of the control API.
#[must_use]
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.meta_schema = None;
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths = Map::new();
    for operation in operations() {
        let described = describe(operation, &mut generator, problem.as_value());
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_lowercase()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "dispatchlab control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Drives the world that `dispatchlab serve` puts on this address. It has no authentication: it answers on loopback only, unless served with --expose-control, and never to a page of another site. Unknown keys and parameters are refused.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": { "schemas": generator.take_definitions(true) },
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator, problem: &Value) -> Value {
    let mut parameters = Vec::new();
    for name in operation.path_parameters() {
        // Every parameter that ends so is a number, and the router takes nothing else for it.
        let is_number = name.ends_with("_id") || name == "fault";
        let kind = if is_number { "integer" } else { "string" };
        parameters.push(
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": kind } }),
        );
    }
    for query in operation.query {
        parameters.push(json!({
            "name": query.name,
            "in": "query",
            "required": false,
            "description": query.about,
            "schema": { "type": query.kind },
        }));
    }
    let mut responses = Map::new();
    let (media, schema) = match operation.answer {
        Media::Json(schema) => ("application/json", schema),
        Media::Lines(schema) => ("application/x-ndjson", schema),
    };
    responses.insert(
        operation.status.to_string(),
        with_content("Done.", media, &schema_value(schema, generator)),
    );
    let refusal = |text: &str| with_content(text, "application/problem+json", problem);
    for (status, text) in operation.refusals {
        responses.insert(status.to_string(), refusal(text));
    }
    responses.insert(
        "default".to_owned(),
        refusal("Refused: what is wrong, where, and how to mend it."),
    );
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "responses": responses,
    });
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if let Some((schema, required)) = operation.body {
        let schema = schema_value(schema, generator);
        described["requestBody"] = json!({
            "required": required,
            "content": { "application/json": { "schema": schema } },
        });
    }
    described
}

fn schema_value(schema: SchemaOf, generator: &mut SchemaGenerator) -> Value {
    schema(generator).to_value()
}

fn with_content(text: &str, media: &str, schema: &Value) -> Value {
    json!({ "description": text, "content": { media: { "schema": schema } } })
}
