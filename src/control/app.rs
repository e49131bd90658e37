//! What an owner or GitHub does around the App: suspend an installation, rename a repository, change the secret.

use scenarios::plan::RepoName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};

const NO_SUCH_INSTALLATION: &[(u16, &str)] = &[(404, "The App is not installed there.")];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        Method::Post,
        "/_lab/installations/{owner}/suspend",
        "suspendInstallation",
        "Suspends the App's installation of an owner.",
        Media::Json(schema_of::<Installation>),
        suspend,
    )
    .refuses(NO_SUCH_INSTALLATION),
    Operation::new(
        Method::Post,
        "/_lab/installations/{owner}/unsuspend",
        "unsuspendInstallation",
        "Ends the suspension of an installation.",
        Media::Json(schema_of::<Installation>),
        unsuspend,
    )
    .refuses(NO_SUCH_INSTALLATION),
    Operation::new(
        Method::Post,
        "/_lab/repos/{owner}/{repo}/rename",
        "renameRepo",
        "Renames a repository, or moves it to another owner.",
        Media::Json(schema_of::<Renamed>),
        rename,
    )
    .takes(schema_of::<Rename>)
    .refuses(&[
        (404, "There is no such repository."),
        (409, "The new name is taken."),
    ]),
    Operation::new(
        Method::Post,
        "/_lab/secret",
        "changeSecret",
        "Signs webhooks with another secret from now on.",
        Media::Json(schema_of::<SecretChanged>),
        change_secret,
    )
    .takes(schema_of::<NewSecret>),
];

/// The App's installation of an owner.
#[derive(Serialize, JsonSchema)]
struct Installation {
    /// Whose it is.
    owner: String,
    /// Whether it is suspended.
    suspended: bool,
}

/// A repository's new name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rename {
    /// `owner/name`.
    to: RepoName,
}

/// A repository that has a new name.
#[derive(Serialize, JsonSchema)]
struct Renamed {
    /// What it was called.
    from: String,
    /// What it is called.
    to: String,
}

/// A webhook secret.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    /// The secret; the dispatcher must be told it too.
    secret: String,
}

/// The secret is another one; it is never shown.
#[derive(Serialize, JsonSchema)]
struct SecretChanged {
    /// Always true.
    changed: bool,
}

fn text<'a>(ask: &'a Ask<'_>, name: &str) -> &'a str {
    ask.path.get(name).map_or("", String::as_str)
}

/// The owner of the path, who has the App installed.
fn owner_of<'a>(control: &Control, ask: &'a Ask<'_>) -> Result<&'a str, Problem> {
    let owner = text(ask, "owner");
    let is_theirs = |name: &str| {
        let login = name.split('/').next();
        login.is_some_and(|login| login.eq_ignore_ascii_case(owner))
    };
    let repos = control.world().github().repos();
    if repos
        .iter()
        .any(|repo| repo.installed && is_theirs(&repo.name))
    {
        return Ok(owner);
    }
    let error = format!("the App is not installed for `{owner}`");
    let help = "GET /_lab/repos shows where it is";
    Err(Problem::unknown("owner", &error, help))
}

fn suspend(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let owner = owner_of(control, ask)?;
    control.world().github().suspend(owner, None);
    Reply::json(&Installation {
        owner: owner.to_owned(),
        suspended: true,
    })
}

fn unsuspend(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let owner = owner_of(control, ask)?;
    control.world().github().unsuspend(owner, None);
    Reply::json(&Installation {
        owner: owner.to_owned(),
        suspended: false,
    })
}

fn rename(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let from = format!("{}/{}", text(ask, "owner"), text(ask, "repo"));
    let Rename { to } = ask.decoded()?;
    let github = control.world().github();
    let known = |name: &str| {
        let repos = github.repos();
        repos
            .iter()
            .any(|repo| repo.name.eq_ignore_ascii_case(name))
    };
    if !known(&from) {
        let error = format!("there is no repository `{from}`");
        return Err(Problem::unknown(
            "repo",
            &error,
            "GET /_lab/repos lists them",
        ));
    }
    if !from.eq_ignore_ascii_case(&to.0) && known(&to.0) {
        let error = format!("there is a repository `{}` already", to.0);
        return Err(Problem::new(
            409,
            "body, key `to`",
            &error,
            "choose another name",
        ));
    }
    github.rename_repo(&from, &to.0, None);
    Reply::json(&Renamed { from, to: to.0 })
}

fn change_secret(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let NewSecret { secret } = ask.decoded()?;
    control
        .world()
        .github()
        .rotate_secret(secret.as_bytes(), None);
    Reply::json(&SecretChanged { changed: true })
}
