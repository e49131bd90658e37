//! Which jobs a listing or a count is asked for.

use crate::{
    github::query_pairs,
    hf::{
        job::{
            fields::Checked,
            invalid::{Invalid, Issue},
            labels::{is_label_key, is_label_value},
        },
        state::{Among, HfJob, Status},
    },
    history::Stage,
};

/// The longest cursor.
const CURSOR_CHARACTERS_MAX: usize = 2048;

/// Of several stages any must match, of several labels all.
pub(in crate::hf) struct JobFilter {
    stages: Vec<Stage>,
    labels: Vec<(String, String)>,
    /// Jobs with a smaller ordinal only.
    before: usize,
}

impl JobFilter {
    pub(in crate::hf) fn parse(query: &str) -> Checked<Self> {
        let mut filter = Self {
            stages: Vec::new(),
            labels: Vec::new(),
            before: usize::MAX,
        };
        for (key, value) in query_pairs(query) {
            match key.as_str() {
                "stage" => {
                    let stage = serde_json::from_value(value.into());
                    let issue = || Issue::NoOption("a stage".to_owned());
                    let stage = stage.map_err(|_| Invalid::at("stage", issue()))?;
                    filter.stages.push(stage);
                }
                "label" => filter.labels.push(label(&value)?),
                "cursor" => {
                    let cursor = Some(value).filter(|text| text.len() <= CURSOR_CHARACTERS_MAX);
                    filter.before = cursor
                        .and_then(|text| text.parse().ok())
                        .ok_or_else(|| Invalid::at("cursor", Issue::NoCursor))?;
                }
                _ => {}
            }
        }
        Ok(filter)
    }

    /// Where all jobs are that it can match. What was live at an earlier moment may have ended since.
    pub(in crate::hf) fn among(&self, of_before: bool) -> Among<'_> {
        let before = self.before.saturating_sub(1);
        let is_live = |stages: &[Stage]| {
            !stages.is_empty() && !stages.iter().any(|stage| stage.is_terminal())
        };
        if is_live(&self.stages) && !of_before {
            return Among::Live { before };
        }
        match self.labels.first() {
            Some((key, value)) => Among::Labelled {
                label: (key, value),
                before,
            },
            None => Among::All { before },
        }
    }

    pub(in crate::hf) fn matches(&self, job: &HfJob, status: &Status) -> bool {
        job.ordinal < self.before
            && (self.stages.is_empty() || self.stages.contains(&status.stage))
            && self
                .labels
                .iter()
                .all(|(key, value)| job.spec.labels.get(key) == Some(value))
    }
}

/// `key=value`.
pub(in crate::hf) fn label(text: &str) -> Checked<(String, String)> {
    text.split_once('=')
        .filter(|(key, value)| is_label_key(key) && is_label_value(value))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| Invalid::at("label", Issue::NoFilter))
}
