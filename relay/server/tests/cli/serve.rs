//! A relay that runs, the commands that ask it, and its end.

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ringfence::client::ClientError;
use serde_json::{Value, json};

use crate::program::{Home, Run};

/// A relay in a process of its own.
pub(crate) struct Served {
    child: Option<Child>,
    manager: UnixDatagram,
}

impl Served {
    /// Starts it and waits until it tells the service manager that it is ready.
    pub(crate) fn start(home: &Home) -> Self {
        let notify = home.path().join("notify");
        // Left behind where this home had a relay before.
        let _ = std::fs::remove_file(&notify);
        let manager = UnixDatagram::bind(&notify).unwrap();
        let mut command = home.command(&["serve"]);
        command.env("NOTIFY_SOCKET", notify);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let served = Self { child: Some(child.unwrap()), manager };
        assert_eq!(served.told(), "READY=1");
        served
    }

    /// What the service manager is told next.
    pub(crate) fn told(&self) -> String {
        let mut buffer = [0; 200];
        let length = self.manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let process = self.child.as_ref().unwrap().id().to_string();
        let status = Command::new("kill").args(["-s", signal, &process]).status();
        assert!(status.unwrap().success());
    }

    /// Stops it by a signal; how it ended.
    pub(crate) fn stop(self, signal: &str) -> Run {
        self.signal(signal);
        self.ended()
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Run {
        let child = self.child.take().unwrap();
        let more_time = |told: &String| told.starts_with("EXTEND_TIMEOUT_USEC=");
        let told = std::iter::repeat_with(|| self.told()).find(|told| !more_time(told));
        assert_eq!(told.as_deref(), Some("STOPPING=1"));
        Run::of(child.wait_with_output().unwrap())
    }
}

/// A test that fails leaves no relay behind.
impl Drop for Served {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

#[test]
fn a_relay_starts_says_so_and_stops_on_either_signal() {
    let home = Home::new();
    for signal in ["TERM", "INT"] {
        let run = Served::start(&home).stop(signal);
        assert_eq!(run.code, 0, "{}", run.err);
        for shown in ["started", "fra1", "europe", "127.1.0.1", "stopped"] {
            assert!(run.err.contains(shown), "{shown} is not in {}", run.err);
        }
        assert!(!run.err.contains('\x1b'), "colour outside of a terminal");
        assert!(!home.path().join("ringfence.sock").exists());
    }
}

#[test]
fn a_json_log_is_json_in_every_line() {
    let home = Home::with(&format!("{}\n[log]\nformat = \"json\"\n", config(&Home::new())));
    let run = Served::start(&home).stop("TERM");
    assert!(run.err.lines().count() >= 2);
    for line in run.err.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(line["level"].is_string() && line["message"].is_string());
    }
}

#[test]
fn a_flood_leaves_ten_lines_a_second_and_each_other_line_is_counted() {
    let home = Home::with(&format!("{}\n[log]\nformat = \"json\"\n", config(&Home::new())));
    let (served, started) = (Served::start(&home), Instant::now());
    let mut stays = 0;
    // Longer than a second, and more than two seconds may log.
    while started.elapsed() < Duration::from_millis(1_500) || stays < 20 {
        join(&home, "standup", "alice");
        leave(&home, "standup", "alice");
        stays += 1;
    }
    let run = served.stop("TERM");
    let seconds = 1 + started.elapsed().as_secs();
    let lines: Vec<serde_json::Value> =
        run.err.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    // One more is written at the end, whatever there is room for.
    assert!(lines.len() as u64 <= 10 * (seconds + 1) + 1, "in {seconds} s: {}", run.err);
    let suppressed = lines.iter().filter_map(|line| line["suppressed"].as_u64()).sum::<u64>();
    let (told, joined) = (lines.len() as u64 + suppressed, 2 * stays);
    assert!(suppressed > 0 && told >= joined, "{told} of more than {joined}: {}", run.err);
}

#[test]
fn commands_ask_the_relay_of_their_configuration() {
    let home = &Home::new();
    let served = Served::start(home);
    assert_eq!(home.json(&["rooms"]), json!({ "rooms": [] }));
    join(home, "standup", "alice");
    join(home, "standup", "bob");

    let rooms = home.run(&["rooms"]);
    assert!(rooms.out.starts_with("ROOM     TENANT") && rooms.out.contains("standup  acme"));
    assert_eq!(home.json(&["rooms", "standup"])["rooms"][0]["participants"], 2);
    let sessions = home.run(&["sessions", "standup"]);
    assert!(sessions.out.contains("alice") && sessions.out.contains("bob"), "{}", sessions.out);
    assert_eq!(home.json(&["sessions"])["sessions"].as_array().unwrap().len(), 2);

    let live = home.run(&["why", "127.3.0.7", "--tenant", "acme", "--live"]);
    let offline = home.run(&["why", "127.3.0.7", "--tenant", "acme"]);
    assert_eq!((live.code, live.out), (offline.code, offline.out));

    assert_eq!(home.run(&["disconnect", "standup", "alice"]).code, 0);
    assert_eq!(home.json(&["rooms", "standup"])["rooms"][0]["participants"], 1);
    let again = home.run(&["disconnect", "standup", "alice", "--json"]);
    assert_eq!((again.code, &again.error()["code"]), (1, &"participant_not_found".into()));
    served.stop("INT");
}

#[test]
fn a_socket_can_be_named_without_a_configuration() {
    let home = Home::new();
    let served = Served::start(&home);
    let socket = home.path().join("ringfence.sock");
    let elsewhere = Home::with("");
    std::fs::remove_file(elsewhere.path().join("ringfence.toml")).unwrap();
    let run = elsewhere.run(&["rooms", "--socket", socket.to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}", run.err);
    served.stop("TERM");
}

#[test]
fn a_second_relay_does_not_take_over() {
    let home = Home::new();
    let served = Served::start(&home);
    let second = home.run(&["serve"]);
    assert_eq!(second.code, 71);
    assert!(second.err.contains("another relay answers"), "{}", second.err);
    assert_eq!(home.run(&["rooms"]).code, 0, "the first still answers");
    served.stop("TERM");
}

#[test]
fn an_address_that_cannot_be_bound_says_which_and_what_to_do() {
    let home =
        Home::with(&config(&Home::new()).replace("media = [\"127.1.0.1", "media = [\"192.0.2.1"));
    let run = home.run(&["serve"]);
    assert_eq!(run.code, 71, "{}", run.err);
    assert!(run.err.contains("192.0.2.1") && run.err.contains("ip address"), "{}", run.err);
    assert!(!home.path().join("ringfence.sock").exists());
}

#[test]
fn without_a_relay_commands_say_so() {
    let home = Home::new();
    for command in [&["rooms"][..], &["sessions"], &["disconnect", "a", "b"]] {
        let run = home.run(command);
        assert_eq!(run.code, 69, "{}", run.err);
        assert!(run.err.contains("Is it running?") && run.err.contains("--socket"));
    }
    let error = home.run(&["rooms", "--json"]).error();
    assert_eq!(error["code"], "unreachable");
}

pub(crate) fn config(home: &Home) -> String {
    std::fs::read_to_string(home.path().join("ringfence.toml")).unwrap()
}

pub(crate) fn join(home: &Home, room: &str, participant: &str) {
    try_join(home, room, participant).unwrap();
}

pub(crate) fn try_join(home: &Home, room: &str, participant: &str) -> Result<Value, ClientError> {
    let path = format!("/v1/rooms/{room}/participants");
    let body = json!({ "tenant": "acme", "participant": participant });
    call(home, hyper::Method::POST, &path, Some(&body))
}

fn leave(home: &Home, room: &str, participant: &str) {
    let path = format!("/v1/rooms/{room}/participants/{participant}");
    call(home, hyper::Method::DELETE, &path, None).unwrap();
}

fn call(
    home: &Home,
    method: hyper::Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Value, ClientError> {
    let client = ringfence::client::ApiClient::unix(home.path().join("ringfence.sock"));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(client.call(method, path, body))
}
