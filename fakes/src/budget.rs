//! What a run may come to before it is ended: [`Budget`]. Counts, never real time, so that the same run ends at the
//! same event on every machine and every transport.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::history::{Caller, What};

/// What a run may come to. By default nothing is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Events of the history.
    pub events: u64,
    /// Calls of the dispatcher in any minute of the world's time.
    pub calls: u64,
    /// The same, of one name.
    pub calls_of_one: u64,
    /// Bytes that the lab has to keep: see [`EVENT_BYTES`].
    pub bytes: u64,
}

/// What an event counts for in bytes. Besides, everything that others can make as long as they like is counted as long as it
/// is: paths and bodies of requests, payloads of webhooks, lines of logs.
pub const EVENT_BYTES: u64 = 512;

/// The minute in which calls are counted.
const MINUTE_MS: u64 = 60_000;

impl Default for Budget {
    fn default() -> Self {
        Self {
            events: u64::MAX,
            calls: u64::MAX,
            calls_of_one: u64::MAX,
            bytes: u64::MAX,
        }
    }
}

/// The most that a run came to, by the same measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// Events.
    pub events: u64,
    /// Calls in its busiest minute.
    pub calls: u64,
    /// Calls of one name in the busiest minute of any.
    pub calls_of_one: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A part of a [`Budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// [`Budget::events`].
    Events,
    /// [`Budget::calls`].
    Calls,
    /// [`Budget::calls_of_one`].
    CallsOfOne,
    /// [`Budget::bytes`].
    Bytes,
}

impl Limit {
    /// As the command line and scenarios write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Calls => "calls",
            Self::CallsOfOne => "calls_of_one",
            Self::Bytes => "bytes",
        }
    }
}

/// A part of a budget that is spent. In words it says what was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Which part.
    pub budget: Limit,
    /// The call, where calls of one name are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// How much of it there was: all there may be.
    pub count: u64,
    /// In how long, milliseconds of the world's time.
    pub in_ms: u64,
    /// When, milliseconds of the world's time.
    pub at_ms: u64,
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = grouped(self.count);
        let seconds = Seconds(self.in_ms);
        match (self.budget, &self.call) {
            (Limit::CallsOfOne, Some(call)) => {
                write!(
                    f,
                    "it made {count} calls of `{call}` in {seconds} of its time"
                )
            }
            (Limit::Calls | Limit::CallsOfOne, _) => {
                write!(f, "it made {count} calls in {seconds} of its time")
            }
            (Limit::Events, _) => write!(
                f,
                "its history came to {count} events in {seconds} of its time"
            ),
            (Limit::Bytes, _) => write!(
                f,
                "it came to {count} bytes of history, requests, webhooks and logs in {seconds} of its time"
            ),
        }
    }
}

/// Milliseconds as seconds, without zeros that say nothing.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{text} s")
    }
}

/// A number with a comma after each thousand.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Holds a growing history against a budget.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    budget: Budget,
    used: Used,
    spent: Option<Spent>,
    /// When the dispatcher's calls of the last minute came.
    calls: VecDeque<u64>,
    calls_of: BTreeMap<String, VecDeque<u64>>,
}

impl Meter {
    pub(crate) fn set(&mut self, budget: Budget) {
        self.budget = budget;
    }

    pub(crate) const fn budget(&self) -> Budget {
        self.budget
    }

    pub(crate) const fn used(&self) -> Used {
        self.used
    }

    pub(crate) const fn spent(&self) -> Option<&Spent> {
        self.spent.as_ref()
    }

    /// One more event. True if it is the one that spends the budget.
    pub(crate) fn enter(&mut self, at_ms: u64, event: &What) -> bool {
        self.used.events += 1;
        let mut spent = self.keep(at_ms, EVENT_BYTES);
        if let What::CallReceived {
            by: Caller::Dispatcher,
            name,
            ..
        } = event
        {
            spent |= self.enter_call(at_ms, name);
        }
        if self.used.events >= self.budget.events {
            let count = self.used.events;
            spent |= self.spend(Limit::Events, None, count, at_ms, at_ms);
        }
        spent
    }

    /// So many bytes more to be kept. True if they are what spends the budget.
    pub(crate) fn keep(&mut self, at_ms: u64, bytes: u64) -> bool {
        self.used.bytes = self.used.bytes.saturating_add(bytes);
        let count = self.used.bytes;
        count >= self.budget.bytes && self.spend(Limit::Bytes, None, count, at_ms, at_ms)
    }

    fn enter_call(&mut self, at_ms: u64, name: &str) -> bool {
        let (calls, since) = enter_minute(&mut self.calls, at_ms);
        self.used.calls = self.used.calls.max(calls);
        let of_name = match self.calls_of.get_mut(name) {
            Some(known) => known,
            None => self.calls_of.entry(name.to_owned()).or_default(),
        };
        let (calls_of_one, since_of_one) = enter_minute(of_name, at_ms);
        self.used.calls_of_one = self.used.calls_of_one.max(calls_of_one);
        // Both may be spent by the same call: then the one that says more is told.
        (calls_of_one >= self.budget.calls_of_one
            && self.spend(
                Limit::CallsOfOne,
                Some(name),
                calls_of_one,
                at_ms - since_of_one,
                at_ms,
            ))
            || (calls >= self.budget.calls
                && self.spend(Limit::Calls, None, calls, at_ms - since, at_ms))
    }

    /// Spends it; what is spent already stays so.
    fn spend(
        &mut self,
        budget: Limit,
        call: Option<&str>,
        count: u64,
        in_ms: u64,
        at_ms: u64,
    ) -> bool {
        if self.spent.is_some() {
            return false;
        }
        self.spent = Some(Spent {
            budget,
            call: call.map(str::to_owned),
            count,
            in_ms,
            at_ms,
        });
        true
    }
}

/// One more call: how many there were in the minute that ends with it, and when the first of them came.
fn enter_minute(calls: &mut VecDeque<u64>, at_ms: u64) -> (u64, u64) {
    while calls
        .front()
        .is_some_and(|first| first.saturating_add(MINUTE_MS) <= at_ms)
    {
        calls.pop_front();
    }
    calls.push_back(at_ms);
    let since = calls.front().copied().unwrap_or(at_ms);
    (calls.len() as u64, since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CallId;

    fn call(name: &str, by: Caller) -> What {
        What::CallReceived {
            call: CallId(1),
            by,
            name: name.to_owned(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            credential: None,
            about: None,
        }
    }

    fn meter(budget: Budget) -> Meter {
        let mut meter = Meter::default();
        meter.set(budget);
        meter
    }

    #[test]
    fn calls_of_one_name_are_counted_in_any_minute_not_in_all() {
        let mut meter = meter(Budget {
            calls_of_one: 3,
            ..Budget::default()
        });
        let list = call("hf.list", Caller::Dispatcher);
        let other = call("hf.create", Caller::Dispatcher);
        let entered: Vec<_> = [0, 1_000, 60_000, 61_000, 62_000]
            .into_iter()
            .map(|at_ms| meter.enter(at_ms, &other) | meter.enter(at_ms, &list))
            .collect();
        assert_eq!(entered, [false, false, false, false, true]);
        let spent = meter.spent().unwrap();
        assert_eq!(
            spent.to_string(),
            "it made 3 calls of `hf.create` in 2 s of its time"
        );
        assert_eq!((meter.used().calls, meter.used().calls_of_one), (6, 3));
    }

    #[test]
    fn a_runner_spends_no_calls_of_the_dispatcher_but_events() {
        let mut meter = meter(Budget {
            calls: 1,
            events: 2,
            ..Budget::default()
        });
        let list = call("runner.register", Caller::Runner);
        assert!(!meter.enter(500, &list));
        assert!(meter.enter(1_500, &list));
        let spent = meter.spent().unwrap();
        assert_eq!(spent.budget, Limit::Events);
        assert_eq!(
            spent.to_string(),
            "its history came to 2 events in 1.5 s of its time"
        );
    }

    #[test]
    fn what_was_spent_first_is_what_is_told() {
        let mut meter = meter(Budget {
            bytes: 1_000_000,
            events: 2,
            ..Budget::default()
        });
        assert!(meter.keep(10, 1_000_000));
        assert!(!meter.enter(20, &What::WorldHealed {}));
        assert!(!meter.enter(30, &What::WorldHealed {}));
        let said = meter.spent().unwrap().to_string();
        assert!(said.starts_with("it came to 1,000,000 bytes"), "{said}");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let grouped: Vec<_> = [7, 999, 1_000, 40_000, 1_234_567]
            .into_iter()
            .map(grouped)
            .collect();
        assert_eq!(grouped, ["7", "999", "1,000", "40,000", "1,234,567"]);
    }
}
