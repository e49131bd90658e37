//! Answers that are no JSON: files, and pages for a person.

use bytes::Bytes;

use crate::calls::Reply;

/// A file of this media type.
pub(in crate::github) fn file(kind: &str, body: Bytes) -> Reply {
    let mut reply = Reply::empty(200).with_header("content-type", kind.to_owned());
    reply.body = body;
    reply
}

/// A page with a title, around this HTML.
pub(in crate::github) fn page(status: u16, title: &str, body: &str) -> Reply {
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>\n"
    );
    Reply::text(status, text).with_header("content-type", "text/html; charset=utf-8".to_owned())
}

/// A text as it can stand in HTML, attributes included.
pub(in crate::github) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
