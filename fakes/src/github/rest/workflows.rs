//! The endpoints of workflows. Every repository has one, which all its runs are of.

use std::sync::Arc;

use super::route::{Access, Ask, Permission, Route};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::{
            refusal::{Answer, Refusal},
            run::{BRANCH, WORKFLOW_ID, WORKFLOW_PATH},
        },
        state::accounts::repository::Repository,
    },
};

const READ: Permission = Permission::read("actions");

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/workflows",
        "github.list-workflows",
        Access::Repository(READ, Github::list_workflows),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}",
        "github.get-workflow",
        Access::Repository(READ, Github::get_workflow),
    ),
];

impl Github {
    fn list_workflows(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let page = self.page(ask.request);
        let shown = page.of(vec![workflow(repo)]).concat();
        let body = format!("{{\"total_count\":1,\"workflows\":[{shown}]}}");
        Ok(self.with_links(Reply::text(200, body), ask.request, &page, 1))
    }

    fn get_workflow(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        if ask.number("workflow_id") == WORKFLOW_ID {
            Ok(Reply::text(200, workflow(repo)))
        } else {
            Err(Refusal::NotFound)
        }
    }
}

fn workflow(repo: &Repository) -> String {
    let Repository { url, html_url, .. } = repo;
    format!(
        "{{\"id\":{WORKFLOW_ID},\"node_id\":\"W_kwDO{WORKFLOW_ID:x}\",\"name\":\"CI\",\"path\":\"{WORKFLOW_PATH}\",\
         \"state\":\"active\",\"created_at\":\"2024-02-01T09:30:00.000Z\",\"updated_at\":\"2024-02-01T09:30:00.000Z\",\
         \"url\":\"{url}/actions/workflows/{WORKFLOW_ID}\",\"html_url\":\"{html_url}/blob/{BRANCH}/{WORKFLOW_PATH}\",\
         \"badge_url\":\"{html_url}/workflows/CI/badge.svg\"}}"
    )
}
