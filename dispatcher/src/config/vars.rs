//! Reads variables one by one, and remembers what is wrong with them and where they came from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    str::FromStr,
    time::Duration,
};

use super::{
    Database, Images, LogFormat, ProgramSettings, StatusAccess, has_own_entrypoint,
    help::written,
    sources::{Entry, Found, Origin},
    values,
};
use crate::{
    core::{CredentialKind, Secret, Settings, Unservable},
    github::AppKey,
    labels::{Labels, Route},
};

const SECRET: &str = "(secret)";
const UNSET: &str = "(not set)";
const KEY: &str = "GH_APP_PRIVATE_KEY";
const KEY_PATH: &str = "GH_APP_PRIVATE_KEY_PATH";

pub(super) struct Vars<'a> {
    lookup: &'a dyn Fn(&str) -> Option<Found>,
    wrong: Vec<String>,
    entries: Vec<Entry>,
}

impl<'a> Vars<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<Found>) -> Self {
        Self {
            lookup,
            wrong: Vec::new(),
            entries: Vec::new(),
        }
    }

    pub(super) fn into_parts(self) -> (Vec<String>, Vec<Entry>) {
        (self.wrong, self.entries)
    }

    fn remember(&mut self, name: &str, shown: &str, origin: Origin) {
        self.entries.push(Entry {
            name: name.to_owned(),
            shown: shown.to_owned(),
            origin,
        });
    }

    /// The value, if there is one; `default` is what stands for it otherwise, as people read it.
    fn find(&mut self, name: &str, default: &str) -> Option<Found> {
        self.find_as(name, default, None)
    }

    /// The same of a secret, or of whatever else is not shown as it is.
    fn find_as(&mut self, name: &str, default: &str, shown: Option<&str>) -> Option<Found> {
        let found = (self.lookup)(name).filter(|found| !found.text.trim().is_empty());
        let Some(found) = found else {
            self.remember(name, default, Origin::Default);
            return None;
        };
        // It would end up in a header, a path or a log, and cut that in two.
        if found.text.chars().any(char::is_control) {
            self.wrong.push(format!(
                "{name} ({}) holds a line break or another control character",
                found.origin
            ));
            self.remember(name, "(unreadable)", found.origin);
            return None;
        }
        let text = found.text.trim().to_owned();
        self.remember(name, shown.unwrap_or(&text), found.origin.clone());
        Some(Found { text, ..found })
    }

    fn is_wrong(&mut self, name: &str, found: &Found, allowed: &str) {
        let value: String = found.text.chars().take(100).collect();
        let origin = &found.origin;
        self.wrong.push(format!(
            "{name} is {value:?} ({origin}): it must be {allowed}"
        ));
    }

    /// A value that `read` understands, or the default.
    fn read<T>(
        &mut self,
        name: &str,
        (default, shown): (T, &str),
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> T {
        let Some(found) = self.find(name, shown) else {
            return default;
        };
        read(&found.text).unwrap_or_else(|| {
            self.is_wrong(name, &found, allowed);
            default
        })
    }

    fn is_missing(&mut self, name: &str) {
        // What is there and unreadable is not missing.
        let told = self
            .wrong
            .iter()
            .any(|told| told.starts_with(&format!("{name} ")));
        if !told {
            self.wrong.push(format!("{name} is not set"));
        }
    }

    pub(super) fn secret(&mut self, name: &str) -> Option<Secret> {
        let found = self.find_as(name, UNSET, Some(SECRET))?;
        if !found.text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            let origin = found.origin;
            self.wrong
                .push(format!("{name} ({origin}) holds characters beyond ASCII"));
        }
        Some(Secret::new(found.text))
    }

    pub(super) fn required_secret(&mut self, name: &str) -> Secret {
        self.secret(name).unwrap_or_else(|| {
            self.is_missing(name);
            Secret::new(String::new())
        })
    }

    pub(super) fn app_id(&mut self) -> String {
        const NAME: &str = "GH_APP_ID";
        let good = |text: &str| values::name(text).then(|| Some(text.to_owned()));
        let read = self.read(NAME, (None, UNSET), "the App's number or client id", good);
        read.unwrap_or_else(|| {
            self.is_missing(NAME);
            String::new()
        })
    }

    /// The App's key: as it is, or the path of a file. What is neither is not shown, as it may be a key after all.
    pub(super) fn app_key(&mut self) -> Option<AppKey> {
        let found = (self.lookup)(KEY).filter(|found| !found.text.trim().is_empty());
        let is_path = |text: &str| {
            !text.contains("-----BEGIN") && text.len() <= 1024 && fs::metadata(text.trim()).is_ok()
        };
        let path = match &found {
            Some(found) if is_path(&found.text) => {
                self.remember(KEY, found.text.trim(), found.origin.clone());
                Some((KEY, found.text.trim().to_owned()))
            }
            Some(found) => {
                self.remember(KEY, SECRET, found.origin.clone());
                None
            }
            None => {
                self.remember(KEY, UNSET, Origin::Default);
                self.find(KEY_PATH, UNSET)
                    .map(|found| (KEY_PATH, found.text))
            }
        };
        let pem = match (path, found) {
            (Some((name, path)), _) => fs::read_to_string(&path)
                .map_err(|error| format!("{name} names {path:?}, which cannot be read: {error}")),
            (None, Some(found)) => Ok(found.text.replace("\\n", "\n")),
            (None, None) => Err(format!("{KEY} is not set")),
        };
        let key = pem.and_then(|pem| {
            AppKey::from_pem(&pem)
                .map_err(|error| format!("{KEY} is {error}, nor the path of a file with one"))
        });
        key.map_err(|told| self.wrong.push(told)).ok()
    }

    /// Who pays: as it is said, or as a Space says whose it is.
    pub(super) fn namespace(&mut self) -> String {
        const NAME: &str = "HF_NAMESPACE";
        let named = self.find(NAME, UNSET);
        let author = self.find("SPACE_AUTHOR_NAME", UNSET);
        let space = self.find("SPACE_ID", UNSET).and_then(|found| {
            let (owner, _) = found.text.split_once('/')?;
            Some(Found {
                text: owner.to_owned(),
                ..found
            })
        });
        let sources = [
            (NAME, named),
            ("SPACE_AUTHOR_NAME", author),
            ("SPACE_ID", space),
        ];
        let first = sources
            .into_iter()
            .find_map(|(name, found)| Some((name, found?)));
        let Some((name, found)) = first else {
            self.is_missing(NAME);
            return String::new();
        };
        if !values::name(&found.text) {
            self.is_wrong(name, &found, "the name of a user or an organisation");
        }
        found.text
    }

    pub(super) fn repositories(&mut self, name: &str) -> BTreeSet<String> {
        let Some(found) = self.find(name, "(every repository)") else {
            return BTreeSet::new();
        };
        let all = values::list(&found.text);
        if let Some(bad) = all.iter().find(|one| !values::repository(one)) {
            let found = Found {
                text: bad.clone(),
                ..found.clone()
            };
            self.is_wrong(name, &found, "owner/name, with commas between several");
        }
        // Of nothing but commas nobody knows what it was to allow.
        if all.is_empty() {
            self.is_wrong(name, &found, "owner/name, with commas between several");
        }
        all.iter().map(|one| one.to_lowercase()).collect()
    }

    pub(super) fn url(&mut self, name: &str, default: &str) -> String {
        let shown = |text: &str| {
            if text.contains('@') {
                Some("(hidden)")
            } else {
                None
            }
        };
        let hidden = (self.lookup)(name).and_then(|found| shown(&found.text));
        let Some(found) = self.find_as(name, default, hidden) else {
            return default.to_owned();
        };
        values::url(&found.text).unwrap_or_else(|| {
            let text = hidden.map_or(found.text, str::to_owned);
            let found = Found {
                text,
                origin: found.origin,
            };
            self.is_wrong(
                name,
                &found,
                "a URL such as https://host or http://host:port, without user or query",
            );
            default.to_owned()
        })
    }

    /// GitHub's API and GitHub itself. Of an installation of one's own the first tells the second.
    pub(super) fn github_urls(&mut self) -> (String, String) {
        let api = self.url("GITHUB_API_URL", "https://api.github.com");
        let server = values::server_of(&api).unwrap_or_else(|| "https://github.com".to_owned());
        let server = self.url("GITHUB_SERVER_URL", &server);
        (api, server)
    }

    pub(super) fn duration(&mut self, name: &str, default: Duration) -> Duration {
        let shown = written(default);
        let allowed = "a time of 1s to 30d, such as 300, 90s, 15m or 1h";
        self.read(name, (default, &shown), allowed, values::duration)
    }

    fn number<T: FromStr>(&mut self, name: &str, default: T, shown: &str) -> T {
        let read = |text: &str| text.parse().ok();
        self.read(name, (default, shown), "a whole number", read)
    }

    fn choice<T: Copy>(&mut self, name: &str, choices: [(&str, T); 2]) -> T {
        let [(first, default), (second, _)] = choices;
        let allowed = format!("{first} or {second}");
        self.read(name, (default, first), &allowed, |text| {
            let found = choices
                .iter()
                .find(|(word, _)| word.eq_ignore_ascii_case(text));
            found.map(|(_, choice)| *choice)
        })
    }

    pub(super) fn images(&mut self, keys: &[String]) -> Images {
        let cpu = self.image("RUNNER_IMAGE_CPU", "ubuntu:24.04");
        let gpu = self.image("RUNNER_IMAGE_GPU", "nvidia/cuda:12.9.2-runtime-ubuntu24.04");
        let mut by_key = BTreeMap::from([
            ("cpu".to_owned(), cpu.clone()),
            ("gpu".to_owned(), gpu.clone()),
        ]);
        let set: BTreeSet<&String> = keys.iter().collect();
        by_key.retain(|key, _| set.contains(&key.to_uppercase()));
        for key in set {
            let name = format!("RUNNER_IMAGE_{}", key.to_uppercase());
            if ["KEYS", "CPU", "GPU"].contains(&&name["RUNNER_IMAGE_".len()..])
                || (self.lookup)(&name).is_none()
            {
                continue;
            }
            if !values::image_key(key) {
                self.wrong.push(format!(
                    "{name}: a key has letters, digits, dots, dashes and underscores, at most 64"
                ));
            }
            let image = self.image(&name, "");
            if !image.is_empty() {
                by_key.insert(key.to_lowercase(), image);
            }
        }
        Images { cpu, gpu, by_key }
    }

    fn image(&mut self, name: &str, default: &str) -> String {
        let shown = if default.is_empty() { UNSET } else { default };
        let read = |text: &str| values::image(text).then(|| text.to_owned());
        self.read(
            name,
            (default.to_owned(), shown),
            "the name of a Docker image",
            read,
        )
    }

    pub(super) fn runner_version(&mut self) -> String {
        const DEFAULT: &str = "2.336.0";
        let read = |text: &str| values::version(text).then(|| text.to_owned());
        let allowed = "a version of actions/runner such as 2.336.0";
        self.read(
            "RUNNER_VERSION",
            (DEFAULT.to_owned(), DEFAULT),
            allowed,
            read,
        )
    }

    pub(super) fn settings(&mut self, images: &Images) -> Settings {
        let default = Settings::default();
        let own_entrypoint = |route: &&Route| has_own_entrypoint(&route.image);
        let table = Labels::new(images);
        Settings {
            credential: self.choice(
                "RUNNER_CREDENTIAL",
                [
                    ("jit", CredentialKind::Jit),
                    ("registration-token", CredentialKind::RegistrationToken),
                ],
            ),
            idle_timeout: self.duration("RUNNER_IDLE_TIMEOUT", default.idle_timeout),
            boot_deadline: self.duration("BOOT_DEADLINE", default.boot_deadline),
            slow_boot_deadline: self.duration("SLOW_BOOT_DEADLINE", default.slow_boot_deadline),
            lookup_gap: self.duration("LOOKUP_GAP", default.lookup_gap),
            jit_lifetime: self.duration("JIT_LIFETIME", default.jit_lifetime),
            max_total: self.number("MAX_JOBS_TOTAL", default.max_total, "(unlimited)"),
            max_per_repo: self.number("MAX_JOBS_PER_REPO", default.max_per_repo, "(unlimited)"),
            token_only: table
                .routes()
                .filter(own_entrypoint)
                .map(|route| route.label.clone())
                .collect(),
            unservable: self.choice(
                "UNSERVABLE",
                [
                    ("cancel-run", Unservable::CancelRun),
                    ("leave", Unservable::Leave),
                ],
            ),
            unservable_tries: self.number(
                "UNSERVABLE_TRIES",
                default.unservable_tries,
                &default.unservable_tries.to_string(),
            ),
            unservable_after: self.duration("UNSERVABLE_AFTER", default.unservable_after),
            hf_poll: self.duration("HF_POLL_INTERVAL", default.hf_poll),
            survey_every: self.duration("SURVEY_INTERVAL", default.survey_every),
            ..default
        }
    }

    pub(super) fn program(&mut self) -> ProgramSettings {
        let host = |text: &str| (!text.contains(char::is_whitespace)).then(|| text.to_owned());
        let host = self.read(
            "HOST",
            ("127.0.0.1".to_owned(), "127.0.0.1"),
            "a name or an IP address",
            host,
        );
        let port = self.read("PORT", (7860_u16, "7860"), "a port, 0 to 65535", |text| {
            text.parse().ok()
        });
        let host = if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]")
        } else {
            host
        };
        let listen = self.read(
            "LISTEN",
            (format!("{host}:{port}"), "(HOST and PORT)"),
            "host:port",
            |text: &str| {
                let (host, port): (_, &str) = text.rsplit_once(':')?;
                (!host.is_empty() && port.parse::<u16>().is_ok()).then(|| text.to_owned())
            },
        );
        const LEVEL: &str = "info";
        ProgramSettings {
            listen,
            database: self.database(),
            database_ca: self
                .find("DATABASE_CA", UNSET)
                .map(|found| found.text.into()),
            log_format: self.choice(
                "LOG_FORMAT",
                [("text", LogFormat::Text), ("json", LogFormat::Json)],
            ),
            log_level: self.read(
                "LOG_LEVEL",
                (LEVEL.to_owned(), LEVEL),
                "error, warn, info, debug, trace, or pairs such as dispatcher=debug",
                values::log_filter,
            ),
        }
    }

    /// A URL is not shown: it has a password.
    fn database(&mut self) -> Database {
        const DEFAULT: &str = "jobs-dispatcher.db";
        const NAME: &str = "DATABASE";
        let is_url = |found: &Found| found.text.contains("://");
        let hidden = (self.lookup)(NAME).filter(is_url).map(|_| "(a URL)");
        let Some(found) = self.find_as(NAME, DEFAULT, hidden) else {
            return Database::File(DEFAULT.into());
        };
        if found.text.starts_with("postgres://") || found.text.starts_with("postgresql://") {
            return Database::Postgres(Secret::new(found.text));
        }
        if is_url(&found) {
            let text = "(a URL)".to_owned();
            let allowed = "a path, postgres://USER:PASSWORD@HOST/NAME, or memory";
            self.is_wrong(NAME, &Found { text, ..found }, allowed);
            return Database::File(DEFAULT.into());
        }
        match found.text.as_str() {
            "memory" => Database::Memory,
            path => Database::File(path.into()),
        }
    }

    pub(super) fn status_access(&mut self) -> StatusAccess {
        let token = self.secret("STATUS_TOKEN");
        let public = self.choice("STATUS_PUBLIC", [("false", false), ("true", true)]);
        match token {
            Some(_) if public => {
                let told = "STATUS_PUBLIC is true, and STATUS_TOKEN is set: set one of them";
                self.wrong.push(told.to_owned());
                StatusAccess::Closed
            }
            Some(token) => StatusAccess::Token(token),
            None if public => StatusAccess::Public,
            None => StatusAccess::Closed,
        }
    }
}
