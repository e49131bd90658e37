//! Rewrites texts within JSON and leaves everything else as it stands: the order of keys, the digits of numbers, the spaces.

use serde_json::{Map, Value};

/// Where a text stands.
#[derive(Debug)]
pub(super) struct At<'a> {
    /// The keys that lead to it; positions in lists are left out.
    pub(super) path: &'a [String],
    /// The object it is a value of, also as the item of a list.
    pub(super) parent: Option<&'a Map<String, Value>>,
    /// Whether it is the key of a value, which stands where its object does.
    pub(super) is_key: bool,
}

/// The same JSON, with what `new` gives for its texts and keys, and without what lies in the lists and objects that `empties`
/// names by their paths. `value` is what `json` reads as.
pub(super) fn rewrite(
    json: &str,
    value: &Value,
    empties: &dyn Fn(&[String]) -> bool,
    new: &mut dyn FnMut(At<'_>, &str) -> Option<String>,
) -> String {
    let mut rewriting = Rewriting {
        json,
        at: 0,
        out: String::with_capacity(json.len()),
        path: Vec::new(),
        empties,
        new,
    };
    rewriting.value(value, None);
    rewriting.out.push_str(&json[rewriting.at..]);
    rewriting.out
}

struct Rewriting<'a> {
    json: &'a str,
    at: usize,
    out: String,
    path: Vec<String>,
    empties: &'a dyn Fn(&[String]) -> bool,
    new: &'a mut dyn FnMut(At<'_>, &str) -> Option<String>,
}

impl<'a> Rewriting<'a> {
    fn value(&mut self, value: &Value, parent: Option<&Map<String, Value>>) {
        self.copy_while(|byte| byte.is_ascii_whitespace());
        match self.json.as_bytes().get(self.at) {
            Some(b'{' | b'[') if (self.empties)(&self.path) => self.empty(),
            Some(b'{') => self.object(value),
            Some(b'[') => self.list(value, parent),
            Some(b'"') => self.text(parent),
            _ => self.copy_while(|byte| !b",]} \t\r\n".contains(&byte)),
        }
        self.copy_while(|byte| byte.is_ascii_whitespace());
    }

    /// Nothing stands for all that lies in the list or object that begins here.
    fn empty(&mut self) {
        let rest = &self.json[self.at..];
        let mut stream =
            serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
        // The whole text was read before, so this part of it can be.
        let length = match stream.next() {
            Some(Ok(_)) => stream.byte_offset(),
            Some(Err(_)) | None => rest.len(),
        };
        self.out
            .push_str(if rest.starts_with('{') { "{}" } else { "[]" });
        self.at += length;
    }

    fn object(&mut self, value: &Value) {
        let map = value.as_object();
        self.copy(1);
        self.copy_while(|byte| byte.is_ascii_whitespace());
        while self.json.as_bytes().get(self.at) == Some(&b'"') {
            let literal = self.literal();
            let key: String = serde_json::from_str(literal).unwrap_or_default();
            let at = At {
                path: &self.path,
                parent: map,
                is_key: true,
            };
            match (self.new)(at, &key) {
                Some(new) => self.out.push_str(&Value::from(new).to_string()),
                None => self.out.push_str(literal),
            }
            self.copy_while(|byte| byte.is_ascii_whitespace() || byte == b':');
            let inner = map.and_then(|map| map.get(&key)).unwrap_or(&Value::Null);
            self.path.push(key);
            self.value(inner, map);
            self.path.pop();
            self.copy_while(|byte| byte.is_ascii_whitespace() || byte == b',');
        }
        self.copy(1);
    }

    fn list(&mut self, value: &Value, parent: Option<&Map<String, Value>>) {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        self.copy(1);
        self.copy_while(|byte| byte.is_ascii_whitespace());
        let mut items = items.iter();
        while self
            .json
            .as_bytes()
            .get(self.at)
            .is_some_and(|byte| *byte != b']')
        {
            let before = self.at;
            self.value(items.next().unwrap_or(&Value::Null), parent);
            self.copy_while(|byte| byte.is_ascii_whitespace() || byte == b',');
            if self.at == before {
                return;
            }
        }
        self.copy(1);
    }

    fn text(&mut self, parent: Option<&Map<String, Value>>) {
        let literal = self.literal();
        let text: String = serde_json::from_str(literal).unwrap_or_default();
        let at = At {
            path: &self.path,
            parent,
            is_key: false,
        };
        match (self.new)(at, &text) {
            Some(new) => self.out.push_str(&Value::from(new).to_string()),
            None => self.out.push_str(literal),
        }
    }

    /// Steps over the string literal that begins here.
    fn literal(&mut self) -> &'a str {
        let json: &'a str = self.json;
        let (mut end, mut escaped) = (self.at + 1, false);
        for byte in &json.as_bytes()[self.at + 1..] {
            end += 1;
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => break,
                _ => {}
            }
        }
        let literal = &json[self.at..end];
        self.at = end;
        literal
    }

    fn copy(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.json.len());
        self.out.push_str(&self.json[self.at..end]);
        self.at = end;
    }

    fn copy_while(&mut self, fits: impl Fn(u8) -> bool) {
        let rest = &self.json.as_bytes()[self.at..];
        let length = rest.iter().take_while(|byte| fits(**byte)).count();
        self.copy(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loud(json: &str) -> String {
        let value = serde_json::from_str(json).unwrap();
        rewrite(json, &value, &|_| false, &mut |at, text| {
            if at.is_key {
                return None;
            }
            let key = at.path.join(".");
            let siblings = at.parent.map_or(0, Map::len);
            (text != "kept").then(|| format!("{key}/{siblings}/{text}"))
        })
    }

    #[test]
    fn keys_are_rewritten_and_what_is_named_is_emptied() {
        let json = r#"{"a" : {"b":[{"c":"}"}, 1]}, "d":{"a":["x"]}, "e":[[]]}"#;
        let value = serde_json::from_str(json).unwrap();
        let emptied = |path: &[String]| path.last().is_some_and(|key| key == "b" || key == "d");
        let new = rewrite(json, &value, &emptied, &mut |at, text| {
            (at.is_key && text == "e").then(|| "f".to_owned())
        });
        assert_eq!(new, r#"{"a" : {"b":[]}, "d":{}, "f":[[]]}"#);
    }

    #[test]
    fn texts_are_rewritten_and_all_else_stays_as_it_stands() {
        let json = "{ \"b\" : 9007199254740993.10,\n\t\"a\":[\"x\", {\"c\\u0064\":\"\\\"}\"} , []] ,\"k\":\"kept\\u00e9\"}";
        assert_eq!(
            loud(json),
            "{ \"b\" : 9007199254740993.10,\n\t\"a\":[\"a/3/x\", {\"c\\u0064\":\"a.cd/1/\\\"}\"} , []] ,\"k\":\"k/3/kepté\"}"
        );
        for json in [
            "[]",
            "{}",
            " [ {} , [ ] ] ",
            "{\"a\":null,\"b\":[true,1e5]}",
            "\"kept\"",
            "{\"a\":\"kept\"}",
        ] {
            assert_eq!(loud(json), json);
        }
    }
}
