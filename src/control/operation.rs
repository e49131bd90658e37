//! One operation of the control API: what the router needs to answer it, and what the document says about it.

use std::collections::BTreeMap;

use axum::body::Body;
use scenarios::live;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

use super::{Control, problem::Problem};

/// An HTTP method that the control API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Gives a JSON Schema, and puts what it refers to into the generator.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of a type.
pub(super) fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Does an operation. None of them waits, so each happens at one instant of the world.
pub(super) type Handler = fn(&Control, &Ask<'_>) -> Result<Reply, Problem>;

/// An operation.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// The whole path, parameters in braces.
    pub(super) path: &'static str,
    /// Its name in the document.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: &'static [Query],
    /// The schema of its body, and whether there must be one.
    pub(super) body: Option<(SchemaOf, bool)>,
    pub(super) status: u16,
    pub(super) answer: Media,
    /// How it can refuse, besides what every operation can.
    pub(super) refusals: &'static [(u16, &'static str)],
    pub(super) handler: Handler,
}

/// What an operation answers with.
#[derive(Clone, Copy)]
pub(super) enum Media {
    Json(SchemaOf),
    /// JSON Lines, each line of this schema.
    Lines(SchemaOf),
}

/// A query parameter. None of them must be there.
pub(super) struct Query {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) about: &'static str,
}

impl Operation {
    pub(super) const fn new(
        method: Method,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        answer: Media,
        handler: Handler,
    ) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            query: &[],
            body: None,
            status: 200,
            answer,
            refusals: &[],
            handler,
        }
    }

    /// It takes a body of this schema.
    pub(super) const fn takes(mut self, schema: SchemaOf) -> Self {
        self.body = Some((schema, true));
        self
    }

    /// It takes a body of this schema, or none.
    pub(super) const fn may_take(mut self, schema: SchemaOf) -> Self {
        self.body = Some((schema, false));
        self
    }

    /// It makes something: 201.
    pub(super) const fn creates(mut self) -> Self {
        self.status = 201;
        self
    }

    pub(super) const fn asks(mut self, query: &'static [Query]) -> Self {
        self.query = query;
        self
    }

    pub(super) const fn refuses(mut self, refusals: &'static [(u16, &'static str)]) -> Self {
        self.refusals = refusals;
        self
    }

    /// The names of its path's parameters.
    pub(super) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        let parts = self.path.split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// A request to an operation, its parts decoded.
pub(super) struct Ask<'a> {
    pub(super) path: &'a BTreeMap<String, String>,
    pub(super) query: &'a BTreeMap<String, String>,
    pub(super) body: &'a str,
}

impl Ask<'_> {
    /// A number of the path.
    pub(super) fn number(&self, name: &str) -> Result<u64, Problem> {
        let text = self.path.get(name).map_or("", String::as_str);
        text.parse().map_err(|_| {
            Problem::new(
                400,
                &format!("path parameter {name}"),
                &format!("`{text}` is not a number"),
                "ids are written in digits only",
            )
        })
    }

    /// A value of the query.
    pub(super) fn query<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.query.get(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Problem::new(
                400,
                &format!("query parameter {name}"),
                &format!("`{text}` cannot stand here"),
                "the types of all parameters: GET /_lab/openapi.json",
            )
        })
    }

    /// The body, where it is nothing of the scenario language.
    pub(super) fn decoded<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = if self.body.trim().is_empty() {
            "{}"
        } else {
            self.body
        };
        Ok(live::request(body)?)
    }
}

/// An answer.
pub(super) struct Reply {
    pub(super) content_type: &'static str,
    pub(super) body: Body,
}

impl Reply {
    pub(super) fn json(value: &impl Serialize) -> Result<Self, Problem> {
        let text = serde_json::to_string(value).map_err(|error| {
            Problem::new(
                500,
                "answer",
                &error.to_string(),
                "this is a bug of the lab",
            )
        })?;
        Ok(Self {
            content_type: "application/json",
            body: Body::from(text + "\n"),
        })
    }

    pub(super) fn lines(body: Body) -> Self {
        Self {
            content_type: "application/x-ndjson",
            body,
        }
    }
}
