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
        objects::{
            body::read,
            invalid::Invalid,
            refusal::{Answer, Refusal},
        },
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
    fn read(ask: &Ask<'_>) -> Result<Vec<String>, Refusal> {
        let Self { labels } = read(&ask.request.body)?;
        if labels.iter().any(|label| label.trim().is_empty()) {
            return Err(Invalid::EmptyLabel.into());
        }
        Ok(labels)
    }
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
    fn list_runner_labels(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let found = state.runners.get(&RunnerId(ask.number("runner_id")));
        found
            .filter(|runner| runner.owner.is(owner))
            .map(|runner| shown(&runner.labels))
            .ok_or(Refusal::NotFound)
    }

    fn add_runner_labels(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        let more = LabelsRequest::read(ask)?;
        if more.is_empty() {
            return Err(Invalid::NoLabel.into());
        }
        self.change_labels(owner, ask, |runner| {
            if runner.labels.own_with(&more) > LABELS_MAX {
                return Err(Invalid::TooManyLabels.into());
            }
            runner.labels.add(&more);
            Ok(())
        })
    }

    fn set_runner_labels(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        let own = LabelsRequest::read(ask)?;
        self.change_labels(owner, ask, |runner| {
            if own.len() > LABELS_MAX {
                return Err(Invalid::TooManyLabels.into());
            }
            runner.labels.set(&own);
            Ok(())
        })
    }

    fn remove_runner_labels(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        self.change_labels(owner, ask, |runner| {
            runner.labels.set(&[]);
            Ok(())
        })
    }

    fn remove_runner_label(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        self.change_labels(owner, ask, |runner| {
            runner
                .labels
                .remove(ask.text("name"))
                .map_err(|why| match why {
                    LabelStays::Unknown => Refusal::NotFound,
                    LabelStays::ReadOnly => Refusal::ReadOnlyLabel,
                })
        })
    }

    /// Changes the labels of a runner of this owner, and sees who suits whom now.
    fn change_labels(
        &self,
        owner: &Owner,
        ask: &Ask<'_>,
        change: impl FnOnce(&mut Runner) -> Result<(), Refusal>,
    ) -> Answer {
        let id = RunnerId(ask.number("runner_id"));
        let mut state = self.state();
        let found = state.runners.get_mut(&id);
        let Some(runner) = found.filter(|runner| runner.owner.is(owner)) else {
            return Err(Refusal::NotFound);
        };
        change(runner)?;
        let reply = shown(&runner.labels).with_effect();
        state.queue.look_again(id);
        self.settle(&mut state);
        Ok(reply)
    }
}
