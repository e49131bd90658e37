//! What became of each fault of a plan: how often its occasion came, how often it struck, and whether that is news.
//!
//! A fault that never strikes makes its scenario say more than was tried, and nobody would notice.

use fakes::history::{Event, What};
use scenarios::plan::{Fault, Only, Plan};
use serde::{Deserialize, Serialize};
use vocabulary::Which;

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
    /// What it is `for`, as the language writes it.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
    /// True if it strikes at a moment in the life of a runner's process.
    #[serde(default)]
    pub at_a_moment: bool,
    /// How often something came to one of its places.
    pub reached: u64,
    /// How often that was what the fault is meant for.
    pub matched: u64,
    /// How often it was open then.
    #[serde(default)]
    pub open: u64,
    /// How often its effect would have made a difference, too.
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
            open,
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
            effect: fault.effect.key().to_owned(),
            may_miss: fault.may_miss,
            times: fault.times.map(u64::from),
            drawn: fault.chance.is_some(),
            only: narrowed(&fault.only),
            at_a_moment: fault.effect.kind().waits_for_a_moment(),
            reached: *reached,
            matched: *matched,
            open: *open,
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
        self.open += other.open;
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

    /// Why it never struck: the first of its counts that is 0 tells.
    #[must_use]
    pub fn why_not(&self) -> String {
        if self.reached == 0 {
            return self.nothing_came();
        }
        let came = match self.to.as_slice() {
            [place] if place == "webhook" => "what was delivered".to_owned(),
            [place] if place == "runner" => "what runners did".to_owned(),
            places => format!("what came to {}", places.join(", ")),
        };
        if self.matched == 0 {
            let only = self.only.as_deref().unwrap_or_default();
            let reached = how_often(self.reached);
            return format!("{came} ({reached}) was never what it is for: {{ {only} }}");
        }
        if self.open == 0 {
            let matched = how_often(self.matched);
            return format!("{came} for it ({matched}) came before it began or after it was over");
        }
        if self.occasions == 0 && self.at_a_moment {
            return "the moment that it waits for came in no runner's life".to_owned();
        }
        if self.occasions == 0 {
            let open = how_often(self.open);
            return format!(
                "it met {open} what it is for, and would have changed nothing, or another fault decided before it"
            );
        }
        format!("its chance took none of {}", occasions(self.occasions))
    }

    fn nothing_came(&self) -> String {
        match self.to.as_slice() {
            [place] if place == "webhook" => "no delivery was sent".to_owned(),
            [place] if place == "runner" => "no runner was started".to_owned(),
            [place] if place == "hf.schedule" => "no HF job was scheduled".to_owned(),
            [place] if place.contains('.') => format!("{place} was never called"),
            places => format!("nothing ever came to {}", places.join(", ")),
        }
    }
}

/// So many occasions, in words.
#[must_use]
pub fn occasions(count: u64) -> String {
    match count {
        1 => "1 occasion".to_owned(),
        count => format!("{count} occasions"),
    }
}

fn how_often(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// What a fault strikes only, as the language writes it; none if it strikes whatever comes.
fn narrowed(only: &Only) -> Option<String> {
    let Only {
        job,
        action,
        repo,
        flavor,
        hf_job,
        runner,
    } = only;
    let list = |names: Vec<String>| match names.as_slice() {
        [name] => name.clone(),
        names => format!("[{}]", names.join(", ")),
    };
    let ones = |ones: &Option<Vec<Which>>| {
        let ones = ones.as_ref()?;
        Some(list(ones.iter().map(ToString::to_string).collect()))
    };
    let keys = [
        ("job", job.clone().map(list)),
        ("action", action.clone()),
        ("repo", repo.clone()),
        ("flavor", flavor.clone()),
        ("hf_job", ones(hf_job)),
        ("runner", ones(runner)),
    ];
    let written: Vec<String> = keys
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key}: {}", value?)))
        .collect();
    (!written.is_empty()).then(|| written.join(", "))
}
