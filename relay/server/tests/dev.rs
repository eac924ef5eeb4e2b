//! What `ringfence dev` prints works when it is pasted into a shell.

use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Generous: what is waited for comes in milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `ringfence dev`, or a sidecar; ended when dropped.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("is piped"));
        Self { child, out }
    }

    /// Runs a pasted line, as a shell does, with more options after it.
    fn paste(line: &str, more: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec {line} {more}")]);
        Self::start(command)
    }

    /// The first JSON value that it prints.
    fn json(&mut self) -> Value {
        let mut values = serde_json::Deserializer::from_reader(&mut self.out).into_iter();
        values.next().expect("a value").expect("is JSON")
    }

    /// Reads events, one a line, until this one.
    fn wait_for(&mut self, event: &str) -> Value {
        let mut lines = (&mut self.out).lines().map_while(Result::ok);
        let events = lines.by_ref().filter_map(|line| serde_json::from_str(&line).ok());
        let mut events = events.inspect(|event: &Value| eprintln!("{event}"));
        events.find(|said| said["event"] == event).expect("the event")
    }

    /// As Ctrl-C does, but by its id.
    fn interrupt(mut self) -> bool {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-INT", &id]).status();
        assert!(told.expect("kill runs").success());
        let mut rest = Vec::new();
        self.out.read_to_end(&mut rest).expect("it closes");
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A `ringfence dev` whose folder goes with the test, however that ends.
struct Dev {
    running: Running,
    _folder: TempDir,
}

fn dev() -> (Dev, Value) {
    let folder = TempDir::new().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(["dev", "--json"]).env("TMPDIR", folder.path());
    let mut running = Running::start(command);
    let guide = running.json();
    let dev = Dev { running, _folder: folder };
    (dev, guide)
}

fn command<'g>(guide: &'g Value, name: &str) -> &'g str {
    guide["commands"][name].as_str().expect("a command")
}

fn shell(line: &str) -> Output {
    let output = Command::new("sh").args(["-c", line]).output();
    output.expect("a shell")
}

/// The value of an option in a command.
fn option<'c>(command: &'c str, name: &str) -> &'c str {
    let mut words = command.split(' ').skip_while(|word| *word != name);
    words.nth(1).expect("the option")
}

#[test]
fn two_pasted_sidecars_carry_a_packet() {
    let (_dev, guide) = dev();
    let (alice_line, bob_line) = (command(&guide, "join_alice"), command(&guide, "join_bob"));
    let ear = UdpSocket::bind(option(bob_line, "--deliver")).expect("bob's application");
    ear.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut alice = Running::paste(alice_line, "--json");
    let mut bob = Running::paste(bob_line, "--json");
    alice.wait_for("latched");
    bob.wait_for("latched");
    let mouth = UdpSocket::bind("127.0.0.1:0").unwrap();
    let packet = [0x80, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 7, 0xde, 0xad];
    mouth.send_to(&packet, option(alice_line, "--listen")).unwrap();
    let mut heard = [0; 100];
    let (bytes, _) = ear.recv_from(&mut heard).expect("the packet");
    assert_eq!(heard[..bytes], packet);
    let sessions = shell(&format!("{} --json", command(&guide, "sessions")));
    let sessions: Value = serde_json::from_slice(&sessions.stdout).expect("JSON");
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(2));
    assert!(alice.interrupt() && bob.interrupt());
}

#[test]
fn a_sidecar_comes_in_over_http_with_the_token() {
    let (_dev, guide) = dev();
    let text = |key: &str| guide[key].as_str().expect("a fact").to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(["join", "--json", "--api", &format!("http://{}", text("http"))]);
    command.args(["--token-file", &text("token"), "--from", "127.1.0.13"]);
    command.args(["--tenant", "acme", "--room", "lab", "--participant", "carol"]);
    // A port of this process's own: 127.0.0.0/8 is wide.
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let listen = format!("127.{}.{middle}.{}:5000", 128 + high % 64, low.max(1));
    command.args(["--listen", &listen]);
    let mut carol = Running::start(command);
    carol.wait_for("latched");
    assert!(carol.interrupt());
}

#[test]
fn the_pasted_question_is_answered_with_the_rule() {
    let (_dev, guide) = dev();
    let why = shell(command(&guide, "why"));
    let said = String::from_utf8(why.stdout).unwrap();
    assert_eq!(why.status.code(), Some(1), "{said}");
    assert!(said.contains("region_not_in_clients"), "{said}");
}

#[test]
fn the_pasted_command_makes_ice_servers_of_this_relay() {
    let (_dev, guide) = dev();
    let made = shell(&format!("{} --json", command(&guide, "turn")));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let media = guide["media"].as_str().expect("a fact");
    let url = format!("turn:{media}?transport=udp");
    assert_eq!(made["iceServers"][0]["urls"], serde_json::json!([url]));
}

#[test]
fn the_pasted_curls_are_answered_where_there_is_a_curl() {
    if !shell("command -v curl").status.success() {
        return;
    }
    let (_dev, guide) = dev();
    let made = shell(command(&guide, "participant"));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert_eq!(made["addresses"][0], guide["media"]);
    assert_eq!(made["pwd"].as_str().map(str::len), Some(24));
    let seen = shell(command(&guide, "http"));
    let seen: Value = serde_json::from_slice(&seen.stdout).expect("JSON");
    assert_eq!(seen["sessions"][0]["participant"], "carol");
}

#[test]
fn nothing_is_left_behind_and_the_token_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (dev, guide) = dev();
    let token = std::path::Path::new(guide["token"].as_str().unwrap()).to_owned();
    let folder = token.parent().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&token), mode(folder)), (0o600, 0o700));
    assert!(dev.running.interrupt());
    assert!(!folder.exists());
}
