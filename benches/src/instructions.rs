//! Instructions counted by valgrind, read out of its profile and held against what was recorded: the same on every machine of
//! one kind, however busy it is.

use std::collections::BTreeMap;

/// A count may be so much above what was recorded, in percent.
pub const ALLOWED_PERCENT: u64 = 5;

/// What one profile counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// All of it.
    pub instructions: u64,
    /// What hashing took of it. Valgrind has no hardware for that: it counts what a real machine does not do.
    pub hashing: u64,
}

impl Counted {
    /// Reads a profile as callgrind writes it. Only what a function did itself is counted, not what it called.
    ///
    /// # Errors
    /// If a line is not one of such a profile.
    pub fn read(profile: &str) -> Result<Self, String> {
        let mut names: BTreeMap<&str, bool> = BTreeMap::new();
        let (mut counted, mut is_hashing, mut is_of_callee) = (Self::default(), false, false);
        for (index, line) in profile.lines().enumerate() {
            let (own, called) = (line.strip_prefix("fn="), line.strip_prefix("cfn="));
            if let Some(name) = own.or(called) {
                // A name is written out where it comes first: `(12) name`, and then `(12)`.
                let (id, name) = name.split_once(' ').unwrap_or((name, ""));
                if !name.is_empty() {
                    names.insert(id, hashes(name));
                }
                if own.is_some() {
                    is_hashing = names.get(id).copied().unwrap_or(false);
                }
                continue;
            }
            if line.starts_with("calls=") {
                is_of_callee = true;
                continue;
            }
            if !line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
                continue;
            }
            if std::mem::take(&mut is_of_callee) {
                continue;
            }
            let cost = line.split_whitespace().nth(1);
            let cost: u64 = cost
                .and_then(|cost| cost.parse().ok())
                .ok_or_else(|| format!("line {} of the profile has no cost: {line}", index + 1))?;
            counted.instructions += cost;
            if is_hashing {
                counted.hashing += cost;
            }
        }
        if counted.instructions == 0 {
            return Err("the profile counted nothing".to_owned());
        }
        Ok(counted)
    }

    /// What each of `seeds` took that this profile has and `fewer` has not, hashing left out.
    #[must_use]
    pub fn each_of(self, fewer: Self, seeds: u64) -> u64 {
        let without = |counted: Self| counted.instructions - counted.hashing;
        without(self).saturating_sub(without(fewer)) / seeds.max(1)
    }
}

fn hashes(function: &str) -> bool {
    ["sha1::", "sha2::"]
        .iter()
        .any(|of| function.starts_with(of))
}

/// What a count comes to, beside what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is no more than that and what is allowed.
    Holds,
    /// It is more.
    TooMany,
    /// It is so much less that the record is worth making anew: else what was won can be lost again unseen.
    RecordAnew,
    /// Nothing was recorded.
    Unrecorded,
}

impl Verdict {
    /// Holds a count against the record.
    #[must_use]
    pub fn of(counted: u64, recorded: Option<u64>) -> Self {
        let Some(recorded) = recorded else {
            return Self::Unrecorded;
        };
        let allowed = recorded / 100 * ALLOWED_PERCENT;
        if counted > recorded + allowed {
            Self::TooMany
        } else if counted + allowed < recorded {
            Self::RecordAnew
        } else {
            Self::Holds
        }
    }

    /// Whether the run fails by it.
    #[must_use]
    pub const fn fails(self) -> bool {
        match self {
            Self::TooMany | Self::Unrecorded => true,
            Self::Holds | Self::RecordAnew => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "version: 1
events: Ir
fl=(1) seeds.rs
fn=(1) dispatchlab::run::virtual_tier::Lab::run
12 300
+1 20
cfn=(2) sha2::sha256::compress256
calls=3 40
+1 900
fe=(2)
-4 5

fn=(2)
40 500
fi=(3) other.rs
* 400

fn=(3) fakes::asha2::no_hash
7 1
totals: 1226
";

    #[test]
    fn what_a_function_called_is_not_counted_twice() {
        let counted = Counted::read(PROFILE).unwrap();
        assert_eq!(counted.instructions, 300 + 20 + 5 + 500 + 400 + 1);
    }

    #[test]
    fn hashing_is_told_apart_where_a_name_is_only_a_number() {
        let named = PROFILE.replace("fn=(2)\n", "fn=(2) sha2::sha256::compress256\n");
        assert_eq!(Counted::read(&named).unwrap().hashing, 900);
        // Where it was called first, its name stands there.
        assert_eq!(Counted::read(PROFILE).unwrap().hashing, 900);
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        assert!(Counted::read("").is_err());
        assert!(Counted::read("fn=(1) f\n12 many\n").is_err());
    }

    #[test]
    fn start_up_and_hashing_are_taken_out() {
        let fewer = Counted {
            instructions: 1_000,
            hashing: 400,
        };
        let more = Counted {
            instructions: 3_000,
            hashing: 1_400,
        };
        assert_eq!(more.each_of(fewer, 10), 100);
    }

    #[test]
    fn more_than_five_percent_above_the_record_fails() {
        assert_eq!(Verdict::of(105_000, Some(100_000)), Verdict::Holds);
        assert_eq!(Verdict::of(105_001, Some(100_000)), Verdict::TooMany);
        assert!(Verdict::TooMany.fails());
        assert!(!Verdict::of(94_000, Some(100_000)).fails());
        assert_eq!(Verdict::of(94_000, Some(100_000)), Verdict::RecordAnew);
    }

    #[test]
    fn what_was_never_recorded_fails() {
        assert!(Verdict::of(1, None).fails());
    }
}
