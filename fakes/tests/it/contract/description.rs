//! GitHub's own descriptions of its API and its webhooks, as npm's `@octokit/openapi` and
//! `@octokit/openapi-webhooks` publish them, and what an answer must be to fit them.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::{
    exceptions::{Correction, Mistake, OF_THE_API, OF_WEBHOOKS},
    schema::{Keys, document},
    violation::{Violation, violations},
};

/// One of the descriptions. Validators are compiled when they are first used.
pub(crate) struct Description {
    document: Value,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

/// Something GitHub describes: a call of its API, or a webhook.
pub(crate) struct Operation<'d> {
    /// `GET /app`, or the webhook's key.
    pub(crate) name: String,
    description: &'d Description,
    value: &'d Value,
}

impl Description {
    /// GitHub's REST API.
    pub(crate) fn rest() -> &'static Self {
        static REST: LazyLock<Description> =
            LazyLock::new(|| Description::load("openapi", OF_THE_API));
        &REST
    }

    /// GitHub's webhooks.
    pub(crate) fn webhooks() -> &'static Self {
        static WEBHOOKS: LazyLock<Description> =
            LazyLock::new(|| Description::load("openapi-webhooks", OF_WEBHOOKS));
        &WEBHOOKS
    }

    fn load(package: &str, corrections: &[Correction]) -> Self {
        let file = octokit(package).join("generated/api.github.com.json");
        let text = fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("failed to read {}: {error}", file.display()));
        let mut description = Self {
            document: serde_json::from_str(&text).expect("GitHub's description is JSON"),
            validators: Mutex::default(),
        };
        corrections
            .iter()
            .for_each(|correction| description.correct(correction));
        description
    }

    fn correct(&mut self, correction: &Correction) {
        let Correction { place, right, .. } = correction;
        let right = self.document.pointer(right).cloned();
        let right = right.unwrap_or_else(|| panic!("there is nothing like {place}"));
        let schema = self.document.pointer_mut(place);
        let schema = schema.unwrap_or_else(|| panic!("there is no {place} to correct"));
        let mistaken = match correction.mistake {
            Mistake::Has(key) => schema.pointer(key).is_some(),
            Mistake::Lacks(key) => schema.pointer(key).is_none(),
        };
        assert!(mistaken, "{place} needs no correction any more");
        *schema = right;
    }

    /// The call of this method and path, which is written exactly as GitHub writes it.
    pub(crate) fn call(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let value = self.document["paths"]
            .get(path)?
            .get(method.to_lowercase())?;
        Some(Operation {
            name: format!("{method} {path}"),
            description: self,
            value,
        })
    }

    /// The webhook of this event and action.
    pub(crate) fn webhook(&self, event: &str, action: Option<&str>) -> Option<Operation<'_>> {
        let words: Vec<&str> = [event].into_iter().chain(action).collect();
        let name = words.join("-").replace('_', "-");
        let value = self.document["webhooks"].get(&name)?.get("post")?;
        Some(Operation {
            name,
            description: self,
            value,
        })
    }

    /// What a `$ref` outside schemas stands for.
    fn resolved<'d>(&'d self, value: &'d Value) -> &'d Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self
                .document
                .pointer(reference.trim_start_matches('#'))
                .unwrap_or_else(|| panic!("{reference} leads nowhere")),
            None => value,
        }
    }

    fn validator(&self, name: String, schema: &Value, keys: Keys) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let compile = || {
            let document = document(schema, keys, &self.document["components"]);
            let validator = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .should_validate_formats(true)
                .should_ignore_unknown_formats(true)
                .build(&document);
            Arc::new(validator.unwrap_or_else(|error| panic!("the schema is broken: {error}")))
        };
        validators.entry(name).or_insert_with(compile).clone()
    }
}

