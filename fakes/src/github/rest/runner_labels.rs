//! The endpoints of a runner's labels, of repositories and organisations.

use serde::{Deserialize, Serialize};

use super::{
    route::{Access, Ask, Route},
    runners::{ORG_READ, ORG_WRITE, READ, WRITE},
};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::reply::{error, invalid_request, not_found, parse},
        state::{
            accounts::owner::Owner,
            runners::{
                labels::{LABELS_MAX, LabelStays, RunnerLabel, RunnerLabels},
                record::Runner,
            },
        },
    },
    ids::RunnerId,
};

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/runners/{runner_id}/labels",
        "github.list-runner-labels",
        Access::Owner(READ, Github::list_runner_labels),
    ),
    Route::get(
        "/orgs/{org}/actions/runners/{runner_id}/labels",
        "github.list-runner-labels",
        Access::Owner(ORG_READ, Github::list_runner_labels),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runners/{runner_id}/labels",
        "github.add-runner-labels",
        Access::Owner(WRITE, Github::add_runner_labels),
    ),
    Route::post(
        "/orgs/{org}/actions/runners/{runner_id}/labels",
        "github.add-runner-labels",
        Access::Owner(ORG_WRITE, Github::add_runner_labels),
    ),
    Route::put(
        "/repos/{owner}/{repo}/actions/runners/{runner_id}/labels",
        "github.set-runner-labels",
        Access::Owner(WRITE, Github::set_runner_labels),
    ),
    Route::put(
        "/orgs/{org}/actions/runners/{runner_id}/labels",
        "github.set-runner-labels",
        Access::Owner(ORG_WRITE, Github::set_runner_labels),
    ),
    Route::delete(
        "/repos/{owner}/{repo}/actions/runners/{runner_id}/labels",
        "github.remove-runner-labels",
        Access::Owner(WRITE, Github::remove_runner_labels),
    ),
    Route::delete(
        "/orgs/{org}/actions/runners/{runner_id}/labels",
        "github.remove-runner-labels",
        Access::Owner(ORG_WRITE, Github::remove_runner_labels),
    ),
    Route::delete(
        "/repos/{owner}/{repo}/actions/runners/{runner_id}/labels/{name}",
        "github.remove-runner-label",
        Access::Owner(WRITE, Github::remove_runner_label),
    ),
    Route::delete(
        "/orgs/{org}/actions/runners/{runner_id}/labels/{name}",
        "github.remove-runner-label",
        Access::Owner(ORG_WRITE, Github::remove_runner_label),
    ),
];

#[derive(Deserialize)]
struct LabelsRequest {
    labels: Vec<String>,
}

#[derive(Serialize)]
struct LabelsObject<'a> {
    total_count: usize,
    labels: &'a [RunnerLabel],
}

impl LabelsRequest {
    fn read(ask: &Ask<'_>) -> Result<Vec<String>, Reply> {
        let Self { labels } = parse(&ask.request.body)?;
        if labels.iter().any(|label| label.trim().is_empty()) {
            return Err(invalid_request("A label must not be empty."));
        }
        Ok(labels)
    }
}

fn too_many() -> Reply {
    invalid_request("A runner can have at most 100 custom labels.")
}

fn shown(labels: &RunnerLabels) -> Reply {
    let labels = labels.all();
    Reply::json(
        200,
        &LabelsObject {
            total_count: labels.len(),
            labels,
        },
    )
}

impl Github {
    fn list_runner_labels(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        let state = self.state();
        let found = state.runners.get(&RunnerId(ask.number("runner_id")));
        found
            .filter(|runner| runner.owner.is(owner))
            .map_or_else(not_found, |runner| shown(&runner.labels))
    }

    fn add_runner_labels(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        let more = match LabelsRequest::read(ask) {
            Ok(more) => more,
            Err(refusal) => return refusal,
        };
        if more.is_empty() {
            return invalid_request("There must be at least one label.");
        }
        self.change_labels(owner, ask, |runner| {
            if runner.labels.own_with(&more) > LABELS_MAX {
                return Err(too_many());
            }
            runner.labels.add(&more);
            Ok(())
        })
    }

    fn set_runner_labels(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        let own = match LabelsRequest::read(ask) {
            Ok(own) => own,
            Err(refusal) => return refusal,
        };
        self.change_labels(owner, ask, |runner| {
            if own.len() > LABELS_MAX {
                return Err(too_many());
            }
            runner.labels.set(&own);
            Ok(())
        })
    }

    fn remove_runner_labels(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        self.change_labels(owner, ask, |runner| {
            runner.labels.set(&[]);
            Ok(())
        })
    }

    fn remove_runner_label(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        self.change_labels(owner, ask, |runner| {
            runner.labels.remove(ask.text("name")).map_err(|why| {
                match why {
                    LabelStays::Unknown => not_found(),
                    // The wording is the lab's own.
                    LabelStays::ReadOnly => error(422, "Read-only labels cannot be removed."),
                }
            })
        })
    }

    /// Changes the labels of a runner of this owner, and sees who suits whom now.
    fn change_labels(
        &self,
        owner: &Owner,
        ask: &Ask<'_>,
        change: impl FnOnce(&mut Runner) -> Result<(), Reply>,
    ) -> Reply {
        let id = RunnerId(ask.number("runner_id"));
        let mut state = self.state();
        let found = state.runners.get_mut(&id);
        let Some(runner) = found.filter(|runner| runner.owner.is(owner)) else {
            return not_found();
        };
        if let Err(refusal) = change(runner) {
            return refusal;
        }
        let reply = shown(&runner.labels).with_effect();
        state.queue.look_again(id);
        self.settle(&mut state);
        reply
    }
}
