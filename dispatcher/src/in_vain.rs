//! What was refused for good is not asked again and again: after three such refusals in a row the same request waits until the
//! first of them is ten minutes old.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use jiff::Timestamp;

use crate::core::Failure;

/// So many refusals …
const MANY: usize = 3;
/// … within so long are enough; a little more than the ten minutes in which others may count them.
const WINDOW: Duration = Duration::from_secs(605);

/// The refusals of late, by request.
#[derive(Debug, Default)]
pub(crate) struct InVain(Mutex<BTreeMap<String, VecDeque<Timestamp>>>);

/// The same request: its method, its address without the query, and for whom it is, where that does not stand there.
pub(crate) fn request_key(method: &Method, uri: &str, for_whom: &str) -> String {
    let path = uri.split_once('?').map_or(uri, |(path, _)| path);
    format!("{method} {path} {for_whom}")
}

impl InVain {
    /// Whether it may be asked now. The key is only made if anything was refused of late.
    ///
    /// # Errors
    /// Until when it has to wait.
    pub(crate) fn check(
        &self,
        now: Timestamp,
        key: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|_, times| times.back().is_some_and(|last| end_of(*last) > now));
        if refusals.is_empty() {
            return Ok(());
        }
        let Some(times) = refusals.get(&key()).filter(|times| times.len() >= MANY) else {
            return Ok(());
        };
        let until = times.front().map_or(now, |first| end_of(*first));
        if until <= now {
            return Ok(());
        }
        Err(Failure::Limited {
            until,
            message: format!("refused {MANY} times in a row"),
        })
    }

    /// Notes how it was answered.
    pub(crate) fn answered<T>(
        &self,
        now: Timestamp,
        answer: &Result<T, Failure>,
        key: impl FnOnce() -> String,
    ) {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Err(Failure::Refused {
                status: 400 | 403 | 404 | 410 | 422 | 451,
                ..
            }) => {
                let times = refusals.entry(key()).or_default();
                times.push_back(now);
                if times.len() > MANY {
                    times.pop_front();
                }
            }
            Ok(_) | Err(_) if refusals.is_empty() => {}
            Ok(_) | Err(_) => drop(refusals.remove(&key())),
        }
    }
}

fn end_of(refusal: Timestamp) -> Timestamp {
    refusal.checked_add(WINDOW).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn refused(status: u16) -> Result<(), Failure> {
        Err(Failure::Refused {
            status,
            message: String::new(),
        })
    }

    #[test]
    fn three_refusals_in_a_row_have_the_same_request_wait_until_the_first_is_ten_minutes_old() {
        let in_vain = InVain::default();
        let key = || request_key(&Method::GET, "/jobs?page=2", "");
        for second in [0, 100, 200] {
            assert!(in_vain.check(at(second), key).is_ok());
            in_vain.answered(at(second), &refused(404), key);
        }
        let waits = in_vain.check(at(201), key).unwrap_err();
        assert_eq!(waits.limited_until(), Some(at(605)));
        let without_query = || request_key(&Method::GET, "/jobs", "");
        assert!(in_vain.check(at(201), without_query).is_err());
        for other in [
            || request_key(&Method::POST, "/jobs", ""),
            || request_key(&Method::GET, "/jobs", "lane"),
        ] {
            assert!(in_vain.check(at(201), other).is_ok());
        }
        assert!(in_vain.check(at(605), key).is_ok());
        in_vain.answered(at(605), &refused(404), key);
        assert!(in_vain.check(at(606), key).is_err(), "three of late again");
        assert!(in_vain.check(at(705), key).is_ok());
    }

    #[test]
    fn whatever_is_no_refusal_for_good_ends_the_row() {
        for end in [Ok(()), refused(401), Err(Failure::NoAnswer(String::new()))] {
            let in_vain = InVain::default();
            let key = || "asked".to_owned();
            in_vain.answered(at(0), &refused(403), key);
            in_vain.answered(at(1), &refused(403), key);
            in_vain.answered(at(2), &end, key);
            in_vain.answered(at(3), &refused(403), key);
            assert!(in_vain.check(at(4), key).is_ok());
            in_vain.answered(at(4), &refused(403), key);
            in_vain.answered(at(5), &refused(403), key);
            assert!(in_vain.check(at(6), key).is_err());
        }
    }
}
