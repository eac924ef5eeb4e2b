//! The OpenAPI document says what the relay does: the committed one is the served one, and what
//! each call answers is what its schemas say.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::raw::{self, Answer};
use crate::running::{self, Running};

/// Where the document is committed. To write it anew, set `RINGFENCE_WRITE_OPENAPI`.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

/// Calls the relay and holds each answer against the document.
struct Examiner {
    running: Running,
    document: Value,
    seen: BTreeSet<(String, String)>,
}

impl Examiner {
    fn start() -> Self {
        let running = running::start_with_turn();
        let request = raw::request("GET", "/openapi.json", "", "");
        let document = raw::over_unix(&running.socket(), &request).json();
        Self { running, document, seen: BTreeSet::new() }
    }

    /// Makes a call; `template` is its path in the document.
    fn call(&mut self, method: &str, template: &str, path: &str, body: &str, status: u16) {
        let request = match body {
            "" => raw::request(method, path, "", ""),
            body => raw::json(method, path, body),
        };
        let answer = raw::over_unix(&self.running.socket(), &request);
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        let method = method.to_lowercase();
        self.examine(&self.document["paths"][template][&method], &answer);
        self.seen.insert((template.to_owned(), method));
    }

    fn examine(&self, operation: &Value, answer: &Answer) {
        let responses = &operation["responses"];
        let declared = responses.get(answer.status.to_string());
        let declared = declared.or_else(|| responses.get("default"));
        let declared = declared.unwrap_or_else(|| panic!("undeclared: {answer:?} of {operation}"));
        let Some(content) = declared.get("content") else {
            assert_eq!(answer.body, "");
            return;
        };
        let content_type = answer.header("content-type").unwrap();
        let schema = &content[content_type]["schema"];
        assert!(schema.is_object(), "{content_type} is not among {content}");
        let body = match content_type.ends_with("json") {
            true => answer.json(),
            false => json!(answer.body),
        };
        self.validate(schema, &body);
    }

    /// Lines reach the audit trail in a moment, not at once.
    fn wait_for_the_trail(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let lines = || self.running.relay.control().audit().status().unwrap().seq;
        while lines() < 3 {
            assert!(Instant::now() < deadline, "started, room opened and joined are on record");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn validate(&self, schema: &Value, body: &Value) {
        let mut whole = closed(self.document["components"].clone());
        whole = json!({ "components": whole, "allOf": [schema] });
        let validator = jsonschema::draft202012::new(&whole).unwrap();
        let errors: Vec<_> = validator.iter_errors(body).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}: {body} against {schema}");
    }

    fn documented(&self) -> BTreeSet<(String, String)> {
        let paths = self.document["paths"].as_object().unwrap();
        let each = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| (path.clone(), method.clone()))
        });
        each.collect()
    }
}

/// The schemas, no longer open to fields that they do not name.
fn closed(mut components: Value) -> Value {
    for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
        if schema["type"] == "object" {
            schema["additionalProperties"] = json!(false);
        }
    }
    components
}

#[test]
fn the_committed_document_is_the_served_one() {
    let served = ringfence::api::document();
    if std::env::var_os("RINGFENCE_WRITE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, served).unwrap();
    }
    let committed = std::fs::read_to_string(Path::new(COMMITTED)).unwrap_or_default();
    assert!(committed == served, "set RINGFENCE_WRITE_OPENAPI to write openapi.json anew");
    let running = running::start();
    let request = raw::request("GET", "/openapi.json", "", "");
    assert_eq!(raw::over_unix(&running.socket(), &request).body, served);
}

