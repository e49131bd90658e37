//! A repository, with the JSON texts that answers and payloads embed. They are made once.

use super::{
    account::{account, account_kind, html_base},
    organization::in_payload as organization_in_payload,
};
use crate::{
    json_text::push_string,
    settings::{GithubSettings, RepoSettings},
};

/// A repository the fake knows.
pub(in crate::github) struct Repository {
    pub(in crate::github) id: u64,
    /// `owner/name`.
    pub(in crate::github) name: String,
    pub(in crate::github) private: bool,
    pub(in crate::github) installation: Option<u64>,
    /// The full repository object.
    pub(in crate::github) full: String,
    /// The same without the custom properties, as access tokens list it.
    pub(in crate::github) plain: String,
    /// The minimal repository object, as workflow runs embed it.
    pub(in crate::github) minimal: String,
    /// The account that owns it.
    pub(in crate::github) owner: String,
    /// What every webhook of it holds: `"repository":{…},"sender":{…}`, its organisation, its enterprise.
    pub(in crate::github) payload_tail: String,
    /// `{base}/repos/{owner}/{name}`.
    pub(in crate::github) url: String,
    pub(in crate::github) html_url: String,
}

/// Keys of the repository object that hold a URL below the repository's own.
const URL_KEYS: [(&str, &str); 37] = [
    ("forks_url", "/forks"),
    ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"),
    ("hooks_url", "/hooks"),
    ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"),
    ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"),
    ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"),
    ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"),
    ("url", ""),
];

impl Repository {
    pub(in crate::github) fn new(
        repo: &RepoSettings,
        id: u64,
        installation: Option<u64>,
        settings: &GithubSettings,
    ) -> Self {
        let base_url = settings.base_url.as_str();
        let (owner, short) = repo
            .name
            .split_once('/')
            .unwrap_or((&repo.name, &repo.name));
        let html_base = html_base(base_url);
        let url = format!("{base_url}/repos/{}", repo.name);
        let html_url = format!("{html_base}/{}", repo.name);
        let kind = account_kind(settings.app.is_user(owner));
        let owner_object = account(owner, base_url, &html_base, kind);
        let minimal = minimal(repo, short, id, &owner_object, &url, &html_url);
        let plain = plain(repo, &minimal, &html_base, &html_url);
        let mut full = plain.clone();
        full.truncate(full.len() - 1);
        full.push_str(",\"custom_properties\":{}}");
        let sender = account("octocat", base_url, &html_base, "User");
        let mut tail = format!("\"repository\":{full},\"sender\":{sender}");
        if settings.hooks.organization_in_payload && !settings.app.is_user(owner) {
            let organization = organization_in_payload(owner, base_url);
            tail.push_str(&format!(",\"organization\":{organization}"));
        }
        if settings.hooks.enterprise_in_payload {
            tail.push_str(&format!(",\"enterprise\":{}", enterprise(&html_base)));
        }
        Self {
            id,
            name: repo.name.clone(),
            private: repo.private,
            installation,
            full,
            plain,
            minimal,
            owner: owner_object,
            payload_tail: tail,
            url,
            html_url,
        }
    }

    /// Whether this account owns it.
    pub(in crate::github) fn is_of(&self, login: &str) -> bool {
        self.name
            .split_once('/')
            .is_some_and(|(owner, _)| owner.eq_ignore_ascii_case(login))
    }
}

fn minimal(
    repo: &RepoSettings,
    short: &str,
    id: u64,
    owner: &str,
    url: &str,
    html_url: &str,
) -> String {
    let mut out = format!("{{\"id\":{id},\"node_id\":\"R_kgDO{id:08x}\",\"name\":");
    push_string(&mut out, short);
    out.push_str(",\"full_name\":");
    push_string(&mut out, &repo.name);
    out.push_str(&format!(
        ",\"private\":{},\"owner\":{owner},\"html_url\":\"{html_url}\",\"description\":null,\"fork\":false",
        repo.private
    ));
    for (key, path) in URL_KEYS {
        out.push_str(&format!(",\"{key}\":\"{url}{path}\""));
    }
    out.push('}');
    out
}

fn plain(repo: &RepoSettings, minimal: &str, html_base: &str, html_url: &str) -> String {
    let mut out = minimal.trim_end_matches('}').to_owned();
    // The last value of the minimal object is a URL without braces, so nothing else was trimmed.
    let host = html_base
        .split_once("://")
        .map_or(html_base, |(_, host)| host);
    let visibility = if repo.private { "private" } else { "public" };
    let name = &repo.name;
    out.push_str(&format!(
        ",\"created_at\":\"2024-02-01T09:30:00Z\",\"updated_at\":\"2026-10-30T08:00:00Z\",\"pushed_at\":\"2026-11-01T12:00:00Z\",\
         \"git_url\":\"git://{host}/{name}.git\",\"ssh_url\":\"git@{host}:{name}.git\",\"clone_url\":\"{html_url}.git\",\
         \"svn_url\":\"{html_url}\",\"homepage\":null,\"size\":4096,\"stargazers_count\":12,\"watchers_count\":12,\
         \"language\":\"Python\",\"has_issues\":true,\"has_projects\":true,\"has_downloads\":true,\"has_wiki\":true,\
         \"has_pages\":false,\"has_discussions\":false,\"forks_count\":3,\"mirror_url\":null,\"archived\":false,\
         \"disabled\":false,\"open_issues_count\":5,\"license\":null,\"allow_forking\":true,\"is_template\":false,\
         \"web_commit_signoff_required\":false,\"topics\":[],\"visibility\":\"{visibility}\",\"forks\":3,\"open_issues\":5,\
         \"watchers\":12,\"default_branch\":\"main\"}}"
    ));
    out
}

/// The enterprise that the lab's organisations belong to, if payloads are to name one.
fn enterprise(html: &str) -> String {
    format!(
        "{{\"id\":9001,\"slug\":\"octo-enterprise\",\"name\":\"Octo Enterprise\",\"node_id\":\"E_kgDNIyk\",\
         \"avatar_url\":\"{html}/avatars/b/9001?v=4\",\"description\":null,\"website_url\":null,\
         \"html_url\":\"{html}/enterprises/octo-enterprise\",\"created_at\":\"2024-01-01T00:00:00Z\",\
         \"updated_at\":\"2024-01-01T00:00:00Z\"}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_json_and_name_the_fakes_own_host() {
        let repo = Repository::new(
            &RepoSettings::installed("octo/app"),
            7,
            Some(9),
            &GithubSettings {
                base_url: "http://127.0.0.1:80/api/v3".to_owned(),
                ..GithubSettings::default()
            },
        );
        let full: serde_json::Value = serde_json::from_str(&repo.full).unwrap();
        assert_eq!(full["full_name"], "octo/app");
        assert!(
            full.as_object().unwrap().len() >= 70,
            "{}",
            full.as_object().unwrap().len()
        );
        assert_eq!(full["html_url"], "http://127.0.0.1:80/octo/app");
        let tail: serde_json::Value =
            serde_json::from_str(&format!("{{{}}}", repo.payload_tail)).unwrap();
        assert_eq!(tail["repository"], full);
        assert!(!repo.payload_tail.contains("github.com"));
    }

    #[test]
    fn people_look_at_github_itself_when_the_api_is_there() {
        let repo = Repository::new(
            &RepoSettings::installed("octo/app"),
            7,
            None,
            &GithubSettings::default(),
        );
        assert_eq!(repo.html_url, "https://github.com/octo/app");
    }
}
