//! GitHub's paths, and which handler answers which.

use http::Method;

use super::{
    Github,
    auth::{Auth, Level, Need},
    reply::not_found,
};
use crate::{
    calls::{About, Api, CallContext, Incoming, Reply},
    history::CredentialUse,
    ids::{CallId, JobId, RunId, RunnerId},
    json_text::http_date,
};

/// A method and path the fake knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    App,
    Installations,
    RepoInstallation(String),
    CreateToken(u64),
    InstallationRepos,
    RegistrationToken(String),
    JitConfig(String),
    ListRunners(String),
    GetRunner(String, RunnerId),
    DeleteRunner(String, RunnerId),
    ListRuns(String),
    ListRunJobs(String, RunId),
    GetJob(String, JobId),
    CancelRun(String, RunId),
    ListDeliveries,
    GetDelivery(u64),
    Redeliver(u64),
    Unknown,
}

impl Endpoint {
    /// Recognises a path; `/api/v3` in front makes no difference, a slash at the end does.
    pub(super) fn recognise(method: &Method, path: &str) -> Self {
        let path = path.strip_prefix("/api/v3").unwrap_or(path);
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let found = match *method {
            Method::GET => Self::get(&segments),
            Method::POST => Self::post(&segments),
            Method::DELETE => Self::delete(&segments),
            _ => None,
        };
        found.unwrap_or(Self::Unknown)
    }

    fn get(segments: &[&str]) -> Option<Self> {
        Some(match *segments {
            ["app"] => Self::App,
            ["app", "installations"] => Self::Installations,
            ["app", "hook", "deliveries"] => Self::ListDeliveries,
            ["app", "hook", "deliveries", id] => Self::GetDelivery(id.parse().ok()?),
            ["installation", "repositories"] => Self::InstallationRepos,
            ["repos", owner, repo, "installation"] => Self::RepoInstallation(join(owner, repo)),
            ["repos", owner, repo, "actions", "runners"] => Self::ListRunners(join(owner, repo)),
            ["repos", owner, repo, "actions", "runners", id] => {
                Self::GetRunner(join(owner, repo), RunnerId(id.parse().ok()?))
            }
            ["repos", owner, repo, "actions", "runs"] => Self::ListRuns(join(owner, repo)),
            ["repos", owner, repo, "actions", "runs", id, "jobs"] => {
                Self::ListRunJobs(join(owner, repo), RunId(id.parse().ok()?))
            }
            ["repos", owner, repo, "actions", "jobs", id] => {
                Self::GetJob(join(owner, repo), JobId(id.parse().ok()?))
            }
            _ => return None,
        })
    }

    fn post(segments: &[&str]) -> Option<Self> {
        Some(match *segments {
            ["app", "installations", id, "access_tokens"] => Self::CreateToken(id.parse().ok()?),
            ["app", "hook", "deliveries", id, "attempts"] => Self::Redeliver(id.parse().ok()?),
            [
                "repos",
                owner,
                repo,
                "actions",
                "runners",
                "registration-token",
            ] => Self::RegistrationToken(join(owner, repo)),
            [
                "repos",
                owner,
                repo,
                "actions",
                "runners",
                "generate-jitconfig",
            ] => Self::JitConfig(join(owner, repo)),
            ["repos", owner, repo, "actions", "runs", id, "cancel"] => {
                Self::CancelRun(join(owner, repo), RunId(id.parse().ok()?))
            }
            _ => return None,
        })
    }

    fn delete(segments: &[&str]) -> Option<Self> {
        match *segments {
            ["repos", owner, repo, "actions", "runners", id] => Some(Self::DeleteRunner(
                join(owner, repo),
                RunnerId(id.parse().ok()?),
            )),
            _ => None,
        }
    }

