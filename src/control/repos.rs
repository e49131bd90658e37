//! Repositories: which there are, and one more.

use fakes::{RepoView, settings::RepoSettings};
use scenarios::plan::{RepoName, Visibility};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        Method::Get,
        "/_lab/repos",
        "listRepos",
        "Every repository, by name.",
        Media::Json(schema_of::<Repos>),
        list,
    ),
    Operation::new(
        Method::Post,
        "/_lab/repos",
        "makeRepo",
        "Makes a repository; its owner comes to be with it.",
        Media::Json(schema_of::<Repo>),
        make,
    )
    .takes(schema_of::<NewRepo>)
    .creates()
    .refuses(&[(409, "There is a repository of this name.")]),
];

/// Repositories.
#[derive(Serialize, JsonSchema)]
struct Repos {
    /// By name.
    repos: Vec<Repo>,
}

/// A repository.
#[derive(Serialize, JsonSchema)]
struct Repo {
    /// `owner/name`.
    name: String,
    /// Who can see it.
    visibility: Visibility,
    /// Whether the App is installed on it; without that it sends no webhooks.
    installed: bool,
}

/// A repository to make.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewRepo {
    /// `owner/name`.
    name: RepoName,
    /// Who can see it.
    #[serde(default)]
    visibility: Visibility,
    /// Whether the App is installed on it.
    #[serde(default = "yes")]
    installed: bool,
}

const fn yes() -> bool {
    true
}

impl From<RepoView> for Repo {
    fn from(repo: RepoView) -> Self {
        Self {
            name: repo.name,
            visibility: if repo.private {
                Visibility::Private
            } else {
                Visibility::Public
            },
            installed: repo.installed,
        }
    }
}

fn list(control: &Control, _: &Ask<'_>) -> Result<Reply, Problem> {
    let repos = control.world().github().repos().into_iter();
    Reply::json(&Repos {
        repos: repos.map(Repo::from).collect(),
    })
}

fn make(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let new: NewRepo = ask.decoded()?;
    let private = new.visibility == Visibility::Private;
    let made = control.world().github().add_repo(&RepoSettings {
        name: new.name.0.clone(),
        private,
        installed: new.installed,
        listed: true,
    });
    if !made {
        let error = format!("there is a repository `{}` already", new.name.0);
        let help = "GET /_lab/repos lists them";
        return Err(Problem::new(409, "body, key `name`", &error, help));
    }
    Reply::json(&Repo {
        name: new.name.0,
        visibility: new.visibility,
        installed: new.installed,
    })
}
