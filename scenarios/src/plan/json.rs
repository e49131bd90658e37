//! Writing a plan as JSON that a person can compare: one step, one fault, one setting group a line.

use serde::Serialize;

use super::Plan;

/// The plan as JSON text, ending in a line break.
pub(super) fn write(plan: &Plan) -> String {
    let mut text = String::from("{\n");
    let mut fields = Fields {
        text: &mut text,
        first: true,
    };
    fields.put("title", &plan.title);
    fields.put_some("source", plan.source.as_ref());
    fields.put_some("date", plan.date.as_ref());
    fields.put_some("cause", plan.cause.as_ref());
    fields.put_some("tags", Some(&plan.tags).filter(|tags| !tags.is_empty()));
    fields.put_some("about", Some(&plan.about).filter(|about| !about.is_empty()));
    fields.put("seed", &plan.seed);
    fields.put_some(
        "params",
        Some(&plan.params).filter(|params| !params.is_empty()),
    );
    fields.put("world", &plan.world);
    fields.put_list("timeline", &plan.timeline);
    fields.put_list("faults", &plan.faults);
    fields.put_some("heal", plan.heal.as_ref());
    fields.put("expect", &plan.expect);
    text.push_str("\n}\n");
    text
}

struct Fields<'a> {
    text: &'a mut String,
    first: bool,
}

impl Fields<'_> {
    fn key(&mut self, key: &str) {
        if !self.first {
            self.text.push_str(",\n");
        }
        self.first = false;
        self.text.push_str("  \"");
        self.text.push_str(key);
        self.text.push_str("\": ");
    }

    fn put<T: Serialize>(&mut self, key: &str, value: &T) {
        self.key(key);
        self.text.push_str(&line(value));
    }

    fn put_some<T: Serialize>(&mut self, key: &str, value: Option<&T>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn put_list<T: Serialize>(&mut self, key: &str, items: &[T]) {
        if items.is_empty() {
            return;
        }
        self.key(key);
        self.text.push('[');
        for (index, item) in items.iter().enumerate() {
            self.text
                .push_str(if index == 0 { "\n    " } else { ",\n    " });
            self.text.push_str(&line(item));
        }
        self.text.push_str("\n  ]");
    }
}

/// One value on one line, in ASCII: YAML readers refuse some of the characters that JSON leaves as they are.
fn line<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_string(value).expect("a plan holds only what JSON can write");
    if json.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return json;
    }
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if (' '..='~').contains(&c) {
            ascii.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    ascii
}
