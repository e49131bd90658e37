//! [`Recordings`]: finds and keeps the recordings that a scenario names.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Delivery, Import, import, redact};
use crate::{corpus, error::Flaw, written::Placed};

/// A recording that a scenario names.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) deliveries: Vec<Delivery>,
}

/// The recordings of one scenario, read once.
#[derive(Clone, Debug)]
pub(crate) struct Recordings {
    /// The name of the scenario's file; recordings lie next to it.
    scenario: String,
    loaded: Arc<Mutex<BTreeMap<String, Arc<Recording>>>>,
}

impl Recordings {
    pub(crate) fn of(scenario: &str) -> Self {
        Self {
            scenario: scenario.to_owned(),
            loaded: Arc::default(),
        }
    }

    /// The recording in this file.
    pub(crate) fn get(&self, file: &Placed<String>) -> Result<Arc<Recording>, Flaw> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recording) = loaded.get(&file.value) {
            return Ok(Arc::clone(recording));
        }
        let recording = Arc::new(self.read(file)?);
        loaded.insert(file.value.clone(), Arc::clone(&recording));
        Ok(recording)
    }

    fn read(&self, file: &Placed<String>) -> Result<Recording, Flaw> {
        let text = self.text(file)?;
        let import = import(&file.value, &text, None);
        if let Some(refusal) = import.refused.first().filter(|_| !import.is_empty()) {
            let what = format!(
                "the recording `{}` has a flaw at {}: {}\n{}",
                file.value, refusal.place, refusal.reason, refusal.hint
            );
            return Err(Flaw::at(file.place, &what));
        }
        if import.deliveries.is_empty() {
            let what = format!(
                "the recording `{}` holds no delivery\nput one delivery on each line",
                file.value
            );
            return Err(Flaw::at(file.place, &what));
        }
        // A plan spells recordings out, and bundles are sent around: no secret gets into them.
        let mut imports = [import];
        redact(&mut imports, true);
        let ordered = Import::merged(&file.value, &imports);
        Ok(Recording {
            deliveries: ordered.deliveries,
        })
    }

    fn text(&self, file: &Placed<String>) -> Result<String, Flaw> {
        let folder = Path::new(&self.scenario).parent().unwrap_or(Path::new(""));
        let path = folder.join(&file.value);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(error) => match corpus::recording(&file.value) {
                Some(text) => Ok(text.to_owned()),
                None => {
                    let what = format!(
                        "the recording `{}` cannot be read: {}\na path counts from the scenario's folder, so it was looked for at `{}`",
                        file.value,
                        reason(&error),
                        path.display()
                    );
                    Err(Flaw::at(file.place, &what))
                }
            },
        }
    }
}

/// The reason without the number of the operating system's error.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    }
}
