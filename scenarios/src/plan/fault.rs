//! The faults of a plan: where ([`Fault::to`]), when, how often, and with which [`Effect`] the world is bent.

use serde::{Serialize, Serializer, ser::SerializeMap};
use vocabulary::{Effect, Only};

use super::when::Trigger;

/// One way in which the world is bent.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The places it strikes, counted together: `webhook`, `store`, `runner`, `hf.schedule`, or calls by name (`hf.*`
    /// for all of HF, `runner.*` for the runner's own).
    pub to: Vec<String>,
    /// When it begins; from the start, if missing.
    pub from: Option<Trigger>,
    /// When it ends; never, if missing.
    pub until: Option<Trigger>,
    /// How often it strikes at most.
    pub times: Option<u32>,
    /// With which probability (0 to 1) it strikes what matches.
    pub chance: Option<f64>,
    /// True if it is fine that it never strikes. Otherwise that is news.
    pub may_miss: bool,
    /// What it strikes only.
    pub only: Only,
    /// What it does.
    pub effect: Effect,
    /// The line of the file it was read from; not part of the plan itself.
    pub line: usize,
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("to", &self.to)?;
        if let Some(from) = &self.from {
            map.serialize_entry("from", from)?;
        }
        if let Some(until) = &self.until {
            map.serialize_entry("until", until)?;
        }
        if let Some(times) = self.times {
            map.serialize_entry("times", &times)?;
        }
        if let Some(chance) = self.chance {
            map.serialize_entry("chance", &chance)?;
        }
        if self.may_miss {
            map.serialize_entry("may_miss", &true)?;
        }
        if !self.only.is_all() {
            map.serialize_entry("for", &self.only)?;
        }
        self.effect.write(&mut map)?;
        map.end()
    }
}
