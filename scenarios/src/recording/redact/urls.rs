//! Addresses: the owner, the repository and the branch within them, and hosts that are not GitHub's.

use super::names::{Kind, Names};

/// First parts of a path of github.com that name no account.
const RESERVED: &[&str] = &[
    "apps",
    "orgs",
    "organizations",
    "marketplace",
    "features",
    "settings",
    "login",
    "enterprises",
    "users",
    "repos",
    "notifications",
    "contact",
    "security",
];

/// What an address may begin with.
const SCHEMES: &[&str] = &["https", "http", "git", "ssh", "git+ssh", "svn"];

/// Words of GitHub's paths and queries, which name nobody.
const WORDS: &str = "
    account actions alerts api apps archive artifacts assignees attempts avatars blob
    blobs branches check-runs check-suites collaborators comments commit commits compare
    contents contributors deployments discussions downloads enterprises environments events
    followers following forks gists git heads home hook hooks invitations issues job
    jobs keys labels languages logs main master members merges milestones notifications
    organizations orgs public_members pull pulls received_events refs releases repos reviews
    run runner-groups runners runs settings stargazers starred statuses subscribers
    subscription subscriptions suites tag tags team teams templates tree trees u user
    users v3 workflows zipball tarball
";

/// Whether a text is an address and nothing else.
pub(super) fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    let scheme = scheme.is_some_and(|scheme| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
    });
    (scheme || text.starts_with("git@")) && !text.contains(char::is_whitespace)
}

/// The address with pseudonyms.
pub(super) fn redacted(url: &str, names: &mut Names) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if SCHEMES.contains(&scheme) => (format!("{scheme}://"), rest),
        Some((_, rest)) => ("https://".to_owned(), rest),
        None => (String::new(), url),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let end = match scheme.is_empty() {
        // `git@github.com:owner/repo.git`
        true => rest.find(':').unwrap_or(end),
        false => end,
    };
    let (authority, path) = rest.split_at(end);
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (user, host),
        None => ("", authority),
    };
    let user = match user {
        "git" => "git@",
        _ => "",
    };
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let new_host = match is_public(host) {
        true => host.to_owned(),
        false => names.pseudonym(Kind::Host, host),
    };
    let port = match port {
        "" => String::new(),
        port if !port.bytes().all(|byte| byte.is_ascii_digit()) => String::new(),
        port => format!(":{port}"),
    };
    let path = path_of(path, host, names);
    format!("{scheme}{user}{new_host}{port}{path}")
}

fn is_public(host: &str) -> bool {
    const HOSTS: &[&str] = &[
        "github.com",
        "localhost",
        "127.0.0.1",
        "huggingface.co",
        "example.com",
        "",
    ];
    const BELOW: &[&str] = &[
        ".github.com",
        ".githubusercontent.com",
        ".actions.githubusercontent.com",
    ];
    let host = host.to_lowercase();
    HOSTS.contains(&host.as_str())
        || Names::is_pseudonym(&host)
        || BELOW.iter().any(|below| host.ends_with(below))
}

