//! A request's body, read field by field.
//!
//! HF declares its bodies in OpenAPI and answers nothing but 400 to one that does not fit. Fields that are not
//! declared are ignored: the description nowhere forbids more of them.

use std::collections::BTreeMap;

use super::invalid::{Invalid, Issue};
use crate::{
    json_text::read_json,
    json_tree::{Json, Members, member},
};

/// What was found, or why the request is refused.
pub(in crate::hf) type Checked<T> = Result<T, Invalid>;

/// An object in a body, with the way to it.
pub(in crate::hf) struct Fields<'a> {
    path: String,
    object: &'a Members<'a>,
}

/// The JSON of a body.
pub(in crate::hf) fn json(body: &[u8]) -> Checked<Json<'_>> {
    read_json(body).map_err(|wrong| {
        // The parser's own words may quote the body.
        let (line, column) = (wrong.line(), wrong.column());
        Invalid::at("", Issue::Json { line, column })
    })
}

impl<'a> Fields<'a> {
    /// The body itself.
    pub(in crate::hf) fn of_body(body: &'a Json<'a>) -> Checked<Self> {
        Self::of(String::new(), body)
    }

    /// `value` as an object.
    pub(in crate::hf) fn of(path: String, value: &'a Json<'a>) -> Checked<Self> {
        match value.as_object() {
            Some(object) => Ok(Self { path, object }),
            None => Err(Invalid::at(path, Issue::Expected("object"))),
        }
    }

    /// The way to a field.
    pub(in crate::hf) fn place(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The refusal of a field.
    pub(in crate::hf) fn wrong(&self, name: &str, issue: Issue) -> Invalid {
        Invalid::at(self.place(name), issue)
    }

    pub(in crate::hf) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(in crate::hf) fn get(&self, name: &str) -> Option<&'a Json<'a>> {
        member(self.object, name)
    }

    fn typed<T>(
        &self,
        name: &str,
        kind: &'static str,
        read: impl FnOnce(&'a Json<'a>) -> Option<T>,
    ) -> Checked<Option<T>> {
        self.get(name)
            .map(|value| read(value).ok_or_else(|| self.wrong(name, Issue::Expected(kind))))
            .transpose()
    }

    pub(in crate::hf) fn text(&self, name: &str) -> Checked<Option<&'a str>> {
        self.typed(name, "string", Json::as_text)
    }

    pub(in crate::hf) fn flag(&self, name: &str) -> Checked<Option<bool>> {
        self.typed(name, "boolean", Json::as_flag)
    }

    pub(in crate::hf) fn integer(&self, name: &str) -> Checked<Option<i64>> {
        self.typed(name, "integer", integer)
    }

    pub(in crate::hf) fn list(&self, name: &str) -> Checked<Option<&'a [Json<'a>]>> {
        self.typed(name, "array", Json::as_list)
    }

    pub(in crate::hf) fn texts(&self, name: &str) -> Checked<Option<Vec<String>>> {
        let list = self.list(name)?;
        list.map(|list| {
            list.iter()
                .map(|item| item.as_text().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| self.wrong(name, Issue::Expected("strings")))
        })
        .transpose()
    }

    pub(in crate::hf) fn fields(&self, name: &str) -> Checked<Option<Fields<'a>>> {
        self.get(name)
            .map(|value| Fields::of(self.place(name), value))
            .transpose()
    }

    /// An object whose keys and values are texts of these forms.
    pub(in crate::hf) fn map(
        &self,
        name: &str,
        is_key: fn(&str) -> bool,
        is_value: fn(&str) -> bool,
    ) -> Checked<Option<BTreeMap<String, String>>> {
        let Some(fields) = self.fields(name)? else {
            return Ok(None);
        };
        let mut map = BTreeMap::new();
        for (key, value) in fields.object {
            if !is_key(key) {
                return Err(self.wrong(name, Issue::NoSuchKey));
            }
            let value = value
                .as_text()
                .ok_or_else(|| fields.wrong(key, Issue::Expected("string")))?;
            if !is_value(value) {
                return Err(fields.wrong(key, Issue::NoSuchString));
            }
            map.insert(key.clone().into_owned(), value.to_owned());
        }
        Ok(Some(map))
    }

    /// One of these words.
    pub(in crate::hf) fn word(
        &self,
        name: &str,
        words: &[&'static str],
    ) -> Checked<Option<&'static str>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let known = words.iter().copied().find(|word| *word == text);
        known.map(Some).ok_or_else(|| {
            let options = format!("one of {}", words.join("|"));
            self.wrong(name, Issue::NoOption(options))
        })
    }

    /// A field that must be there.
    pub(in crate::hf) fn required<T>(&self, name: &str, found: Option<T>) -> Checked<T> {
        found.ok_or_else(|| self.wrong(name, Issue::Required))
    }
}

/// A whole number, however it is written.
pub(in crate::hf) fn integer(value: &Json<'_>) -> Option<i64> {
    // Beyond this, numbers with a fraction are no longer told from whole ones.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Json::Whole(number) => Some(*number),
        Json::Other(number) => {
            (number.fract() == 0.0 && number.abs() <= EXACT).then_some(*number as i64)
        }
        Json::Null | Json::Flag(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => None,
    }
}
