//! Calls to the Hub: create, list, inspect and cancel HF jobs.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::order::{LAUNCH, MANAGED_BY, label_value, spec};
use crate::{
    config::Config,
    core::{Failure, HfJob, HfJobId, HfJobOrder, LaunchId, RepoId, Stage},
    host::Clock,
    http::{Answer, HttpService, Round, request, send, sort, unusable},
    in_vain::{InVain, request_key},
    labels::Labels,
};

/// Creating may take the Hub long, and an answer given up on costs two look-ups.
const CREATE_LIMIT: Duration = Duration::from_secs(30);
const CALL_LIMIT: Duration = Duration::from_secs(15);

/// The Hub's Jobs API.
pub struct HfClient {
    service: HttpService,
    clock: Clock,
    config: Arc<Config>,
    labels: Arc<Labels>,
    limited_until: Mutex<Option<Timestamp>>,
    in_vain: InVain,
}

#[derive(Deserialize)]
struct WireJob {
    id: String,
    status: WireStatus,
    #[serde(default)]
    labels: Option<WireLabels>,
    #[serde(default)]
    environment: Option<WireEnvironment>,
}

/// The labels that are ours to read. Their names are those that an order writes.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireLabels {
    #[serde(rename = "managed-by")]
    managed_by: Option<String>,
    launch: Option<String>,
    #[serde(rename = "gh-repo-id")]
    repo_id: Option<String>,
    #[serde(rename = "gh-app")]
    app: Option<String>,
}

/// What a stray is taken in by. Its values are texts if they are of an order of ours.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "SCREAMING_SNAKE_CASE")]
struct WireEnvironment {
    gh_repo: Option<Value>,
    runner_labels: Option<Value>,
    runner_name: Option<Value>,
}

#[derive(Deserialize)]
struct WireStatus {
    stage: String,
    #[serde(default)]
    message: Option<String>,
}

