//! What to paste next.

use std::fmt::Write;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;

use serde_json::{Value, json};

use super::folder::Folder;
use crate::relay::Control;

/// A tenant of `dev.toml`, its fence, and a room to meet in.
const TENANT: &str = "acme";
const FENCE: &str = "eu-only";
const ROOM: &str = "lab";

/// Ports of the two sidecars' applications, if nobody has them, or so much higher.
const ALICE_LISTEN: u16 = 5000;
const ALICE_DELIVER: u16 = 6000;
const BOB_LISTEN: u16 = 5010;
const BOB_DELIVER: u16 = 6010;
const PORTS_STEP: u16 = 20;

/// Characters that no shell does anything with.
const PLAIN: &[u8] = b"-_./:=@%+,";

/// A running development relay in facts and commands.
pub(super) struct Guide {
    facts: Vec<(&'static str, String)>,
    steps: Vec<Step>,
}

/// One command, on one line, and what it is for.
struct Step {
    name: &'static str,
    what: &'static str,
    command: String,
}

impl Guide {
    /// The guide to a relay that runs in `folder`.
    pub(super) fn new(control: &Control, folder: &Folder) -> io::Result<Self> {
        let config = control.config();
        let media = control.media_addresses().first();
        let http = config.control.http;
        let program = std::env::current_exe()?;
        let paths = Paths {
            program: quoted(&program),
            socket: quoted(&config.control.socket),
            token: quoted(&folder.token()),
            config: quoted(&folder.config()),
        };
        let http = http.map(|address| address.to_string()).unwrap_or_default();
        Ok(Self {
            facts: vec![
                ("media", media.map(ToString::to_string).unwrap_or_default()),
                ("socket", path(&config.control.socket)),
                ("http", http.clone()),
                ("token", path(&folder.token())),
                ("config", path(&folder.config())),
                ("tenant", TENANT.into()),
                ("fence", FENCE.into()),
                ("europe", "127.1.0.0/16".into()),
                ("china", "127.3.0.0/16".into()),
            ],
            steps: paths.steps(&http),
        })
    }

    /// For people.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::from("A relay of two regions runs on loopback:\n\n");
        for (name, value) in &self.facts {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {name:8} {value}");
        }
        for Step { what, command, .. } in &self.steps {
            let _ = write!(text, "\n# {what}\n{command}\n");
        }
        text.push_str("\nIt runs until Ctrl-C; its log follows.\n\n");
        text
    }

    /// For programs: the facts by name, the commands under `commands`.
    pub(super) fn to_json(&self) -> Value {
        let facts = self.facts.iter();
        let mut all: serde_json::Map<_, _> =
            facts.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let steps = self.steps.iter();
        let commands: serde_json::Map<_, _> =
            steps.map(|step| (step.name.to_owned(), json!(step.command))).collect();
        all.insert("commands".into(), commands.into());
        all.into()
    }
}

/// Paths as a shell reads them.
struct Paths {
    program: String,
    socket: String,
    token: String,
    config: String,
}

impl Paths {
    fn steps(&self, http: &str) -> Vec<Step> {
        let Self { program, socket, token, config } = self;
        let step = |name, what, command| Step { name, what, command };
        let body = format!(r#"{{"tenant":"{TENANT}","participant":"carol"}}"#);
        vec![
            step(
                "participant",
                "Let a participant in: address, ufrag and password come back",
                format!(
                    "curl --unix-socket {socket} -H 'content-type: application/json' -d '{body}' \
                     http://relay/v1/rooms/{ROOM}/participants"
                ),
            ),
            step(
                "join_alice",
                "Carry plain RTP in and out as alice: send it to --listen, hear others at --deliver",
                self.join("alice", "127.1.0.11", (ALICE_LISTEN, ALICE_DELIVER)),
            ),
            step(
                "join_bob",
                "And as bob, in another terminal",
                self.join("bob", "127.1.0.12", (BOB_LISTEN, BOB_DELIVER)),
            ),
            step(
                "turn",
                "Make iceServers for a TURN client, such as a browser: paste them into your page",
                format!("{program} credentials --config {config} --meeting {ROOM} --party dave"),
            ),
            step(
                "why",
                "Ask what the fence would say to a caller from China",
                format!("{program} why 127.3.0.13 --fence {FENCE} --live --socket {socket}"),
            ),
            step(
                "sessions",
                "See who is where and what flows",
                format!("{program} sessions --socket {socket}"),
            ),
            step(
                "http",
                "The same over HTTP",
                format!(
                    "curl -H \"authorization: Bearer $(cat {token})\" http://{http}/v1/sessions"
                ),
            ),
        ]
    }

    fn join(&self, name: &str, from: &str, (listen, deliver): (u16, u16)) -> String {
        let (listen, deliver) = (free_pair(listen), free_pair(deliver));
        format!(
            "{} join --socket {} --tenant {TENANT} --room {ROOM} --participant {name} --from {from} \
             --listen 127.0.0.1:{listen} --deliver 127.0.0.1:{deliver}",
            self.program, self.socket
        )
    }
}

/// A port that is free with the one above, or the usual one if there is none: then the sidecar says
/// what to do.
fn free_pair(usual: u16) -> u16 {
    let free = |port: &u16| {
        let bind = |port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        bind(*port) && bind(port.saturating_add(1))
    };
    let mut candidates = (usual..).step_by(PORTS_STEP.into());
    candidates.find(free).unwrap_or(usual)
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// A path as a POSIX shell reads it: whole.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || PLAIN.contains(&byte);
    match text.bytes().all(plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reaches_the_shell_whole() {
        for (path, written) in [
            ("/tmp/a.sock", "/tmp/a.sock"),
            ("/tmp/my relay/x", "'/tmp/my relay/x'"),
            ("/tmp/$(id)", "'/tmp/$(id)'"),
            ("/tmp/it's", r"'/tmp/it'\''s'"),
        ] {
            assert_eq!(quoted(Path::new(path)), written);
        }
    }
}
