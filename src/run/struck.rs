//! What became of each fault of a plan: how often its occasion came, how often it struck, and whether that is news.
//!
//! A fault that never strikes makes its scenario say more than was tried, and nobody would notice.

use fakes::history::{Event, What};
use scenarios::plan::{Fault, Plan};
use serde::{Deserialize, Serialize};

/// From how many seeds on bad luck is no excuse any more for a fault that never struck.
pub const SEEDS_TO_BE_LUCKY: usize = 20;

/// What became of one fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Struck {
    /// Its line in the scenario; of a fragment's fault, the line of `use`.
    pub line: usize,
    /// The places it strikes.
    pub to: Vec<String>,
    /// What it does, as the language calls it.
    pub effect: String,
    /// True if it is fine that it never strikes.
    pub may_miss: bool,
    /// How often it may strike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// True if it is drawn whether it strikes.
    pub drawn: bool,
    /// How often something came to one of its places.
    pub reached: u64,
    /// How often that was what the fault is meant for.
    pub matched: u64,
    /// How often it could have struck then.
    pub occasions: u64,
    /// How often it struck.
    pub strikes: u64,
}

/// What is to be said of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It struck as often as it could.
    None,
    /// It had no occasion to strike.
    NoOccasion,
    /// It had occasions, and each draw was against it.
    Unlucky,
    /// It struck less often than it may.
    Part,
}

impl Struck {
    /// What became of the faults of `plan`, as the history counts them. A history that was cut short counts none.
    #[must_use]
    pub fn read(plan: &Plan, events: &[Event]) -> Vec<Self> {
        // They are the last events but one, and a history may hold a million.
        let mut found: Vec<_> = events
            .iter()
            .rev()
            .take_while(|event| {
                matches!(
                    event.event,
                    What::WorldEnded { .. } | What::FaultCounted { .. }
                )
            })
            .filter_map(|event| Self::of(plan, &event.event))
            .collect();
        found.reverse();
        found
    }

    fn of(plan: &Plan, event: &What) -> Option<Self> {
        let What::FaultCounted {
            fault,
            reached,
            matched,
            occasions,
            strikes,
        } = event
        else {
            return None;
        };
        // A fault that was injected while the world ran is none of the plan's.
        let fault: &Fault = plan.faults.get(*fault)?;
        Some(Self {
            line: fault.line,
            to: fault.to.clone(),
            effect: fault.effect.word().to_owned(),
            may_miss: fault.may_miss,
            times: fault.times.map(u64::from),
            drawn: fault.chance.is_some(),
            reached: *reached,
            matched: *matched,
            occasions: *occasions,
            strikes: *strikes,
        })
    }

    /// What is to be said of it.
    #[must_use]
    pub fn news(&self) -> News {
        match (self.strikes, self.occasions) {
            (0, 0) => News::NoOccasion,
            (0, _) => News::Unlucky,
            (strikes, _) if self.times.is_some_and(|times| strikes < times) => News::Part,
            _ => News::None,
        }
    }

    /// Adds the counts of the same fault in another run.
    pub fn add(&mut self, other: &Self) {
        self.reached += other.reached;
        self.matched += other.matched;
        self.occasions += other.occasions;
        self.strikes += other.strikes;
        self.times = self.times.zip(other.times).map(|(all, more)| all + more);
    }

    /// The fault, for people: its line, its places and its effect.
    #[must_use]
    pub fn name(&self) -> String {
        format!(
            "the fault of line {} ({}: {})",
            self.line,
            self.to.join(", "),
            self.effect
        )
    }

    /// Why it never struck.
    #[must_use]
    pub fn why_not(&self) -> String {
        let places = self.to.join(", ");
        match (self.reached, self.matched, self.occasions) {
            (0, ..) => match self.to.as_slice() {
                [place] if place == "webhook" => "no delivery was sent".to_owned(),
                [place] if place == "runner" => "no runner was started".to_owned(),
                [place] if place == "hf.schedule" => "no HF job was scheduled".to_owned(),
                [place] if place.contains('.') => format!("{place} was never called"),
                _ => format!("nothing ever came to {places}"),
            },
            (reached, 0, _) => format!(
                "what came to {places} ({reached} times) was never what it is `for`: no such job, action, repository or flavor"
            ),
            (_, matched, 0) => format!(
                "what it is meant for came to {places} ({matched} times) only before it began or after it was over, or would have been the same without it"
            ),
            (_, _, occasions) => {
                format!("of {occasions} occasions its chance took none")
            }
        }
    }
}
