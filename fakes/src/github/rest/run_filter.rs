//! What `GET …/actions/runs` can be asked for.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::pages::query_values;
use crate::{
    calls::Incoming,
    github::{
        objects::{invalid::Invalid, run::BRANCH},
        state::{
            accounts::repository::Repository,
            records::State,
            runs::{
                index::{RunIndex, Shelf},
                run::Run,
                standing::{RunConclusion, RunStatus},
            },
        },
    },
    history::Conclusion,
    ids::RunId,
};

/// The filters of one listing.
pub(in crate::github) struct RunFilter {
    /// Where the index has the runs with the wanted status.
    standing: Option<Wanted>,
    actor: Option<String>,
    branch: Option<String>,
    event: Option<String>,
    created: Option<Created>,
    head_sha: Option<String>,
    check_suite: Option<u64>,
}

/// What `?status=` can mean.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    On(Shelf),
    /// A status that no run here ever has.
    Nothing,
}

/// When the run was created: both ends included, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Created {
    from: i64,
    to: i64,
}

impl RunFilter {
    /// Reads the query. A value that cannot be one is refused.
    pub(in crate::github) fn of(request: &Incoming) -> Result<Self, Invalid> {
        let [status, created, check_suite, actor, branch, event, head_sha] = query_values(
            request,
            [
                "status",
                "created",
                "check_suite_id",
                "actor",
                "branch",
                "event",
                "head_sha",
            ],
        );
        let standing = match status {
            None => None,
            Some(text) => Some(Wanted::parse(&text).ok_or(Invalid::RunStatus)?),
        };
        let created = match created {
            None => None,
            Some(text) => Some(Created::parse(&text).ok_or(Invalid::Created)?),
        };
        let check_suite = match check_suite {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| Invalid::CheckSuite)?),
        };
        Ok(Self {
            standing,
            actor,
            branch,
            event,
            created,
            head_sha,
            check_suite,
        })
    }

    /// Whether anything is asked for that limits how many runs are given.
    pub(in crate::github) fn limits(&self) -> bool {
        self.standing.is_some() || self.head_sha.is_some() || self.looks()
    }

    /// Whether the runs themselves have to be looked at.
    fn looks(&self) -> bool {
        self.actor.is_some()
            || self.branch.is_some()
            || self.event.is_some()
            || self.created.is_some()
            || self.check_suite.is_some()
            || (self.standing.is_some() && self.head_sha.is_some())
    }

    /// How many runs fit, and up to `take` of them behind the first `skip`, newest first.
    pub(in crate::github) fn choose<'a>(
        &self,
        state: &'a State,
        repo: &Repository,
        skip: usize,
        take: usize,
    ) -> (usize, Vec<&'a Run>) {
        let shelf = match (&self.standing, &self.head_sha) {
            (Some(Wanted::Nothing), _) => return (0, Vec::new()),
            (_, Some(sha)) => Shelf::Commit(sha.clone()),
            (Some(Wanted::On(shelf)), None) => shelf.clone(),
            (None, None) => Shelf::All,
        };
        let ids = state.runs.index.on(repo.id, shelf);
        let find = |id: &RunId| state.runs.by_id.get(id);
        if !self.looks() {
            let page = ids.iter().rev().skip(skip).take(take);
            return (ids.len(), page.filter_map(find).collect());
        }
        let mut total = 0;
        let mut chosen = Vec::new();
        for run in ids.iter().rev().filter_map(find) {
            if !self.fits(&state.runs.index, run) {
                continue;
            }
            if total >= skip && chosen.len() < take {
                chosen.push(run);
            }
            total += 1;
        }
        (total, chosen)
    }

    fn fits(&self, index: &RunIndex, run: &Run) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let by = |actor: &String| {
            let owner = run.repo.name.split('/').next();
            owner.is_some_and(|owner| owner.eq_ignore_ascii_case(actor))
        };
        let stands = match &self.standing {
            Some(Wanted::On(shelf)) if self.head_sha.is_some() => {
                index.on(run.repo.id, shelf.clone()).contains(&run.id)
            }
            _ => true,
        };
        stands
            && self.actor.as_ref().is_none_or(by)
            && is(&self.branch, BRANCH)
            && is(&self.event, run.event)
            && self
                .created
                .is_none_or(|created| created.holds(run.created_at))
            && self.check_suite.is_none_or(|suite| suite == run.id.0)
    }
}

