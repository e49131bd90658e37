//! A served lab as a process: how tests start it, ask its control API and receive its webhooks.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc,
};

use dispatchlab::control::document;
use serde_json::{Value, json};

/// `dispatchlab serve` without a scenario, and what it said of itself.
pub(crate) struct Lab {
    pub(crate) process: Child,
    pub(crate) started: Value,
    pub(crate) folder: tempfile::TempDir,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Lab {
    /// The fake GitHub alone, on a free port.
    pub(crate) fn github() -> Self {
        Self::serve(&["--github", "127.0.0.1:0"])
    }

    pub(crate) fn serve(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
            .args(["serve", "--json", "--env-file", "lab.env", "--out", "out"])
            .args(args)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let started = serde_json::from_str(&line).unwrap();
        Self {
            process,
            started,
            folder,
        }
    }

    pub(crate) fn host(&self) -> String {
        let url = self.started["github"].as_str().unwrap();
        url.strip_prefix("http://").unwrap().to_owned()
    }

    /// Asks the control API, and checks the answer against its document.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = self.send(method, path, &[], &body);
        check_against_document(method, path, &answer);
        answer
    }

    /// Sends a request as it is. HTTP/1.0, so that the end of the connection ends the answer.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let host = self.host();
        let mut stream = TcpStream::connect(&host).unwrap();
        let mut request = format!(
            "{method} {path} HTTP/1.0\r\ncontent-length: {}\r\n",
            body.len()
        );
        if !headers.iter().any(|(name, _)| *name == "host") {
            request.push_str(&format!("host: {host}\r\n"));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        stream
            .write_all(format!("{request}\r\n{body}").as_bytes())
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, text) = text.split_once("\r\n\r\n").unwrap();
        let content_type = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-type")
                .then(|| value.to_owned())
        });
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            content_type: content_type.unwrap_or_default(),
            text: text.to_owned(),
        }
    }

    /// The history so far.
    pub(crate) fn history(&self) -> Vec<Value> {
        let answer = self.ask("GET", "/_lab/history", &Value::Null);
        let lines = answer.text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Calls the fake GitHub's API with this credential.
    pub(crate) fn call(&self, method: &str, path: &str, credential: &str, body: &str) -> Answer {
        let headers = [
            ("authorization", credential),
            ("user-agent", "control-test"),
        ];
        self.send(method, path, &headers, body)
    }

    /// A token of the installation that holds octo/app, as a dispatcher gets it.
    pub(crate) fn token(&self) -> String {
        let environment = fs::read_to_string(self.folder.path().join("lab.env")).unwrap();
        let pem = environment.split_once("GH_APP_PRIVATE_KEY='").unwrap().1;
        let pem = pem.split_once('\'').unwrap().0;
        #[expect(
            clippy::disallowed_methods,
            reason = "the lab under test runs in real time"
        )]
        let now = jiff::Timestamp::now().as_second();
        let claims = json!({ "iat": now - 30, "exp": now + 300, "iss": self.started["app_id"] });
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        let jwt = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        let bearer = format!("Bearer {jwt}");
        let installation = self
            .call("GET", "/repos/octo/app/installation", &bearer, "")
            .json();
        let path = format!("/app/installations/{}/access_tokens", installation["id"]);
        let token = self.call("POST", &path, &bearer, "").json();
        format!("token {}", token["token"].as_str().unwrap())
    }
}

/// The operation of the document for this method and path, and the document as the base of references.
fn operation(method: &str, path: &str) -> Value {
    let path = path.split('?').next().unwrap();
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (ours, theirs) = (path.split('/'), template.split('/'));
        ours.clone().count() == theirs.clone().count()
            && ours
                .zip(theirs)
                .all(|(our, their)| our == their || their.starts_with('{'))
    };
    let exact = paths.get(path);
    let found = exact.or_else(|| {
        paths
            .iter()
            .find(|(template, _)| fits(template))
            .map(|(_, item)| item)
    });
    let method = method.to_lowercase();
    let operation = found.map_or(Value::Null, |item| item[&method].clone());
    assert!(
        operation.is_object(),
        "{method} {path} is not in the document"
    );
    operation
}

pub(crate) fn check_against_document(method: &str, path: &str, answer: &Answer) {
    let operation = operation(method, path);
    let status = answer.status.to_string();
    let responses = &operation["responses"];
    let described = responses.get(&status).unwrap_or(&responses["default"]);
    assert!(
        answer.status >= 400 || responses.get(&status).is_some(),
        "{method} {path} answered {status}, which the document does not know"
    );
    let schema = &described["content"][&answer.content_type]["schema"];
    assert!(
        !schema.is_null(),
        "{method} {path}: {} is not documented",
        answer.content_type
    );
    let mut schema = schema.clone();
    schema["components"] = document()["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let values: Vec<Value> = if answer.content_type == "application/x-ndjson" {
        let lines = answer.text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    } else {
        vec![answer.json()]
    };
    for value in values {
        let errors: Vec<_> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:?} in {value}");
    }
}

/// A dispatcher's webhook that says 202 to everything, and gives each request's text.
pub(crate) fn receiver() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {
                let line = head.lines().last().unwrap_or_default().to_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
            let _ = sender.send(head + &String::from_utf8(body).unwrap());
        }
    });
    (url, received)
}

/// No body.
pub(crate) const NOTHING: Value = Value::Null;
