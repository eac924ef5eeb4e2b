//! The control API of a running relay, over its unix socket. Whatever is asked, the answer is one that
//! the API's document knows: never a 500, every refusal a problem with a stable code, and the relay goes
//! on answering.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use ringfence::api::Api;
use ringfence::config;
use ringfence::relay::Relay;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::sim::dice::Dice;

/// Longer than this no honest answer takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Calls of one input.
const CALLS_MAX: usize = 8;

const METHODS: [&str; 5] = ["GET", "POST", "DELETE", "PATCH", "PUT"];

const PATHS: [&str; 16] = [
    "/v1/rooms",
    "/v1/rooms/{}",
    "/v1/rooms/{}/participants",
    "/v1/rooms/{}/participants/{}",
    "/v1/sessions",
    "/v1/turn/credentials",
    "/v1/turn/allocations",
    "/turn",
    "/v1/plan",
    "/v1/select",
    "/v1/why",
    "/v1/reload",
    "/v1/report/{}",
    "/health",
    "/ready",
    "/metrics",
];

/// Keys of bodies and queries.
const KEYS: [&str; 24] = [
    "tenant",
    "participant",
    "fence",
    "group",
    "require",
    "refuse",
    "ice",
    "hears",
    "max_kbps",
    "ttl_s",
    "ufrag",
    "pwd",
    "meeting",
    "party",
    "limit",
    "after",
    "client",
    "peer",
    "address",
    "full",
    "down",
    "config",
    "service",
    "username",
];

const WORDS: [&str; 16] = [
    "acme",
    "globex",
    "eu-only",
    "open",
    "europe",
    "china",
    "alice",
    "bob",
    "standup",
    "turn",
    "fra1",
    "127.1.2.3:4000",
    "127.3.2.3",
    "0123456789012345678901",
    "1",
    "",
];

thread_local! {
    static RUNNING: Running = Running::start();
}

/// A few calls, one after another.
pub(super) fn run(bytes: &[u8]) {
    RUNNING.with(|running| {
        let mut dice = Dice::told(bytes);
        for _ in 0..CALLS_MAX {
            if dice.is_told() {
                running.call(&mut dice);
            }
        }
    });
}

struct Running {
    // Before the folder that its socket is in.
    _relay: Relay,
    socket: PathBuf,
    _folder: TempDir,
}

/// Status, head and body of an answer.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let loaded = config::parse("api.toml", include_str!("api.toml"), folder.path(), []);
        let mut loaded = loaded.unwrap_or_else(|failure| panic!("{failure}"));
        loaded.config.listen.media.iter_mut().for_each(|address| address.set_port(0));
        let socket = loaded.config.control.socket.clone();
        let api = Api::bind(&loaded.config.control).expect("the socket is free");
        let relay = Relay::start(loaded, api).expect("it starts");
        Self { _relay: relay, socket, _folder: folder }
    }

    fn call(&self, dice: &mut Dice) {
        match dice.below(16) {
            0 => self.say_anything(&dice.take_told()),
            1..=3 => {
                let (method, target) = (dice.pick(&METHODS), target(dice));
                self.ask(method, &target, &dice.take_told());
            }
            _ => {
                let (method, target) = (dice.pick(&METHODS), target(dice));
                self.ask(method, &target, body(dice, 2).to_string().as_bytes());
            }
        }
    }

    /// What is no HTTP may go unanswered, but the next call does not.
    fn say_anything(&self, bytes: &[u8]) {
        drop(self.exchange(bytes, true));
        self.ask("GET", "/health", b"");
    }

    fn ask(&self, method: &str, target: &str, body: &[u8]) {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let bytes = self.exchange(&[head.as_bytes(), body].concat(), false);
        let text = String::from_utf8(bytes).expect("answers are text");
        let asked = || format!("{method} {target} {}: {text}", String::from_utf8_lossy(body));
        let answer = Answer::read(&text).unwrap_or_else(|| panic!("no answer: {}", asked()));
        assert!(answer.is_known(), "{}", asked());
    }

    /// Sends, perhaps says that no more comes, and reads to the end.
    fn exchange(&self, bytes: &[u8], is_all: bool) -> Vec<u8> {
        let mut stream = UnixStream::connect(&self.socket).expect("the relay listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // The relay may have seen enough before all of it is written.
        let _ = stream.write_all(bytes);
        if is_all {
            let _ = stream.shutdown(Shutdown::Write);
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }
}

impl Answer {
    fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some(Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }

    fn is_known(&self) -> bool {
        match self.status {
            200..300 => true,
            // Refusals of ours say why; 500 would be a panic, or something that nobody thought of.
            400..500 | 503 | 507 => self.is_problem(),
            _ => false,
        }
    }

    fn is_problem(&self) -> bool {
        let problem: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let code = problem["code"].as_str().unwrap_or_default();
        let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        self.head.contains("content-type: application/problem+json")
            && problem["status"] == self.status
            && !code.is_empty()
            && code.chars().all(snake)
    }
}

/// A path with names in it, and perhaps a query.
fn target(dice: &mut Dice) -> String {
    let mut target = dice.pick(&PATHS).to_string();
    while target.contains("{}") {
        target = target.replacen("{}", &escaped(&word(dice)), 1);
    }
    for place in 0..dice.below(4) {
        let sign = if place == 0 { '?' } else { '&' };
        let (key, value) = (*dice.pick(&KEYS), escaped(&word(dice)));
        write!(target, "{sign}{key}={value}").expect("a string has room");
    }
    target
}

/// An object that some call may take.
fn body(dice: &mut Dice, depth: usize) -> Value {
    let mut object = Map::new();
    for _ in 0..dice.below(6) {
        let value = value(dice, depth);
        object.insert((*dice.pick(&KEYS)).to_owned(), value);
    }
    Value::Object(object)
}

fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 8 } else { 10 }) {
        0..=4 => word(dice).into(),
        5 => dice.below(100_000).into(),
        6 => dice.number().into(),
        7 => dice.pick(&[Value::Null, true.into(), (-1).into(), 0.5.into()]).clone(),
        8 => (0..dice.below(4)).map(|_| value(dice, depth - 1)).collect(),
        _ => body(dice, depth - 1),
    }
}

/// One of ours, or whatever the bytes say.
fn word(dice: &mut Dice) -> String {
    if dice.percent(85) {
        return (*dice.pick(&WORDS)).to_owned();
    }
    let length = dice.below(80);
    String::from_utf8_lossy(&dice.some_bytes(length)).into_owned()
}

/// RFC 3986 section 2.1.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => escaped.push(char::from(byte)),
            false => write!(escaped, "%{byte:02X}").expect("a string has room"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_honest_call_is_answered_and_a_wrong_one_is_a_problem() {
        let running = Running::start();
        running.ask("GET", "/v1/rooms", b"");
        let join = br#"{"tenant":"acme","participant":"alice"}"#;
        running.ask("POST", "/v1/rooms/standup/participants", join);
        running.ask("POST", "/v1/rooms/standup/participants", b"{");
        running.say_anything(b"\x16\x03\x01\x02");
    }

    #[test]
    fn an_answer_without_a_reason_is_not_known() {
        let answer = |text: &str| Answer::read(text).is_some_and(|answer| answer.is_known());
        assert!(answer("HTTP/1.1 204 No Content\r\n\r\n"));
        assert!(!answer("HTTP/1.1 500 Internal Server Error\r\n\r\n"));
        assert!(!answer("HTTP/1.1 404 Not Found\r\n\r\n{\"status\":404,\"code\":\"no_route\"}"));
    }
}