/// A path, from its first slash (or colon) to the end of the address.
fn path_of(path: &str, host: &str, names: &mut Names) -> String {
    let (path, query) = match path.find(['?', '#']) {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    let separators = path.starts_with(':');
    let parts: Vec<&str> = path.trim_start_matches(':').split('/').collect();
    let first = usize::from(!separators);
    let mut new: Vec<Option<String>> = vec![None; parts.len()];
    let mut put = |at: usize, kind: Kind, names: &mut Names| {
        if let Some(part) = parts.get(at).filter(|part| !part.is_empty()) {
            new[at] = Some(part_of(part, kind, names));
        }
    };
    let find = |words: &[&str]| parts.iter().position(|part| words.contains(part));
    if let Some(at) = find(&["repos"]) {
        put(at + 1, Kind::Owner, names);
        put(at + 2, Kind::Repo, names);
    } else if let Some(at) = find(&["users", "orgs", "organizations"]) {
        if parts
            .get(at + 1)
            .is_some_and(|part| part.parse::<u64>().is_err())
        {
            put(at + 1, Kind::Owner, names);
        }
        if let Some(at) = find(&["teams"]) {
            put(at + 1, Kind::Team, names);
        }
    } else if find(&["apps"]) == Some(first) {
        put(first + 1, Kind::App, names);
    } else if find(&["enterprises"]) == Some(first) {
        put(first + 1, Kind::Enterprise, names);
    } else if ["github.com", "raw.githubusercontent.com", "gist.github.com"].contains(&host)
        && parts
            .get(first)
            .is_some_and(|part| !RESERVED.contains(part))
    {
        put(first, Kind::Owner, names);
        put(first + 1, Kind::Repo, names);
    }
    // What lies between is looked through as one text: a branch may hold slashes.
    let mut out = Vec::new();
    let mut between: Vec<&str> = Vec::new();
    for (part, new) in parts.iter().zip(new) {
        match new {
            Some(new) => {
                if !between.is_empty() {
                    out.push(plain(&between.join("/"), names));
                    between.clear();
                }
                out.push(new);
            }
            None => between.push(part),
        }
    }
    if !between.is_empty() {
        out.push(plain(&between.join("/"), names));
    }
    let colon = if separators { ":" } else { "" };
    format!("{colon}{}{}", out.join("/"), query_of(query, names))
}

/// Parts of a path that are no names by where they stand: words of GitHub's, numbers, hashes, templates, and names that are
/// known. Nobody can say of another what it tells.
fn plain(path: &str, names: &Names) -> String {
    let path = names.replaced(path);
    let parts: Vec<&str> = path.split('/').map(plain_part).collect();
    parts.join("/")
}

fn plain_part(part: &str) -> &str {
    let end = part.find('{').unwrap_or(part.len());
    let (word, template) = part.split_at(end);
    let drawn = word.bytes().all(|byte| byte.is_ascii_digit())
        || (word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let in_template = |c: char| c.is_ascii_lowercase() || "{}/_+?,.".contains(c);
    // `tags{/sha}` has a slash within its template.
    if end == part.len() && part.ends_with('}') && part.chars().all(in_template) {
        return part;
    }
    let keeps = word.len() < 2
        || drawn
        || WORDS.split_whitespace().any(|known| known == word)
        || Names::is_pseudonym(word);
    match keeps && template.chars().all(in_template) {
        true => part,
        false => super::GONE,
    }
}

/// A query, or what stands behind `#`: the names of its parts, and values that tell nothing.
fn query_of(query: &str, names: &Names) -> String {
    let Some(mark) = query.chars().next() else {
        return String::new();
    };
    let pairs = query[1..].split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
        let name = if name.len() <= 20 && name.chars().all(is_word) {
            name
        } else {
            super::GONE
        };
        match value {
            "" => name.to_owned(),
            value => format!("{name}={}", plain(value, names)),
        }
    });
    let pairs: Vec<String> = pairs.collect();
    format!("{mark}{}", pairs.join("&"))
}

/// One part of a path, without what a template or git hangs on it.
fn part_of(part: &str, kind: Kind, names: &mut Names) -> String {
    let end = part.find('{').unwrap_or(part.len());
    let (part, template) = part.split_at(end);
    let (name, git) = match part.strip_suffix(".git") {
        Some(name) if kind == Kind::Repo => (name, ".git"),
        _ => (part, ""),
    };
    if name.is_empty() {
        return format!("{part}{template}");
    }
    format!("{}{git}{template}", names.pseudonym(kind, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_shape_and_lose_their_names() {
        let mut names = Names::default();
        names.pseudonym(Kind::Branch, "feature/rocket");
        for (url, expected) in [
            (
                "https://api.github.com/repos/acme/tool/keys{/key_id}",
                "https://api.github.com/repos/owner-1/repo-1/keys{/key_id}",
            ),
            (
                "https://github.com/acme/tool",
                "https://github.com/owner-1/repo-1",
            ),
            ("https://github.com/Acme", "https://github.com/owner-1"),
            (
                "git://github.com/acme/tool.git",
                "git://github.com/owner-1/repo-1.git",
            ),
            (
                "git@github.com:acme/tool.git",
                "git@github.com:owner-1/repo-1.git",
            ),
            (
                "https://api.github.com/users/acme/following{/other_user}",
                "https://api.github.com/users/owner-1/following{/other_user}",
            ),
            (
                "https://github.com/acme/tool/tree/feature/rocket",
                "https://github.com/owner-1/repo-1/tree/branch-1",
            ),
            (
                "https://api.github.com/repos/acme/tool/actions/runs/10?branch=feature/rocket",
                "https://api.github.com/repos/owner-1/repo-1/actions/runs/10?branch=branch-1",
            ),
            (
                "https://ci.acme.corp:8443/hook/acme",
                "https://host-1.example:8443/hook/owner-1",
            ),
            ("https://user:pw@ci.acme.corp/x", "https://host-1.example/x"),
            (
                "https://avatars.githubusercontent.com/u/22?v=4",
                "https://avatars.githubusercontent.com/u/22?v=4",
            ),
            (
                "https://api.github.com/organizations/22/team/3",
                "https://api.github.com/organizations/22/team/3",
            ),
        ] {
            assert!(is_url(url), "{url}");
            assert_eq!(redacted(url, &mut names), expected, "{url}");
        }
        assert!(!is_url("see https://github.com/acme"));
        assert!(!is_url("acme/tool"));
    }
}
