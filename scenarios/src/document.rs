//! [`Document`]: a scenario file that was read, ready to be planned for any seed.

use std::collections::BTreeMap;

use vocabulary::Json;

use crate::{
    Choices, Place, Plan, ScenarioError,
    error::Flaw,
    expand, fragments,
    keyed::Keyed,
    recording::Recordings,
    slips,
    written::{Params, Scenario},
    yaml::{Node, Scope, decode},
};

/// A scenario (or plan) file that was read and found to be without flaws.
#[derive(Clone, Debug)]
pub struct Document {
    name: String,
    text: String,
    root: Node,
    params: Params,
    recordings: Recordings,
}

impl Document {
    /// Reads a file. `name` is its path: errors show it, and recordings are looked for next to it.
    ///
    /// The default run is planned on the way, so a flaw anywhere in the file is found here.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let read = || {
            let root = fragments::merged(Node::parse(text)?)?;
            if !is_plan(text) {
                slips::check_before(&root)?;
            }
            let params = Params::read(&root)?;
            Ok((root, params))
        };
        let (root, params) = read().map_err(|flaw: Flaw| flaw.within(name, text))?;
        let recordings = Recordings::of(name);
        let document = Self {
            name: name.to_owned(),
            text: text.to_owned(),
            root,
            params,
            recordings,
        };
        document.plan(&Choices::default())?;
        if !is_plan(text) {
            slips::check(&document.root).map_err(|flaw| flaw.within(name, text))?;
        }
        Ok(document)
    }

    /// The name it was read under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of its parameters.
    #[must_use]
    pub fn param_names(&self) -> Vec<String> {
        self.params.names().map(str::to_owned).collect()
    }

    /// The seed of a plan; a scenario has none.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.root.get("seed")?.text()?.parse().ok()
    }

    /// The labels of each `queue`, each with its place.
    ///
    /// # Errors
    /// None that reading the file had not.
    pub fn labels(&self) -> Result<Vec<Vec<(String, Place)>>, ScenarioError> {
        let decoded = || -> Result<Scenario, Flaw> {
            let scope = self.params.choose(None, &BTreeMap::new())?;
            decode(&self.root, &scope)
        };
        let scenario = decoded().map_err(|flaw| flaw.within(&self.name, &self.text))?;
        let queues = scenario.timeline.value.into_iter();
        let labels = queues.filter_map(|step| Some(step.value.queue?.value.labels.0));
        let placed = labels.map(|labels| {
            let labels = labels.into_iter();
            labels.map(|label| (label.value, label.place)).collect()
        });
        Ok(placed.collect())
    }

    /// What is odd at a place, in a sentence and, after a line break, how to mend it.
    #[must_use]
    pub fn odd(&self, place: Place, text: &str) -> ScenarioError {
        Flaw::at(place, text).within(&self.name, &self.text)
    }

    /// Expands it to a plan.
    ///
    /// A file that has a `seed` is a plan already: that seed wins, and the plan comes out as it went in.
    pub fn plan(&self, choices: &Choices) -> Result<Plan, ScenarioError> {
        self.expand(choices)
            .map_err(|flaw| flaw.within(&self.name, &self.text))
    }

    fn expand(&self, choices: &Choices) -> Result<Plan, Flaw> {
        let keyed = Keyed::new(choices.seed);
        let scope = self
            .params
            .choose(choices.vary.then_some(keyed), &choices.set)?;
        let scenario: Scenario = decode(&self.root, &scope)?;
        let seed = scenario.seed.unwrap_or(choices.seed);
        let params = values(&scope)?;
        expand::plan(scenario, seed, params, &self.recordings)
    }
}

/// Whether a text is a plan: those are JSON, and scenarios are not.
fn is_plan(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The chosen parameters, for the reader of the plan.
fn values(scope: &Scope) -> Result<BTreeMap<String, serde_json::Value>, Flaw> {
    let nothing = Scope::new();
    let values = scope
        .iter()
        .map(|(name, node)| decode::<Json>(node, &nothing).map(|value| (name.clone(), value.0)));
    values.collect()
}