impl HfClient {
    /// A client for the namespace in `config`.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        labels: Arc<Labels>,
        clock: Clock,
        service: HttpService,
    ) -> Self {
        Self {
            service,
            clock,
            config,
            labels,
            limited_until: Mutex::default(),
            in_vain: InVain::default(),
        }
    }

    /// Creates an HF job.
    ///
    /// # Errors
    /// See [`Failure`]. When the effect is unknown the HF job may exist.
    pub async fn create(&self, order: &HfJobOrder) -> Result<HfJobId, Failure> {
        #[derive(Deserialize)]
        struct Created {
            id: String,
        }
        let lane = format!("{} {}", order.lane.repo, order.lane.label);
        let spec = spec(&self.config, &self.labels, order)?;
        let body = serde_json::to_vec(&spec).map_err(|error| unusable(&error))?;
        let answer = self
            .call_for(
                &lane,
                Method::POST,
                &self.path(""),
                Some(body),
                CREATE_LIMIT,
            )
            .await?;
        Ok(HfJobId(answer.json::<Created>()?.id))
    }

    /// Our HF jobs that are scheduling or running.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn list_live(&self) -> Result<Vec<HfJob>, Failure> {
        let (key, value) = MANAGED_BY;
        let query = format!("?stage=SCHEDULING&stage=RUNNING&label={key}%3D{value}");
        let app = label_value(&self.config.app_id);
        let ours = |job: &WireJob| {
            let labels = job.labels.as_ref();
            let of = labels.and_then(|labels| labels.app.as_ref());
            of.is_none_or(|of| *of == app)
                && labels.is_some_and(|labels| labels.managed_by.as_deref() == Some(value))
        };
        Ok(self
            .pages(&self.path(&query))
            .await?
            .into_iter()
            .filter(ours)
            .map(HfJob::from)
            .collect())
    }

    /// HF jobs of one launch, in any stage, oldest last as the Hub lists them.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn list_tagged(&self, launch: &LaunchId) -> Result<Vec<HfJob>, Failure> {
        let query = format!("?label={LAUNCH}%3D{launch}");
        let tagged = |job: &WireJob| {
            let labels = job.labels.as_ref();
            labels.is_some_and(|labels| labels.launch.as_ref() == Some(&launch.0))
        };
        Ok(self
            .pages(&self.path(&query))
            .await?
            .into_iter()
            .filter(tagged)
            .map(HfJob::from)
            .collect())
    }

    /// One HF job.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn inspect(&self, job: &HfJobId) -> Result<HfJob, Failure> {
        let answer = self
            .call(
                Method::GET,
                &self.path(&format!("/{job}")),
                None,
                CALL_LIMIT,
            )
            .await?;
        Ok(answer.json::<WireJob>()?.into())
    }

    /// Ends an HF job.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn cancel(&self, job: &HfJobId) -> Result<(), Failure> {
        self.call(
            Method::POST,
            &self.path(&format!("/{job}/cancel")),
            None,
            CALL_LIMIT,
        )
        .await
        .map(drop)
    }

    fn path(&self, rest: &str) -> String {
        let Config {
            hf_endpoint,
            hf_namespace,
            ..
        } = &*self.config;
        [hf_endpoint, "/api/jobs/", hf_namespace, rest].concat()
    }

    async fn pages(&self, first: &str) -> Result<Vec<WireJob>, Failure> {
        let mut next = Some(first.to_owned());
        let mut all = Vec::new();
        let mut round = Round::default();
        while let Some(address) = next.take() {
            round.goes_to(&address)?;
            let answer = self.call(Method::GET, &address, None, CALL_LIMIT).await?;
            next = answer.next_page().map(|link| self.absolute(&link));
            all.extend(answer.json::<Vec<WireJob>>()?);
        }
        Ok(all)
    }

    /// A link to the next page, on our endpoint: the token goes nowhere else.
    fn absolute(&self, link: &str) -> String {
        let path = match link.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => link,
        };
        format!("{}{path}", self.config.hf_endpoint)
    }

    async fn call(
        &self,
        method: Method,
        uri: &str,
        body: Option<Vec<u8>>,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        self.call_for("", method, uri, body, limit).await
    }

    /// A call that asks another thing for each lane.
    async fn call_for(
        &self,
        for_whom: &str,
        method: Method,
        uri: &str,
        body: Option<Vec<u8>>,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        self.check_limit()?;
        let key = || request_key(&method, uri, for_whom);
        self.in_vain.check(self.clock.now(), key)?;
        let request = request(method.clone(), uri, &self.config.hf_token, body)?;
        let sorted = match send(&self.service, request, limit).await {
            Ok(answer) => sort(answer, self.clock.now()),
            Err(failure) => Err(failure),
        };
        self.in_vain.answered(self.clock.now(), &sorted, key);
        if let Err(Failure::Limited { until, .. }) = &sorted {
            *self
                .limited_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(*until);
        }
        sorted
    }

    fn check_limit(&self) -> Result<(), Failure> {
        let limited_until = *self
            .limited_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match limited_until.filter(|until| *until > self.clock.now()) {
            Some(until) => Err(Failure::Limited {
                until,
                message: "still within an earlier limit".to_owned(),
            }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for HfClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HfClient")
            .field("endpoint", &self.config.hf_endpoint)
            .finish_non_exhaustive()
    }
}

impl From<WireJob> for HfJob {
    fn from(job: WireJob) -> Self {
        let stage = match job.status.stage.as_str() {
            "SCHEDULING" => Stage::Scheduling,
            "RUNNING" => Stage::Running,
            "COMPLETED" => Stage::Over("COMPLETED"),
            "CANCELED" => Stage::Over("CANCELED"),
            "ERROR" => Stage::Over("ERROR"),
            "DELETED" => Stage::Over("DELETED"),
            _ => Stage::Other,
        };
        let labels = job.labels.unwrap_or_default();
        let repo = labels.repo_id.and_then(|id| id.parse().ok());
        let environment = job.environment.unwrap_or_default();
        let environment = [
            ("GH_REPO", environment.gh_repo),
            ("RUNNER_LABELS", environment.runner_labels),
            ("RUNNER_NAME", environment.runner_name),
        ];
        let text = |(key, value): (&str, Option<Value>)| {
            let text = value?.as_str()?.to_owned();
            Some((key.to_owned(), text))
        };
        Self {
            id: HfJobId(job.id),
            stage,
            message: job.status.message,
            launch: labels.launch.map(LaunchId),
            repo: repo.map(RepoId),
            environment: environment.into_iter().filter_map(text).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::order::{APP, REPO_ID},
        *,
    };

    #[test]
    fn reads_the_labels_that_an_order_writes() {
        let (managed_by, dispatcher) = MANAGED_BY;
        let job = json!({
            "id": "j1",
            "status": { "stage": "RUNNING", "message": null },
            "labels": { managed_by: dispatcher, LAUNCH: "l1", REPO_ID: "7", APP: "9", "gh-repo": "octo_app" },
            "environment": { "GH_REPO": "octo/app", "RUNNER_NAME": "r1", "RUNNER_LABELS": 3, "OTHER": "x" },
        });
        let wire: WireJob = serde_json::from_value(job).unwrap();
        let labels = wire.labels.as_ref().unwrap();
        assert_eq!(labels.managed_by.as_deref(), Some(dispatcher));
        assert_eq!(labels.app.as_deref(), Some("9"));
        let job = HfJob::from(wire);
        assert_eq!((job.stage, job.repo), (Stage::Running, Some(RepoId(7))));
        assert_eq!(job.launch, Some(LaunchId("l1".to_owned())));
        let environment: Vec<(&str, &str)> = job
            .environment
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            environment,
            [("GH_REPO", "octo/app"), ("RUNNER_NAME", "r1")]
        );
    }
}