    /// Its name in the history and in fault rules.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::App => "github.app",
            Self::Installations => "github.installations",
            Self::RepoInstallation(_) => "github.repo-installation",
            Self::CreateToken(_) => "github.create-token",
            Self::InstallationRepos => "github.installation-repos",
            Self::RegistrationToken(_) => "github.registration-token",
            Self::JitConfig(_) => "github.jit-config",
            Self::ListRunners(_) => "github.list-runners",
            Self::GetRunner(..) => "github.get-runner",
            Self::DeleteRunner(..) => "github.delete-runner",
            Self::ListRuns(_) => "github.list-runs",
            Self::ListRunJobs(..) => "github.list-run-jobs",
            Self::GetJob(..) => "github.get-job",
            Self::CancelRun(..) => "github.cancel-run",
            Self::ListDeliveries => "github.list-deliveries",
            Self::GetDelivery(_) => "github.get-delivery",
            Self::Redeliver(_) => "github.redeliver",
            Self::Unknown => "github.unknown",
        }
    }

    /// The credential it asks for; an unknown path asks for none.
    pub(super) fn need(&self) -> Option<Need> {
        Some(match self {
            Self::App
            | Self::Installations
            | Self::RepoInstallation(_)
            | Self::CreateToken(_)
            | Self::ListDeliveries
            | Self::GetDelivery(_)
            | Self::Redeliver(_) => Need::App,
            Self::InstallationRepos => Need::Installation,
            Self::RegistrationToken(_) | Self::JitConfig(_) | Self::DeleteRunner(..) => {
                Need::Repository("administration", Level::Write)
            }
            Self::ListRunners(_) | Self::GetRunner(..) => {
                Need::Repository("administration", Level::Read)
            }
            Self::ListRuns(_) | Self::ListRunJobs(..) | Self::GetJob(..) => {
                Need::Repository("actions", Level::Read)
            }
            Self::CancelRun(..) => Need::Repository("actions", Level::Write),
            Self::Unknown => return None,
        })
    }

    fn repo(&self) -> Option<&str> {
        match self {
            Self::RepoInstallation(repo)
            | Self::RegistrationToken(repo)
            | Self::JitConfig(repo)
            | Self::ListRunners(repo)
            | Self::GetRunner(repo, _)
            | Self::DeleteRunner(repo, _)
            | Self::ListRuns(repo)
            | Self::ListRunJobs(repo, _)
            | Self::GetJob(repo, _)
            | Self::CancelRun(repo, _) => Some(repo),
            Self::App
            | Self::Installations
            | Self::CreateToken(_)
            | Self::InstallationRepos
            | Self::ListDeliveries
            | Self::GetDelivery(_)
            | Self::Redeliver(_)
            | Self::Unknown => None,
        }
    }
}

fn join(owner: &str, repo: &str) -> String {
    format!("{owner}/{repo}")
}

/// The fake GitHub as the call layer sees it.
#[derive(Clone)]
pub(super) struct GithubApi(pub(super) Github);

impl Api for GithubApi {
    type Endpoint = Endpoint;
    type Auth = Auth;

    fn recognise(&self, method: &Method, path: &str) -> Endpoint {
        Endpoint::recognise(method, path)
    }

    fn about(&self, endpoint: &Endpoint) -> About {
        let mut about = About {
            name: endpoint.name(),
            repo: endpoint.repo().map(str::to_owned),
            ..About::default()
        };
        match endpoint {
            Endpoint::GetJob(_, job) => about.job = self.0.named(*job),
            Endpoint::ListRunJobs(_, run) | Endpoint::CancelRun(_, run) => {
                about.job_names = self.0.job_names_of(*run);
            }
            _ => {}
        }
        about
    }

    fn authenticate(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Auth, Option<CredentialUse>) {
        self.0.authenticate(endpoint, request)
    }

    fn answer(
        &self,
        endpoint: Endpoint,
        auth: Auth,
        request: &Incoming,
        call: CallContext,
    ) -> Reply {
        if endpoint == Endpoint::Unknown {
            return not_found();
        }
        match auth {
            Auth::Refused(reply) => reply,
            Auth::App => self.0.answer_app(&endpoint, request, call),
            Auth::Installation(token) => {
                self.0.answer_installation(&endpoint, &token, request, call)
            }
        }
    }

