//! The tree of a YAML document, each [`Node`] with its place.
//!
//! A small language on purpose: no anchors, no tags, no second document, keys are plain words and unique.

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, options};

use crate::error::{Flaw, Place};

/// Nesting beyond this is an attack or an accident, and reading a tree uses the stack.
const DEPTH_MAX: usize = 48;

/// A node of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Text, a number, a truth value or null; which, the reader's type decides.
    Scalar {
        text: String,
        /// Without quotes, so that it may be a number, a truth value or null.
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// Reads a document.
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        let options = options! { emit_comments: false, disallow_directives: true, emit_unresolved_aliases: true };
        let mut builder = Builder {
            events: Parser::new_from_str_with_options(text, options),
        };
        loop {
            match builder.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::StreamEnd, _) => return Err(Flaw::new(EMPTY)),
                (event, span) => {
                    let root = builder.node(event, span, 0)?;
                    builder.finish()?;
                    return Ok(root);
                }
            }
        }
    }

    /// Whether it is written as nothing: `~`, `null`, or an empty value.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value behind a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Map(entries) = &self.kind else {
            return None;
        };
        entries
            .iter()
            .find(|(name, _)| name.text() == Some(key))
            .map(|(_, value)| value)
    }

    /// The same node as if it stood there.
    pub(crate) fn moved_to(mut self, place: Place) -> Self {
        self.place = place;
        match &mut self.kind {
            Kind::Scalar { .. } => {}
            Kind::List(items) => {
                *items = std::mem::take(items)
                    .into_iter()
                    .map(|item| item.moved_to(place))
                    .collect();
            }
            Kind::Map(entries) => {
                let moved = std::mem::take(entries).into_iter();
                *entries = moved
                    .map(|(key, value)| (key.moved_to(place), value.moved_to(place)))
                    .collect();
            }
        }
        self
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// What it is, for an error that expected something else.
    pub(crate) fn described(&self) -> String {
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => "nothing".to_owned(),
            Kind::Scalar { text, .. } if text.chars().count() > 40 => {
                format!("the text `{}…`", text.chars().take(40).collect::<String>())
            }
            Kind::Scalar { text, .. } => format!("`{text}`"),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }
}

const EMPTY: &str = "the file is empty\na scenario has at least a `title` and a `timeline`";

struct Builder<'a> {
    events: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Flaw> {
        match self.events.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let mark = error.marker();
                let place = Place {
                    line: mark.line(),
                    column: mark.col() + 1,
                    offset: mark.byte_offset().unwrap_or(0),
                    length: 0,
                };
                let what = format!("this is not YAML: {}\n{NOT_YAML}", error.info());
                Err(Flaw::at(place, &what))
            }
            None => Err(Flaw::new(EMPTY)),
        }
    }

    /// Builds the node that begins with `event`.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Flaw> {
        let place = place_of(&span);
        if depth > DEPTH_MAX {
            return Err(Flaw::at(
                place,
                "this is nested too deeply\na scenario needs a few levels only",
            ));
        }
        let kind = match event {
            Event::Scalar(text, style, anchor, tag) => {
                plain_node(place, anchor, tag.is_some())?;
                Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                }
            }
            Event::SequenceStart(_, anchor, tag) => {
                plain_node(place, anchor, tag.is_some())?;
                self.list(depth)?
            }
            Event::MappingStart(_, anchor, tag) => {
                plain_node(place, anchor, tag.is_some())?;
                self.map(depth)?
            }
            _ => return Err(Flaw::at(place, ALIAS)),
        };
        Ok(Node { kind, place })
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Flaw> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Kind::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Kind, Flaw> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Kind::Map(entries));
            }
            let key = self.node(event, span, depth + 1)?;
            let Some(name) = key.text() else {
                return Err(Flaw::at(
                    key.place,
                    "a key must be a word\nput the list or mapping behind a key",
                ));
            };
            if let Some((first, _)) = entries.iter().find(|(other, _)| other.text() == Some(name)) {
                let what = format!(
                    "the key `{name}` stands here a second time\nit stands in line {} already; keep one of the two",
                    first.place.line
                );
                return Err(Flaw::at(key.place, &what));
            }
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            entries.push((key, value));
        }
    }

    fn finish(&mut self) -> Result<(), Flaw> {
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (_, span) => {
                    let what = "a second document begins here\none file holds one scenario; remove the `---`";
                    return Err(Flaw::at(place_of(&span), what));
                }
            }
        }
    }
}

const NOT_YAML: &str = "look at indentation, quotes and brackets up to this place";
const ALIAS: &str =
    "aliases are not part of this language\nwrite the value out, or use a parameter: `$name`";

/// Refuses anchors and tags, which would make a value depend on another place.
fn plain_node(place: Place, anchor: usize, tagged: bool) -> Result<(), Flaw> {
    if tagged {
        return Err(Flaw::at(
            place,
            "tags are not part of this language\nremove the `!tag`",
        ));
    }
    if anchor != 0 {
        return Err(Flaw::at(
            place,
            "anchors are not part of this language\nuse a parameter: `$name`",
        ));
    }
    Ok(())
}

fn place_of(span: &Span) -> Place {
    let bytes = span.byte_range().unwrap_or(0..0);
    Place {
        line: span.start.line(),
        column: span.start.col() + 1,
        offset: bytes.start,
        // A block collection's span is empty; a point is enough to show where it begins.
        length: bytes.len(),
    }
}
