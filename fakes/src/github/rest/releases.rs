//! Where boot scripts get actions/runner from: its latest release, and the archive of any.
//!
//! The archive is the lab's stand-in ([`crate::runner`]). Which versions exist the fake does not know: every
//! one of the form 2.336.0 is there.

use super::route::{Access, Ask, Route};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::{
            refusal::{Answer, Refusal},
            reply::file,
            runner::RUNNER_VERSION,
        },
        state::accounts::account::{account, html_base},
    },
    runner,
};

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/releases/latest",
        "github.latest-release",
        Access::Public(Github::latest_release),
    ),
    Route::get(
        "/actions/runner/releases/download/{tag}/{file}",
        "runner.download",
        Access::Runner(Github::download_runner),
    ),
];

/// The architectures the stand-in comes for, as the archives' names spell them.
pub(in crate::github) const ARCHITECTURES: [&str; 2] = ["x64", "arm64"];
/// The fake's number for the one release it knows.
const RELEASE: u64 = 336_000_001;
/// When version 2.336.0 came out.
const PUBLISHED: &str = "2026-08-17T12:00:00Z";

impl Github {
    /// The stand-in, as it is served for one version.
    pub(in crate::github) fn runner_archive(&self, version: &str) -> bytes::Bytes {
        let settings = self.settings();
        runner::archive(&html_base(&settings.base_url), version, &settings.stand_in)
    }

    /// Only actions/runner has releases here.
    fn latest_release(&self, ask: &Ask<'_>) -> Answer {
        let repo = format!("{}/{}", ask.text("owner"), ask.text("repo"));
        if !repo.eq_ignore_ascii_case("actions/runner") {
            return Err(Refusal::NotFound);
        }
        let base = &self.settings().base_url;
        let html = html_base(base);
        let author = account("github-actions", base, &html, "Bot");
        let (version, size) = (RUNNER_VERSION, self.runner_archive(RUNNER_VERSION).len());
        let url = format!("{base}/repos/actions/runner/releases");
        let asset = |(index, architecture): (usize, &str)| {
            let (id, name) = (
                RELEASE + 1 + index as u64,
                archive_name(architecture, version),
            );
            format!(
                "{{\"url\":\"{url}/assets/{id}\",\"id\":{id},\"node_id\":\"RA_kwDO{id:08x}\",\"name\":\"{name}\",\
                 \"label\":\"\",\"uploader\":{author},\"content_type\":\"application/octet-stream\",\"state\":\"uploaded\",\
                 \"size\":{size},\"digest\":null,\"download_count\":1,\"created_at\":\"{PUBLISHED}\",\"updated_at\":\"{PUBLISHED}\",\
                 \"browser_download_url\":\"{html}/actions/runner/releases/download/v{version}/{name}\"}}"
            )
        };
        let assets: Vec<String> = ARCHITECTURES.into_iter().enumerate().map(asset).collect();
        let assets = assets.join(",");
        Ok(Reply::text(
            200,
            format!(
                "{{\"url\":\"{url}/{RELEASE}\",\"assets_url\":\"{url}/{RELEASE}/assets\",\
                 \"upload_url\":\"{url}/{RELEASE}/assets{{?name,label}}\",\
                 \"html_url\":\"{html}/actions/runner/releases/tag/v{version}\",\"id\":{RELEASE},\"author\":{author},\
                 \"node_id\":\"RE_kwDO{RELEASE:08x}\",\"tag_name\":\"v{version}\",\"target_commitish\":\"main\",\
                 \"name\":\"v{version}\",\"draft\":false,\"prerelease\":false,\"created_at\":\"{PUBLISHED}\",\
                 \"published_at\":\"{PUBLISHED}\",\"assets\":[{assets}],\
                 \"tarball_url\":\"{base}/repos/actions/runner/tarball/v{version}\",\
                 \"zipball_url\":\"{base}/repos/actions/runner/zipball/v{version}\",\"body\":\"\"}}"
            ),
        ))
    }

    fn download_runner(&self, ask: &Ask<'_>) -> Answer {
        let version = ask.text("tag").strip_prefix('v').unwrap_or_default();
        let is_there = is_version(version)
            && ARCHITECTURES
                .iter()
                .any(|architecture| archive_name(architecture, version) == ask.text("file"));
        if !is_there {
            return Err(Refusal::NotFound);
        }
        Ok(file(
            "application/octet-stream",
            self.runner_archive(version),
        ))
    }
}

/// The name of the archive for Linux.
fn archive_name(architecture: &str, version: &str) -> String {
    format!("actions-runner-linux-{architecture}-{version}.tar.gz")
}

fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn a_version_is_three_numbers() {
        assert!(is_version("2.336.0"));
        for text in ["", "2.336", "2.336.0.1", "2.x.0", "2..0", "../etc"] {
            assert!(!is_version(text), "{text}");
        }
    }
}
