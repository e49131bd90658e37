//! The configuration as a TOML file: the variables' names in lower case. `a.b = 1` and `[a]` with `b = 1` stand for `A_B`.

use std::{fmt, ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Config, Origin, Sources};

/// A file that cannot be used, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct FileError {
    place: String,
    problem: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// A file's values by the names of variables.
#[derive(Clone, Debug)]
pub struct ConfigFile(Vec<(String, String, Origin)>);

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML, or says something that is no variable's.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| FileError {
            place: shown.clone(),
            problem: format!("cannot be read: {error}"),
        })?;
        Self::parse(&shown, &text)
    }

    fn parse(path: &str, text: &str) -> Result<Self, FileError> {
        let mut reader = Reader {
            path,
            text,
            values: Vec::new(),
        };
        // The parser's own account would repeat the line, and with it a secret.
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().unwrap_or_default();
            reader.error(at, error.message().to_owned())
        })?;
        reader.table("", table.get_ref())?;
        Ok(Self(reader.values))
    }

    /// The file as a source.
    #[must_use]
    pub fn sources(self) -> Sources {
        Sources::default().then(self.0.into_iter())
    }
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    values: Vec<(String, String, Origin)>,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), FileError> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref().to_uppercase().replace('-', "_"));
            if let DeValue::Table(inner) = value.get_ref() {
                self.table(&format!("{name}_"), inner)?;
                continue;
            }
            if let Some(problem) = strange(&name) {
                return Err(self.error(key.span(), problem));
            }
            let written = self.written(value)?;
            let origin = Origin::File(self.path.to_owned(), self.line(key.span().start).0);
            if self.values.iter().any(|(other, ..)| *other == name) {
                return Err(self.error(key.span(), format!("{name} stands here a second time")));
            }
            self.values.push((name, written, origin));
        }
        Ok(())
    }

    fn written(&self, value: &Spanned<DeValue<'_>>) -> Result<String, FileError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => Ok(number.to_string()),
            DeValue::Float(number) => Ok(number.to_string()),
            DeValue::Boolean(choice) => Ok(choice.to_string()),
            DeValue::Array(items) => {
                let items: Result<Vec<String>, FileError> =
                    items.iter().map(|item| self.written(item)).collect();
                Ok(items?.join(","))
            }
            DeValue::Datetime(_) | DeValue::Table(_) => Err(self.error(
                value.span(),
                "a text, a number, true, false or a list of texts is wanted here".to_owned(),
            )),
        }
    }

    fn line(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (
            before.matches('\n').count() + 1,
            before[start..].chars().count() + 1,
        )
    }

    fn error(&self, at: Range<usize>, problem: String) -> FileError {
        let (line, column) = self.line(at.start);
        FileError {
            place: format!("{}:{line}:{column}", self.path),
            problem,
        }
    }
}

/// What is wrong with a name that is no variable's.
fn strange(name: &str) -> Option<String> {
    let known: Vec<String> = Config::from_sources(&Sources::default())
        .entries
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    if known.iter().any(|known| known == name) || name.starts_with("RUNNER_IMAGE_") {
        return None;
    }
    let near = known
        .iter()
        .map(|known| (strsim::osa_distance(known, name), known))
        .filter(|(distance, _)| *distance <= 3)
        .min();
    let hint = near.map_or_else(
        || "see --help for all there are".to_owned(),
        |(_, near)| format!("did you mean {}?", near.to_lowercase()),
    );
    Some(format!("there is no {}; {hint}", name.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        ConfigFile::parse("d.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn reads_names_in_lower_case_tables_lists_and_numbers() {
        let text = "job_timeout = \"2h\"\nmax_jobs_total = 7\nallowed_github_repositories = [\"a/b\", \"c/d\"]\n\
            status_public = true\n\n[runner_image]\ncpu = \"debian:13\"\ntorch = \"torch:2\"\n[github]\napi_url = \"https://g/api/v3\"\n";
        let file = ConfigFile::parse("d.toml", text).unwrap();
        let reading = Config::from_sources(&file.sources());
        let shown = |name: &str| {
            let entry = reading
                .entries
                .iter()
                .find(|entry| entry.name == name)
                .unwrap();
            format!("{} {}", entry.shown, entry.origin)
        };
        assert_eq!(shown("JOB_TIMEOUT"), "2h d.toml:1");
        assert_eq!(shown("MAX_JOBS_TOTAL"), "7 d.toml:2");
        assert_eq!(shown("ALLOWED_GITHUB_REPOSITORIES"), "a/b,c/d d.toml:3");
        assert_eq!(shown("STATUS_PUBLIC"), "true d.toml:4");
        assert_eq!(shown("RUNNER_IMAGE_CPU"), "debian:13 d.toml:7");
        assert_eq!(shown("RUNNER_IMAGE_TORCH"), "torch:2 d.toml:8");
        assert_eq!(shown("GITHUB_SERVER_URL"), "https://g default");
    }

    #[test]
    fn says_where_and_what_is_wrong_and_repeats_no_line() {
        assert_eq!(
            problem("\njob_timout = 3"),
            "d.toml:2:1: there is no job_timout; did you mean job_timeout?"
        );
        assert_eq!(
            problem("colour = 1"),
            "d.toml:1:1: there is no colour; see --help for all there are"
        );
        let told = problem("[hf]\ntoken = 1979-05-27");
        assert!(told.starts_with("d.toml:2:9: a text, a number"), "{told}");
        let told = problem("hf_token = \"hf_secret\n");
        assert!(
            told.starts_with("d.toml:1:") && !told.contains("hf_secret"),
            "{told}"
        );
        let told = problem("hf_token = \"a\"\n[hf]\ntoken = \"b\"");
        assert!(
            told.ends_with(": HF_TOKEN stands here a second time"),
            "{told}"
        );
    }
}
