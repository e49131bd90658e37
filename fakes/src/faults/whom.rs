//! Whom a rule strikes: [`Only`] of the vocabulary, held against what is about to be struck.

use std::collections::BTreeSet;

use vocabulary::Only;

use super::{Subject, known::Known};

/// What a rule is narrowed to.
pub(super) struct Whom {
    only: Only,
    /// Its jobs, of which there can be thousands.
    jobs: Option<BTreeSet<String>>,
}

impl Whom {
    pub(super) fn new(only: &Only) -> Self {
        let jobs = only.job.as_ref();
        Self {
            jobs: jobs.map(|jobs| jobs.iter().cloned().collect()),
            only: Only {
                job: None,
                ..only.clone()
            },
        }
    }

    /// Whether the rule is meant for this.
    pub(super) fn matches(&self, subject: &Subject<'_>, known: &Known) -> bool {
        // Whatever names no job was asked before there was one.
        if subject.only_by_job && self.jobs.is_none() {
            return false;
        }
        let Only {
            job: _,
            action,
            repo,
            flavor,
            hf_job,
            runner,
        } = &self.only;
        let job = self.jobs.as_ref().is_none_or(|wanted| {
            subject.job.is_some_and(|(_, name)| wanted.contains(name))
                || subject.job_names.iter().any(|name| wanted.contains(name))
        });
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let repo = repo.as_deref().is_none_or(|wanted| {
            let found = subject.repo;
            found.is_some_and(|repo| repo.eq_ignore_ascii_case(wanted))
        });
        job && is(action, subject.action)
            && repo
            && is(flavor, subject.flavor)
            && hf_job
                .as_ref()
                .is_none_or(|wanted| known.is_hf_job(wanted, subject.hf_job))
            && runner
                .as_ref()
                .is_none_or(|wanted| known.is_runner(wanted, subject.runner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_for_named_jobs_leaves_alone_what_concerns_no_job() {
        let whom = Whom::new(&Only {
            job: Some(vec!["J1".to_owned()]),
            ..Only::default()
        });
        let subject = Subject {
            place: "hf.create",
            entity: "hf.create#1",
            ..Subject::default()
        };
        assert!(!whom.matches(&subject, &Known::default()));
        let names = ["J1".to_owned()];
        assert!(whom.matches(
            &Subject {
                job_names: &names,
                ..subject
            },
            &Known::default()
        ));
    }

    #[test]
    fn repositories_are_matched_without_regard_to_case() {
        let whom = Whom::new(&Only {
            repo: Some("Octo/App".to_owned()),
            ..Only::default()
        });
        assert!(whom.matches(
            &Subject {
                repo: Some("octo/app"),
                ..Subject::default()
            },
            &Known::default()
        ));
        assert!(!whom.matches(
            &Subject {
                repo: Some("octo/other"),
                ..Subject::default()
            },
            &Known::default()
        ));
    }
}
