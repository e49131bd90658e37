//! The archive of the stand-in for actions/runner: shell scripts that take the real one's options, print its lines
//! and speak with the fake instead of with GitHub.
//!
//! It lies where the real archive lies, so a boot script that downloads, unpacks, configures and starts a runner does
//! all that here too. What the stand-in does not do: run a job. The fake tells it when its job is over.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use crate::settings::StandInSettings;

/// Path, mode, content.
const FILES: [(&str, u32, &str); 7] = [
    ("config.sh", 0o755, include_str!("standin/config.sh")),
    ("env.sh", 0o755, include_str!("standin/env.sh")),
    ("run.sh", 0o755, include_str!("standin/run.sh")),
    (
        "run-helper.sh.template",
        0o755,
        include_str!("standin/run-helper.sh.template"),
    ),
    (
        "safe_sleep.sh",
        0o755,
        include_str!("standin/safe_sleep.sh"),
    ),
    (
        "bin/installdependencies.sh",
        0o755,
        include_str!("standin/installdependencies.sh"),
    ),
    (
        "bin/Runner.Listener",
        0o755,
        include_str!("standin/Runner.Listener"),
    ),
];

/// The stand-in as `.tar.gz`, told where the fake GitHub is. The same input gives the same bytes.
pub(crate) fn archive(base_url: &str, version: &str, settings: &StandInSettings) -> Bytes {
    let configuration = configuration(base_url, version, settings);
    let mut tar = tar::Builder::new(Vec::new());
    let all = FILES
        .into_iter()
        .chain([("bin/lab.conf", 0o644, configuration.as_str())]);
    for (path, mode, content) in all {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        header.set_mtime(0);
        // Writing to memory does not fail, and the paths are short.
        let _written = tar.append_data(&mut header, path, content.as_bytes());
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let _written = packed.write_all(&tar.into_inner().unwrap_or_default());
    packed.finish().unwrap_or_default().into()
}

/// Shell assignments. Quoted, for the address is whatever the world was told.
fn configuration(base_url: &str, version: &str, settings: &StandInSettings) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let StandInSettings {
        poll,
        retry,
        conflict,
    } = settings;
    format!(
        "base={}\nversion={}\npoll_s={}\nretry_s={}\nconflict_s={}\n",
        quoted(base_url),
        quoted(version),
        poll.as_secs().max(1),
        retry.as_secs().max(1),
        conflict.as_secs(),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn holds_what_boot_scripts_start_and_where_the_fake_is() {
        let settings = StandInSettings::default();
        let packed = archive("http://127.0.0.1:4010", "2.336.0", &settings);
        assert_eq!(
            packed,
            archive("http://127.0.0.1:4010", "2.336.0", &settings)
        );
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_ref()));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            if path == "bin/lab.conf" {
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                assert!(text.starts_with("base='http://127.0.0.1:4010'\n"), "{text}");
            }
            found.push((path, entry.header().mode().unwrap() & 0o111 != 0));
        }
        for script in ["config.sh", "run.sh", "bin/installdependencies.sh"] {
            assert!(found.contains(&(script.to_owned(), true)), "{found:?}");
        }
    }
}
