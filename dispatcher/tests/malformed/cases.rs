//! The table: what is sent, and what comes back.

/// What is sent, made from a good delivery; and the status and a part of the text that come back.
pub(crate) type Case = (&'static str, Sent, u16, &'static str);

#[derive(Clone, Copy)]
pub(crate) enum Sent {
    /// The signature header, if any, and then others; the body is good.
    Signature(&'static [&'static [u8]]),
    /// A body, signed as it is.
    Body(&'static [u8]),
    /// The same, of a text.
    Text(&'static str),
    /// So many times this text, signed.
    Repeated(&'static str, usize),
    /// The good payload with one piece replaced, signed.
    Edited(&'static str, &'static str),
    /// A header replaced by another value, or by none.
    Header(&'static str, Option<&'static [u8]>),
    /// A form, signed as it is.
    Form(&'static str),
}

pub(crate) const GOOD: &str = r#"{"action":"queued","workflow_job":{"id":2,"run_id":1,"labels":["hf-jobs-cpu-basic"]},"repository":{"id":1,"full_name":"octo/app"},"installation":{"id":42}}"#;

const NOT_JSON: &str = "the payload is not JSON";
const NO_OBJECT: &str = "the payload is JSON, but no object";
const NO_LABEL: &str = "no hf-jobs-* label";
pub(crate) const ZEROS: &[u8] =
    b"sha256=0000000000000000000000000000000000000000000000000000000000000000";

/// Before a body is believed.
pub(crate) const UNSIGNED: &[Case] = &[
    ("no signature", Sent::Signature(&[]), 401, "is missing"),
    ("an empty one", Sent::Signature(&[b""]), 401, "malformed"),
    ("a word", Sent::Signature(&[b"secret"]), 401, "malformed"),
    (
        "only its prefix",
        Sent::Signature(&[b"sha256="]),
        401,
        "malformed",
    ),
    (
        "without its prefix",
        Sent::Signature(&[ZEROS.split_at(7).1]),
        401,
        "malformed",
    ),
    (
        "of SHA-1",
        Sent::Signature(&[b"sha1=0000000000000000000000000000000000000000"]),
        401,
        "malformed",
    ),
    (
        "of SHA-512",
        Sent::Signature(&[b"sha512=00"]),
        401,
        "malformed",
    ),
    (
        "a prefix in capitals",
        Sent::Signature(&[
            b"SHA256=0000000000000000000000000000000000000000000000000000000000000000",
        ]),
        401,
        "malformed",
    ),
    (
        "a digit short",
        Sent::Signature(&[ZEROS.split_at(70).0]),
        401,
        "malformed",
    ),
    (
        "a digit long",
        Sent::Signature(&[
            b"sha256=00000000000000000000000000000000000000000000000000000000000000000",
        ]),
        401,
        "malformed",
    ),
    (
        "no hex digit",
        Sent::Signature(&[
            b"sha256=g000000000000000000000000000000000000000000000000000000000000000",
        ]),
        401,
        "malformed",
    ),
    (
        "blanks inside",
        Sent::Signature(&[
            b"sha256= 000000000000000000000000000000000000000000000000000000000000000",
        ]),
        401,
        "malformed",
    ),
    (
        "in quotes",
        Sent::Signature(&[b"\"sha256=00\""]),
        401,
        "malformed",
    ),
    (
        "not even text",
        Sent::Signature(&[b"sha256=\xff\xfe"]),
        401,
        "malformed",
    ),
    ("two of them", Sent::Signature(&[ZEROS, ZEROS]), 401, "once"),
    (
        "two in one",
        Sent::Signature(&[b"sha256=00,sha256=00"]),
        401,
        "malformed",
    ),
    (
        "of something else",
        Sent::Signature(&[ZEROS]),
        401,
        "signature is wrong",
    ),
    (
        "only in the older header",
        Sent::Header("x-hub-signature-256", None),
        401,
        "is missing",
    ),
    (
        "a body beyond 28 MB",
        Sent::Repeated(" ", (28 << 20) + 1),
        413,
        "too large",
    ),
];

/// Signed, and no payload.
pub(crate) const UNREADABLE: &[Case] = &[
    ("nothing", Sent::Text(""), 400, NOT_JSON),
    ("blanks", Sent::Text(" \r\n"), 400, NOT_JSON),
    ("a word", Sent::Text("queued"), 400, NOT_JSON),
    ("half an object", Sent::Text("{\"action\":"), 400, NOT_JSON),
    ("an object and more", Sent::Text("{}{}"), 400, NOT_JSON),
    (
        "a trailing comma",
        Sent::Text("{\"action\":\"queued\",}"),
        400,
        NOT_JSON,
    ),
    (
        "single quotes",
        Sent::Text("{'action':'queued'}"),
        400,
        NOT_JSON,
    ),
    ("a comment", Sent::Text("{/* */}"), 400, NOT_JSON),
    ("NaN", Sent::Text("{\"action\":NaN}"), 400, NOT_JSON),
    (
        "a number that is none",
        Sent::Text("{\"action\":01}"),
        400,
        NOT_JSON,
    ),
    (
        "a control character in a text",
        Sent::Text("{\"action\":\"a\nb\"}"),
        400,
        NOT_JSON,
    ),
    (
        "half a surrogate",
        Sent::Text(r#"{"action":"\ud800"}"#),
        400,
        NOT_JSON,
    ),
    (
        "a bad escape",
        Sent::Text(r#"{"action":"\x41"}"#),
        400,
        NOT_JSON,
    ),
    (
        "not UTF-8",
        Sent::Body(b"{\"action\":\"\xff\"}"),
        400,
        NOT_JSON,
    ),
    ("UTF-16", Sent::Body(b"{\0}\0"), 400, NOT_JSON),
    ("a byte order mark", Sent::Text("\u{feff}{}"), 400, NOT_JSON),
    ("NUL bytes", Sent::Repeated("\0", 100), 400, NOT_JSON),
    (
        "compressed",
        Sent::Body(b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        400,
        NOT_JSON,
    ),
    ("too deep", Sent::Repeated("[", 100_000), 400, NOT_JSON),
    (
        "too deep in a field",
        Sent::Repeated("{\"x\":", 10_000),
        400,
        NOT_JSON,
    ),
    (
        "a field twice",
        Sent::Edited(
            r#""action":"queued""#,
            r#""action":"queued","action":"completed""#,
        ),
        400,
        "duplicate field",
    ),
    ("null", Sent::Text("null"), 400, NO_OBJECT),
    ("true", Sent::Text("true"), 400, NO_OBJECT),
    ("a number", Sent::Text("42"), 400, NO_OBJECT),
    ("a text", Sent::Text("\"queued\""), 400, NO_OBJECT),
    ("an empty list", Sent::Text("[]"), 400, NO_OBJECT),
    ("a list of payloads", Sent::Text("[{}]"), 400, NO_OBJECT),
    (
        "a payload by position",
        Sent::Text(
            r#"["queued",{"id":1,"run_id":2,"labels":["hf-jobs-cpu-basic"]},{"id":1,"full_name":"octo/app"},{"id":1}]"#,
        ),
        400,
        NO_OBJECT,
    ),
    ("a form that is JSON", Sent::Form(GOOD), 400, "no payload"),
    (
        "a form of something else",
        Sent::Form("a=1&b=2"),
        400,
        "no payload",
    ),
    (
        "a form with an empty payload",
        Sent::Form("payload="),
        400,
        NOT_JSON,
    ),
    (
        "a form with a broken code",
        Sent::Form("payload=%7B%2"),
        400,
        NOT_JSON,
    ),
    (
        "a form with a list",
        Sent::Form("payload=%5B%5D"),
        400,
        NO_OBJECT,
    ),
    (
        "JSON said to be a form",
        Sent::Header(
            "content-type",
            Some(b"application/x-www-form-urlencoded; charset=utf-8"),
        ),
        400,
        "no payload",
    ),
];

/// A payload without what a job needs, or with something else in its place.
pub(crate) const INCOMPLETE: &[Case] = &[
    ("an empty object", Sent::Text("{}"), 200, "action="),
    (
        "no event",
        Sent::Header("x-github-event", None),
        200,
        "event=",
    ),
    (
        "an event that is no text",
        Sent::Header("x-github-event", Some(b"\xff")),
        200,
        "event=",
    ),
    (
        "another event",
        Sent::Header("x-github-event", Some(b"check_run")),
        200,
        "event=check_run",
    ),
    (
        "an event in capitals",
        Sent::Header("x-github-event", Some(b"WORKFLOW_JOB")),
        200,
        "event=WORKFLOW_JOB",
    ),
    (
        "an action that is none",
        Sent::Edited("queued", "exploded"),
        200,
        "action=exploded",
    ),
    (
        "an action in capitals",
        Sent::Edited("queued", "QUEUED"),
        200,
        "action=QUEUED",
    ),
    (
        "an action that is a number",
        Sent::Edited("\"queued\"", "7"),
        200,
        "action=",
    ),
    (
        "an action that is an object",
        Sent::Edited("\"queued\"", "{\"queued\":{}}"),
        200,
        "action=",
    ),
    (
        "no job",
        Sent::Edited(r#""workflow_job""#, r#""job""#),
        200,
        "no workflow_job",
    ),
    (
        "a job by position",
        Sent::Edited(
            r#"{"id":2,"run_id":1,"labels":["hf-jobs-cpu-basic"]}"#,
            r#"[2,1,["hf-jobs-cpu-basic"]]"#,
        ),
        200,
        "no workflow_job",
    ),
    (
        "a job that is null",
        Sent::Edited(
            r#"{"id":2,"run_id":1,"labels":["hf-jobs-cpu-basic"]}"#,
            "null",
        ),
        200,
        "no workflow_job",
    ),
    (
        "no repository",
        Sent::Edited(r#""repository""#, r#""repo""#),
        200,
        "no repository",
    ),
    (
        "a repository by its name",
        Sent::Edited(r#"{"id":1,"full_name":"octo/app"}"#, r#""octo/app""#),
        200,
        "no repository",
    ),
    (
        "no labels",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, "[]"),
        200,
        NO_LABEL,
    ),
    (
        "labels that are null",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, "null"),
        200,
        NO_LABEL,
    ),
    (
        "labels that are a text",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, r#""hf-jobs-cpu-basic""#),
        200,
        NO_LABEL,
    ),
    (
        "labels in an object",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, r#"{"0":"hf-jobs-cpu-basic"}"#),
        200,
        NO_LABEL,
    ),
    (
        "labels in lists",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, r#"[["hf-jobs-cpu-basic"]]"#),
        200,
        NO_LABEL,
    ),
    (
        "numbers for labels",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, "[1,2]"),
        200,
        NO_LABEL,
    ),
    (
        "an unknown flavor",
        Sent::Edited("cpu-basic", "cpu-basci"),
        200,
        "try runs-on: hf-jobs-cpu-basic",
    ),
    (
        "an unknown image",
        Sent::Edited("cpu-basic", "cpu-basic:rust"),
        200,
        "RUNNER_IMAGE_RUST",
    ),
    (
        "a label beside ours",
        Sent::Edited("[\"hf", "[\"gpu\",\"hf"),
        200,
        "alone",
    ),
    (
        "a prefix alone",
        Sent::Edited("cpu-basic", ""),
        200,
        "unknown flavor",
    ),
    (
        "a slip in the prefix",
        Sent::Edited("hf-jobs-cpu", "hf-job-cpu"),
        200,
        "try runs-on: hf-jobs-cpu-basic",
    ),
    (
        "no number of the repository",
        Sent::Edited(r#""id":1,"full"#, r#""full"#),
        200,
        "no repository id",
    ),
    (
        "no name of the repository",
        Sent::Edited("octo/app", ""),
        200,
        "no repository name",
    ),
    (
        "a name without an owner",
        Sent::Edited("octo/app", "app"),
        200,
        "no repository name",
    ),
    (
        "a name that leaves its path",
        Sent::Edited("octo/app", "octo/.."),
        200,
        "no repository name",
    ),
    (
        "a name with a query",
        Sent::Edited("octo/app", "octo/app?x="),
        200,
        "no repository name",
    ),
    (
        "a name with a line break",
        Sent::Edited("octo/app", r"octo/app\r\nx: y"),
        200,
        "no repository name",
    ),
    (
        "no installation",
        Sent::Edited(r#""installation""#, r#""install""#),
        200,
        "missing installation id",
    ),
    (
        "an installation of 0",
        Sent::Edited("42", "0"),
        200,
        "missing installation id",
    ),
    (
        "a negative installation",
        Sent::Edited("42", "-42"),
        200,
        "missing installation id",
    ),
    (
        "half an installation",
        Sent::Edited("42", "4.2"),
        200,
        "missing installation id",
    ),
    (
        "an installation beyond 64 bits",
        Sent::Edited("42", "18446744073709551616"),
        200,
        "missing installation id",
    ),
    (
        "no number of the job",
        Sent::Edited(r#""id":2,"#, ""),
        200,
        "no job id",
    ),
    (
        "a job of 0",
        Sent::Edited(r#""id":2,"#, r#""id":0,"#),
        200,
        "no job id",
    ),
    (
        "no run",
        Sent::Edited(r#""run_id":1,"#, ""),
        200,
        "no run id",
    ),
    (
        "a run that is a word",
        Sent::Edited(r#""run_id":1"#, r#""run_id":"one""#),
        200,
        "no run id",
    ),
];
