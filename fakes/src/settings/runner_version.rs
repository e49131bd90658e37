//! Versions of the runner.

use std::{fmt, str::FromStr};

/// A version of `actions/runner`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunnerVersion(pub u32, pub u32, pub u32);

impl RunnerVersion {
    /// The version of a container that names none.
    pub const CURRENT: Self = Self(2, 336, 0);
    /// The oldest one that GitHub announced to take, once it enforces that.
    pub const ANNOUNCED_MIN: Self = Self(2, 329, 0);
}

impl fmt::Display for RunnerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRunnerVersion;

impl FromStr for RunnerVersion {
    type Err = NoRunnerVersion;

    fn from_str(text: &str) -> Result<Self, NoRunnerVersion> {
        let mut parts = text.trim_start_matches('v').split('.').map(str::parse);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch)), None) => {
                Ok(Self(major, minor, patch))
            }
            _ => Err(NoRunnerVersion),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let read = |text: &str| text.parse::<RunnerVersion>();
        assert!(read("2.99.0").unwrap() < read("v2.329.0").unwrap());
        assert_eq!(
            read("2.336.0").map(|it| it.to_string()),
            Ok("2.336.0".to_owned())
        );
        assert_eq!(read("latest"), Err(NoRunnerVersion));
        assert_eq!(read("2.336"), Err(NoRunnerVersion));
    }
}