    fn common_headers(&self, call: CallId) -> Vec<(&'static str, String)> {
        let now = self.0.now();
        vec![
            ("date", http_date(now)),
            ("server", "github.com".to_owned()),
            (
                "x-github-request-id",
                format!("{:04X}:{:06X}:LAB", call.0 % 0x1_0000, call.0),
            ),
            ("x-github-media-type", "github.v3; format=json".to_owned()),
            ("x-ratelimit-limit", "5000".to_owned()),
            ("x-ratelimit-remaining", "4990".to_owned()),
            ("x-ratelimit-used", "10".to_owned()),
            ("x-ratelimit-reset", (now.as_second() + 3600).to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ]
    }
}

impl Github {
    fn answer_app(&self, endpoint: &Endpoint, request: &Incoming, call: CallContext) -> Reply {
        match endpoint {
            Endpoint::App => self.app(),
            Endpoint::Installations => self.installations(request),
            Endpoint::RepoInstallation(repo) => self.repo_installation(repo),
            Endpoint::CreateToken(installation) => self.create_token(*installation, request, call),
            Endpoint::ListDeliveries => self.list_deliveries(request),
            Endpoint::GetDelivery(delivery) => self.get_delivery(*delivery),
            Endpoint::Redeliver(delivery) => self.redeliver_by_api(*delivery, call),
            _ => not_found(),
        }
    }

    fn answer_installation(
        &self,
        endpoint: &Endpoint,
        token: &str,
        request: &Incoming,
        call: CallContext,
    ) -> Reply {
        if *endpoint == Endpoint::InstallationRepos {
            return self.installation_repos(token, request);
        }
        let Some(name) = endpoint.repo() else {
            return not_found();
        };
        let repo = match self.state().access(token, name, endpoint.need()) {
            Ok(repo) => repo,
            Err(refusal) => return refusal,
        };
        match endpoint {
            Endpoint::RegistrationToken(_) => self.registration_token(&repo, call),
            Endpoint::JitConfig(_) => self.jit_config(&repo, request, call),
            Endpoint::ListRunners(_) => self.list_runners(&repo, request, call),
            Endpoint::GetRunner(_, runner) => self.get_runner(&repo, *runner, call),
            Endpoint::DeleteRunner(_, runner) => self.delete_runner(&repo, *runner, call),
            Endpoint::ListRuns(_) => self.list_runs(&repo, request, call),
            Endpoint::ListRunJobs(_, run) => self.list_run_jobs(&repo, *run, request, call),
            Endpoint::GetJob(_, job) => self.get_job(&repo, *job, call),
            Endpoint::CancelRun(_, run) => self.cancel_run_by_api(&repo, *run, call),
            _ => not_found(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_makes_a_path_unknown() {
        assert_eq!(Endpoint::recognise(&Method::GET, "/app"), Endpoint::App);
        assert_eq!(
            Endpoint::recognise(&Method::GET, "/app/"),
            Endpoint::Unknown
        );
        assert_eq!(
            Endpoint::recognise(&Method::POST, "/app"),
            Endpoint::Unknown
        );
    }

    #[test]
    fn the_enterprise_prefix_makes_no_difference() {
        let runner = Endpoint::GetRunner("octo/app".to_owned(), RunnerId(7));
        assert_eq!(
            Endpoint::recognise(&Method::GET, "/repos/octo/app/actions/runners/7"),
            runner
        );
        assert_eq!(
            Endpoint::recognise(&Method::GET, "/api/v3/repos/octo/app/actions/runners/7"),
            runner
        );
    }

    #[test]
    fn an_id_that_is_no_number_is_an_unknown_path() {
        assert_eq!(
            Endpoint::recognise(&Method::GET, "/repos/o/r/actions/jobs/abc"),
            Endpoint::Unknown
        );
    }
}