impl Wanted {
    /// `startup_failure` exists, and GitHub does not take it here.
    fn parse(text: &str) -> Option<Self> {
        let status = |status| Self::On(Shelf::Status(status));
        let conclusion = |one| Self::On(Shelf::Conclusion(RunConclusion::Jobs(one)));
        Some(match text {
            "completed" => status(RunStatus::Completed),
            "in_progress" => status(RunStatus::InProgress),
            "queued" => status(RunStatus::Queued),
            "waiting" => status(RunStatus::Waiting),
            "pending" => status(RunStatus::Pending),
            "requested" => Self::Nothing,
            "action_required" => conclusion(Conclusion::ActionRequired),
            "cancelled" => conclusion(Conclusion::Cancelled),
            "failure" => conclusion(Conclusion::Failure),
            "neutral" => conclusion(Conclusion::Neutral),
            "skipped" => conclusion(Conclusion::Skipped),
            "success" => conclusion(Conclusion::Success),
            "timed_out" => conclusion(Conclusion::TimedOut),
            "stale" => Self::On(Shelf::Conclusion(RunConclusion::Stale)),
            _ => return None,
        })
    }
}

impl Created {
    /// GitHub's search syntax: `2026-11-03`, `>=2026-11-03T10:00:00Z`, `2026-11-01..2026-11-03`, `*..b`.
    fn parse(text: &str) -> Option<Self> {
        let (least, most) = (i64::MIN, i64::MAX);
        if let Some((from, to)) = text.split_once("..") {
            let from = if from == "*" { least } else { moment(from)?.0 };
            let to = if to == "*" { most } else { moment(to)?.1 };
            return Some(Self { from, to });
        }
        let (from, to) = if let Some(rest) = text.strip_prefix(">=") {
            (moment(rest)?.0, most)
        } else if let Some(rest) = text.strip_prefix("<=") {
            (least, moment(rest)?.1)
        } else if let Some(rest) = text.strip_prefix('>') {
            (moment(rest)?.1.checked_add(1)?, most)
        } else if let Some(rest) = text.strip_prefix('<') {
            (least, moment(rest)?.0.checked_sub(1)?)
        } else {
            moment(text)?
        };
        Some(Self { from, to })
    }

    fn holds(self, at: Timestamp) -> bool {
        (self.from..=self.to).contains(&at.as_second())
    }
}

/// The first and the last second of a date, or of a moment.
fn moment(text: &str) -> Option<(i64, i64)> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some((at.as_second(), at.as_second()));
    }
    let day: Date = text.parse().ok()?;
    let start = day
        .to_zoned_datetime(TimeZone::UTC)
        .ok()?
        .timestamp()
        .as_second();
    Some((start, start + 86_399))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(range: &str, at: &str) -> bool {
        Created::parse(range).unwrap().holds(at.parse().unwrap())
    }

    #[test]
    fn a_date_is_a_whole_day_and_ranges_include_their_ends() {
        assert!(holds("2026-11-03", "2026-11-03T23:59:59Z"));
        assert!(!holds("2026-11-03", "2026-11-04T00:00:00Z"));
        assert!(holds("2026-11-01..2026-11-03", "2026-11-03T23:59:59Z"));
        assert!(holds(">=2026-11-03T10:00:00Z", "2026-11-03T10:00:00Z"));
        assert!(!holds(">2026-11-03", "2026-11-03T10:00:00Z"));
        assert!(holds("<2026-11-03", "2026-11-02T23:59:59Z"));
        assert!(!holds("<2026-11-03", "2026-11-03T00:00:00Z"));
        assert!(holds(
            "*..2026-11-03T10:00:00+02:00",
            "2026-11-03T08:00:00Z"
        ));
        assert!(!holds("2026-11-04..*", "2026-11-03T08:00:00Z"));
    }

    #[test]
    fn what_is_no_date_is_no_range() {
        for text in ["", "yesterday", ">=", "2026-13-01", "a..b"] {
            assert_eq!(Created::parse(text), None, "{text}");
        }
    }
}