impl Operation<'_> {
    /// The statuses it is described to answer with.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let responses = self.value["responses"].as_object();
        responses
            .into_iter()
            .flatten()
            .filter_map(|(status, _)| status.parse().ok())
            .collect()
    }

    /// The names of its query parameters.
    pub(crate) fn query_names(&self) -> Vec<&str> {
        self.parameters("query")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect()
    }

    /// The names of the headers it requires.
    pub(crate) fn required_headers(&self) -> Vec<&str> {
        self.parameters("header")
            .filter(|parameter| parameter["required"] == true)
            .filter_map(|parameter| parameter["name"].as_str())
            .collect()
    }

    fn parameters(&self, place: &'static str) -> impl Iterator<Item = &Value> {
        let parameters = self.value["parameters"].as_array();
        parameters
            .into_iter()
            .flatten()
            .map(|parameter| self.description.resolved(parameter))
            .filter(move |parameter| parameter["in"] == place)
    }

    /// What is wrong with a request's body, or a webhook's. Without a body there is `null`.
    pub(crate) fn check_request(&self, body: &Value, keys: Keys) -> Vec<Violation> {
        let request = self.description.resolved(&self.value["requestBody"]);
        if body.is_null() {
            return if request["required"] == true {
                vec![Violation::whole("the request needs a body", "nothing")]
            } else {
                Vec::new()
            };
        }
        match request.pointer("/content/application~1json/schema") {
            Some(schema) => self.check(&format!("request {keys:?}"), schema, keys, body),
            // Clients send `{}` where GitHub wants nothing, and GitHub does not mind.
            None if *body == json!({}) => Vec::new(),
            None => vec![Violation::whole(
                "the request has no body",
                body.to_string(),
            )],
        }
    }

    /// What is wrong with an answer. Without a body there is `null`.
    pub(crate) fn check_response(&self, status: u16, body: &Value) -> Vec<Violation> {
        let Some(response) = self.value["responses"].get(status.to_string()) else {
            return self.check_undescribed(status, body);
        };
        let response = self.description.resolved(response);
        let content = response["content"]
            .as_object()
            .filter(|kinds| !kinds.is_empty());
        match (content, body) {
            (None, Value::Null) => Vec::new(),
            (None, body) => vec![Violation::whole("there is no body", body.to_string())],
            (Some(content), body) => match content.get("application/json") {
                Some(_) if body.is_null() => {
                    vec![Violation::whole("there is a JSON body", "nothing")]
                }
                // GitHub's errors have keys that are not described in all places, such as `status`.
                Some(json) if status >= 400 => {
                    self.check(&status.to_string(), &json["schema"], Keys::Any, body)
                }
                Some(json) => {
                    let schema = &json["schema"];
                    self.check(&status.to_string(), schema, Keys::Described, body)
                }
                None => Vec::new(),
            },
        }
    }

    /// GitHub lists errors only for some of its calls; all of them look the same.
    fn check_undescribed(&self, status: u16, body: &Value) -> Vec<Violation> {
        if status < 400 {
            let described = format!("the status is one of {:?}", self.statuses());
            return vec![Violation::whole(described, status.to_string())];
        }
        check_basic_error(body)
    }

    fn check(&self, part: &str, schema: &Value, keys: Keys, body: &Value) -> Vec<Violation> {
        let name = format!("{} {part}", self.name);
        violations(&self.description.validator(name, schema, keys), body)
    }
}

/// What is wrong with an error of a call, or a status, that GitHub does not describe.
pub(crate) fn check_basic_error(body: &Value) -> Vec<Violation> {
    let schema = json!({"$ref": "#/components/schemas/basic-error"});
    let validator = Description::rest().validator("basic-error".to_owned(), &schema, Keys::Any);
    violations(&validator, body)
}

/// The folder of one of Octokit's packages.
pub(crate) fn octokit(package: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/node/node_modules/@octokit")
        .join(package);
    assert!(
        folder.exists(),
        "{} is missing: run `npm ci --prefix tests/node`",
        folder.display()
    );
    folder
}
