//! What a call says it is about, as its route names it.

use crate::{
    faults::Subject,
    history::{CallAbout, Caller},
    ids::{CallId, HfJobId, JobId, RunId, RunnerId},
};

/// What a call says it is about: for the history, and for fault rules that are narrowed to it.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) name: &'static str,
    /// Who calls it.
    pub(crate) by: Caller,
    /// `owner/name`.
    pub(crate) repo: Option<String>,
    /// An organisation's login, where there is no repository.
    pub(crate) organization: Option<String>,
    /// The job, as the path names it and by its name if there is one.
    pub(crate) job: Option<(JobId, Option<String>)>,
    pub(crate) run: Option<RunId>,
    pub(crate) job_names: Vec<String>,
    pub(crate) runner: Option<RunnerId>,
    pub(crate) hf_job: Option<HfJobId>,
    pub(crate) flavor: Option<String>,
    /// The flavor of the HF job that it creates or is about, whether the call says so or not.
    pub(crate) has_flavor: Option<&'static str>,
    /// A runner's.
    pub(crate) labels: Vec<String>,
    pub(crate) runner_name: Option<String>,
    pub(crate) installation: Option<u64>,
    /// The repositories a token is to be restricted to.
    pub(crate) repositories: Vec<String>,
}

impl About {
    pub(super) fn subject<'a>(&'a self, entity: &'a str, call: CallId) -> Subject<'a> {
        let job = self.job.as_ref();
        Subject {
            place: self.name,
            entity,
            job: job.and_then(|(job, name)| Some((*job, name.as_deref()?))),
            job_names: &self.job_names,
            repo: self.repo.as_deref(),
            flavor: self.has_flavor.or(self.flavor.as_deref()),
            call: Some(call),
            hf_job: self.hf_job.as_ref(),
            runner: self.runner,
            run: self.run,
            ..Subject::default()
        }
    }

    /// As the history says it.
    pub(super) fn said(&self) -> Option<Box<CallAbout>> {
        let about = CallAbout {
            repo: self.repo.clone().or_else(|| self.organization.clone()),
            job: self.job.as_ref().map(|(job, _)| *job),
            run: self.run,
            runner: self.runner,
            hf_job: self.hf_job.clone(),
            flavor: self.flavor.clone(),
            labels: self.labels.clone(),
            runner_name: self.runner_name.clone(),
            installation: self.installation,
            repositories: self.repositories.clone(),
        };
        about.said()
    }
}
