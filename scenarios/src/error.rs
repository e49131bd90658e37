//! [`ScenarioError`]: what is wrong with a file, where, and how to mend it.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The offset in bytes, from 0.
    pub offset: usize,
    /// The length in bytes.
    pub length: usize,
}

impl Place {
    /// The place right behind a text, which a byte that is no text may follow.
    #[must_use]
    pub fn behind(text: &str) -> Self {
        let line = text.rsplit('\n').next().unwrap_or_default();
        Self {
            line: text.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            offset: text.len(),
            length: 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What stands further right in its line is not shown in it; the place is told all the same.
const COLUMNS_SHOWN: usize = 2_000;

/// The help where nothing better is known.
const REFERENCE: &str = "every key and what it takes: docs/scenario-language.md";

/// What is wrong at a place, before it is known in which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) place: Option<Place>,
    pub(crate) what: String,
    pub(crate) help: Option<String>,
}

impl Flaw {
    /// From a text of one sentence and, after a line break, the help.
    pub(crate) fn new(text: &str) -> Self {
        let (what, help) = match text.split_once('\n') {
            Some((what, help)) => (what, Some(help.to_owned())),
            None => (text, None),
        };
        Self {
            place: None,
            what: what.to_owned(),
            help,
        }
    }

    /// At this place.
    pub(crate) fn at(place: Place, text: &str) -> Self {
        Self {
            place: Some(place),
            ..Self::new(text)
        }
    }

    /// At this place, unless a better one is known already.
    pub(crate) fn or_at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }

    /// In this file.
    pub(crate) fn within(self, name: &str, text: &str) -> ScenarioError {
        ScenarioError(Box::new(Inner {
            place: self.place.unwrap_or(Place {
                line: 1,
                column: 1,
                offset: 0,
                length: 0,
            }),
            what: self.what,
            help: self.help.or_else(|| Some(REFERENCE.to_owned())),
            text: NamedSource::new(name, text.to_owned()),
        }))
    }
}

/// What is wrong with a scenario file: one error, with its place and how to mend it.
#[derive(Clone, thiserror::Error)]
#[error("{}:{}: {}", .0.text.name(), .0.place, .0.what)]
pub struct ScenarioError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    place: Place,
    what: String,
    help: Option<String>,
    text: NamedSource<String>,
}

impl ScenarioError {
    /// The line and column, from 1.
    #[must_use]
    pub const fn place(&self) -> (usize, usize) {
        (self.0.place.line, self.0.place.column)
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// How to mend it.
    #[must_use]
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The name of the file.
    #[must_use]
    pub fn file(&self) -> &str {
        self.0.text.name()
    }
}

impl fmt::Debug for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        self.0
            .help
            .iter()
            .try_for_each(|help| write!(f, "\nhelp: {help}"))
    }
}

impl Diagnostic for ScenarioError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        // Nobody reads a line this long, and it cannot be drawn: padding of more than 65,535 columns is a panic.
        let Place { column, length, .. } = self.0.place;
        (column + length <= COLUMNS_SHOWN).then_some(&self.0.text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = (self.0.place.offset, self.0.place.length);
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(
            Some("here".to_owned()),
            span,
        ))))
    }
}