#[test]
fn every_call_answers_as_the_document_says() {
    let mut examiner = Examiner::start();
    let join = "/v1/rooms/{room}/participants";
    let good = r#"{"tenant":"acme","participant":"a","ice":{"ufrag":"abcd","pwd":"0123456789012345678901"},"hears":["b"],"max_kbps":64,"ttl_s":9}"#;
    let joining = good.to_owned();
    examiner.call("POST", join, "/v1/rooms/r/participants", good, 201);
    examiner.call("POST", join, "/v1/rooms/r/participants", good, 409);
    examiner.call("POST", join, "/v1/rooms/r/participants", "{}", 422);
    examiner.call("POST", join, "/v1/rooms/r/participants", "{", 400);
    let refused = r#"{"tenant":"initech","participant":"a"}"#;
    examiner.call("POST", join, "/v1/rooms/s/participants", refused, 403);
    examiner.call("GET", "/v1/rooms", "/v1/rooms", "", 200);
    examiner.call("GET", "/v1/rooms", "/v1/rooms?x=1", "", 400);
    examiner.call("GET", "/v1/rooms/{room}", "/v1/rooms/r", "", 200);
    examiner.call("GET", "/v1/rooms/{room}", "/v1/rooms/s", "", 404);
    let room = "/v1/rooms/{room}";
    examiner.call("PATCH", room, "/v1/rooms/r", r#"{"refuse":["china"]}"#, 200);
    examiner.call("PATCH", room, "/v1/rooms/r", r#"{"refuse":[]}"#, 409);
    examiner.call("PATCH", room, "/v1/rooms/r", r#"{"refuse":["atlantis"]}"#, 403);
    examiner.call("PATCH", room, "/v1/rooms/s", r#"{"refuse":["china"]}"#, 404);
    examiner.call("PATCH", room, "/v1/rooms/r", r#"{"allow":["china"]}"#, 422);
    examiner.call("POST", "/v1/reload", "/v1/reload", "{}", 409);
    examiner.call("POST", "/v1/reload", "/v1/reload", r#"{"dry_run":1}"#, 422);
    examiner.call("GET", "/v1/sessions", "/v1/sessions?room=r", "", 200);
    examiner.call("GET", "/v1/sessions", "/v1/sessions?room=s", "", 404);
    examiner.call("GET", "/v1/turn/allocations", "/v1/turn/allocations", "", 200);
    let credentials = "/v1/turn/credentials";
    let good = r#"{"tenant":"acme","meeting":"m","party":"a","fence":"open","ttl_s":60}"#;
    examiner.call("POST", credentials, credentials, good, 201);
    examiner.call("POST", credentials, credentials, &good.replace("60", "0"), 422);
    examiner.call("POST", credentials, credentials, &good.replace("open", "us-only"), 403);
    examiner.call("POST", credentials, credentials, &good.replace("acme", "globex"), 503);
    let rest = "/turn?service=turn&username=a&tenant=acme&meeting=m&fence=open&ttl=60&key=x";
    examiner.call("GET", "/turn", rest, "", 200);
    examiner.call("POST", "/turn", rest, "", 200);
    examiner.call("GET", "/turn", "/turn?service=stun&username=a", "", 400);
    let why = "/v1/why?address=127.3.0.1&fence=";
    examiner.call("GET", "/v1/why", &format!("{why}eu-only"), "", 200);
    examiner.call("GET", "/v1/why", &format!("{why}open"), "", 200);
    examiner.call("GET", "/v1/why", &format!("{why}none"), "", 404);
    examiner.wait_for_the_trail();
    examiner.call("GET", "/v1/report/{room}", "/v1/report/r", "", 200);
    examiner.call("GET", "/v1/report/{room}", "/v1/report/s", "", 404);
    examiner.call("GET", "/v1/report/{room}", "/v1/report/r?x=1", "", 400);
    examiner.call("POST", "/v1/plan", "/v1/plan", r#"{"config":""}"#, 409);
    examiner.call("POST", "/v1/plan", "/v1/plan", r#"{"config":1}"#, 422);
    let select = "/v1/select?client=127.1.0.7&prefer=china&tenant=";
    examiner.call("GET", "/v1/select", &format!("{select}acme&fence=open&down=iad1"), "", 200);
    examiner.call("GET", "/v1/select", &format!("{select}acme&fence=us-only"), "", 403);
    examiner.call("GET", "/v1/select", &format!("{select}acme&full=none"), "", 404);
    examiner.call("GET", "/v1/select", &format!("{select}acme&full=fra1"), "", 409);
    let drain = "/v1/drain";
    examiner.call("GET", drain, drain, "", 200);
    examiner.call("POST", drain, drain, r#"{"deadline_s":600}"#, 200);
    examiner.call("GET", drain, drain, "", 200);
    examiner.call("POST", join, "/v1/rooms/t/participants", &joining, 503);
    examiner.call("POST", drain, drain, r#"{"deadline_s":604801}"#, 422);
    examiner.call("DELETE", drain, drain, "", 200);
    let leave = "/v1/rooms/{room}/participants/{participant}";
    examiner.call("DELETE", leave, "/v1/rooms/r/participants/a", "", 204);
    examiner.call("DELETE", leave, "/v1/rooms/r/participants/a", "", 404);
    for path in ["/health", "/ready", "/metrics", "/v1/status", "/openapi.json"] {
        examiner.call("GET", path, path, "", 200);
    }
    assert_eq!(examiner.seen, examiner.documented(), "calls that no test makes");
}

#[test]
fn a_body_that_the_document_forbids_is_refused() {
    let examiner = Examiner::start();
    let schema = json!({ "$ref": "#/components/schemas/JoinBody" });
    let whole = json!({ "components": examiner.document["components"], "allOf": [schema] });
    let validator = jsonschema::draft202012::new(&whole).unwrap();
    for (body, valid) in [
        (json!({ "tenant": "acme", "participant": "a" }), true),
        (json!({ "tenant": "acme", "participant": "a b" }), false),
        (json!({ "tenant": "acme", "participant": "b", "ttl_s": "9" }), false),
        (json!({ "tenant": "acme", "participant": "b", "ttl_s": 0 }), false),
        (json!({ "tenant": "acme", "participant": "b", "more": 1 }), false),
        (json!({ "participant": "b" }), false),
    ] {
        assert_eq!(validator.is_valid(&body), valid, "the document: {body}");
        assert_eq!(examiner.running.join("r", &body).is_ok(), valid, "the relay: {body}");
    }
}
