//! What HF answers, once the caller has been let in.

use serde::Serialize;

use super::{
    HfJobs,
    flavors::FLAVORS,
    labels::{is_label_key, is_label_value},
    life::Change,
    object::JobObject,
    routes::error,
    spec::JobSpec,
    state::HfJob,
};
use crate::{
    calls::{CallContext, Incoming, Reply},
    github::query_pairs,
    history::{Stage, StageCause},
    ids::HfJobId,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HardwareObject {
    name: &'static str,
    pretty_name: &'static str,
    cpu: &'static str,
    ram: &'static str,
    ephemeral_storage: &'static str,
    accelerator: Option<AcceleratorObject>,
    #[serde(rename = "unitCostMicroUSD")]
    unit_cost_micro_usd: u64,
    #[serde(rename = "unitCostUSD")]
    unit_cost_usd: f64,
    unit_label: &'static str,
}

#[derive(Serialize)]
struct AcceleratorObject {
    #[serde(rename = "type")]
    kind: &'static str,
    model: &'static str,
    quantity: &'static str,
    vram: &'static str,
    manufacturer: &'static str,
}

pub(super) fn hardware() -> Reply {
    let sold: Vec<HardwareObject> = FLAVORS
        .iter()
        .filter(|flavor| flavor.is_sold())
        .map(|flavor| HardwareObject {
            name: flavor.name,
            pretty_name: flavor.pretty_name,
            cpu: flavor.cpu,
            ram: flavor.ram,
            ephemeral_storage: flavor.disk,
            accelerator: flavor.accelerator.as_ref().map(|gpu| AcceleratorObject {
                kind: "gpu",
                model: gpu.model,
                quantity: gpu.quantity,
                vram: gpu.vram,
                manufacturer: "Nvidia",
            }),
            unit_cost_micro_usd: flavor.micro_usd_per_minute(),
            unit_cost_usd: flavor.micro_usd_per_minute() as f64 / 1_000_000.0,
            unit_label: "minute",
        })
        .collect();
    Reply::json(200, &sold)
}

impl HfJobs {
    pub(super) fn may_use(&self, namespace: &str) -> bool {
        self.settings()
            .namespaces
            .iter()
            .any(|own| own == namespace)
    }

    pub(super) fn whoami(&self) -> Reply {
        let name = self.user_name();
        let organisations: Vec<_> = self
            .settings()
            .namespaces
            .iter()
            .skip(1)
            .map(|name| {
                serde_json::json!({"type": "org", "id": self.account_id(name), "name": name, "fullname": name, "roleInOrg": "write"})
            })
            .collect();
        let body = serde_json::json!({
            "type": "user", "id": self.account_id(&name), "name": name, "fullname": name, "canPay": true,
            "isPro": true, "emailVerified": true, "orgs": organisations,
            "auth": {"type": "access_token", "accessToken": {"displayName": "lab", "role": "write"}},
        });
        Reply::json(200, &body)
    }

    pub(super) fn create(&self, namespace: &str, request: &Incoming, call: CallContext) -> Reply {
        let spec = match JobSpec::parse(&request.body) {
            Ok(spec) => spec,
            Err(why) => return error(400, &why),
        };
        let mut state = self.state();
        let id = self.begin(&mut state, namespace, spec, call);
        match state.get(&id) {
            Some(job) => Reply::json(200, &self.object(job)).with_effect(),
            None => error(500, "Internal Error"),
        }
    }

    /// Newest first; of several stages any must match, of several labels all.
    pub(super) fn list(&self, namespace: &str, request: &Incoming) -> Reply {
        let filter = match Filter::parse(&request.query) {
            Ok(filter) => filter,
            Err(why) => return error(400, &why),
        };
        let state = self.state();
        let mut rest = state
            .jobs
            .iter()
            .rev()
            .filter(|job| {
                job.ordinal < filter.before && job.namespace == namespace && filter.matches(job)
            })
            .peekable();
        let page: Vec<&HfJob> = rest
            .by_ref()
            .take(self.settings().page_size.max(1))
            .collect();
        let objects: Vec<JobObject<'_>> = page.iter().map(|job| self.object(job)).collect();
        let reply = Reply::json(200, &objects);
        match (page.last(), rest.peek()) {
            (Some(last), Some(_)) => {
                let mut query: Vec<&str> = request
                    .query
                    .split('&')
                    .filter(|part| !part.is_empty() && !part.starts_with("cursor="))
                    .collect();
                let cursor = format!("cursor={}", last.ordinal);
                query.push(&cursor);
                let url = format!(
                    "{}{}?{}",
                    self.settings().base_url,
                    request.path,
                    query.join("&")
                );
                reply.with_header("link", format!("<{url}>; rel=\"next\""))
            }
            _ => reply,
        }
    }

    pub(super) fn inspect(&self, namespace: &str, job: &HfJobId) -> Reply {
        match self
            .state()
            .get(job)
            .filter(|job| job.namespace == namespace)
        {
            Some(job) => Reply::json(200, &self.object(job)),
            None => error(404, "Job not found"),
        }
    }

    /// Cancelling a job that has ended changes nothing and is answered like an inspection; what HF says
    /// there is not documented.
    pub(super) fn cancel(&self, namespace: &str, job: &HfJobId, call: CallContext) -> Reply {
        if self
            .state()
            .get(job)
            .is_none_or(|job| job.namespace != namespace)
        {
            return error(404, "Job not found");
        }
        let because = Some(call.received);
        let change = Change {
            stage: Stage::Canceled,
            cause: StageCause::Cancel,
            message: None,
            because,
        };
        let stopped = self.stop(job, change);
        let reply = self.inspect(namespace, job);
        if stopped { reply.with_effect() } else { reply }
    }
}

struct Filter {
    stages: Vec<Stage>,
    labels: Vec<(String, String)>,
    before: usize,
}

impl Filter {
    fn parse(query: &str) -> Result<Self, String> {
        let mut filter = Self {
            stages: Vec::new(),
            labels: Vec::new(),
            before: usize::MAX,
        };
        for (key, value) in query_pairs(query) {
            match key.as_str() {
                "stage" => {
                    let stage = serde_json::from_value(value.clone().into());
                    filter
                        .stages
                        .push(stage.map_err(|_| format!("stage: Invalid option: {value}"))?);
                }
                "label" => {
                    let pair = value
                        .split_once('=')
                        .filter(|(key, value)| is_label_key(key) && is_label_value(value));
                    let (key, value) =
                        pair.ok_or_else(|| format!("label: Invalid filter: {value}"))?;
                    filter.labels.push((key.to_owned(), value.to_owned()));
                }
                "cursor" => {
                    filter.before = value
                        .parse()
                        .map_err(|_| "cursor: Invalid cursor".to_owned())?;
                }
                _ => {}
            }
        }
        Ok(filter)
    }

    fn matches(&self, job: &HfJob) -> bool {
        (self.stages.is_empty() || self.stages.contains(&job.stage))
            && self
                .labels
                .iter()
                .all(|(key, value)| job.spec.labels.get(key) == Some(value))
    }
}
