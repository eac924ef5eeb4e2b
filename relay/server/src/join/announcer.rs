//! What a sidecar says, to people and to programs.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ringfence_wire::rtp::Ssrc;
use serde_json::{Value, json};

use super::failure::Failure;
use super::statistics::{Rate, Statistics};
use crate::cli::OutputMode;

/// How often the statistics are shown: in place on a terminal, as a new line elsewhere.
const TERMINAL_INTERVAL: Duration = Duration::from_secs(1);
const LINES_INTERVAL: Duration = Duration::from_secs(10);

/// Something worth a line.
pub(super) enum News<'n> {
    /// Credentials are there and checks go out.
    Checking { relay: SocketAddr, from: SocketAddr },
    /// The relay hears us.
    Latched { relay: SocketAddr, mapped: Option<SocketAddr> },
    /// A sender has a port from now on.
    Mapped { ssrc: Ssrc, to: SocketAddr, rtcp_port: u16 },
    /// Something that a person should know.
    Warning(&'n str),
    /// The relay is silent; it is tried again after a while.
    Retrying { why: &'n str, after: Duration },
    /// The credentials' time is nearly over.
    Renewing,
    /// The sidecar has left the room.
    Left(&'n Statistics),
}

/// Writes lines to standard output.
pub(super) struct Announcer {
    output: OutputMode,
    terminal: bool,
    shown: Instant,
    before: Statistics,
    /// A line of statistics stands unfinished on the terminal.
    line_open: bool,
}

impl Announcer {
    pub(super) fn new(output: OutputMode) -> Self {
        Self {
            output,
            terminal: !output.is_json() && std::io::stdout().is_terminal(),
            shown: Instant::now(),
            before: Statistics::default(),
            line_open: false,
        }
    }

    /// Says it at once.
    pub(super) fn tell(&mut self, news: &News<'_>) {
        let text = match self.output {
            OutputMode::Json => news.to_json().to_string(),
            OutputMode::Human { .. } => news.to_text(),
        };
        let before = if self.line_open { "\n" } else { "" };
        self.line_open = false;
        write(&format!("{before}{text}\n"));
    }

    /// Until statistics are due again.
    pub(super) fn patience(&self) -> Duration {
        self.interval().saturating_sub(self.shown.elapsed())
    }

    /// Shows the statistics, if they are due.
    pub(super) fn show(&mut self, now: &Statistics, senders: usize) {
        if !self.patience().is_zero() {
            return;
        }
        let before = std::mem::replace(&mut self.before, *now);
        let span = self.shown.elapsed();
        self.shown = Instant::now();
        let rate = Rate { now, before: &before, span };
        match (self.output, self.terminal) {
            (OutputMode::Json, _) => write(&format!("{}\n", of("statistics", now))),
            (_, true) => write(&format!("\r\x1b[2K{rate}  senders {senders}")),
            (_, false) => write(&format!("{rate}  senders {senders}\n")),
        }
        self.line_open = self.terminal;
    }

    /// Says why it ended, on standard error.
    pub(super) fn fail(&mut self, failure: &Failure) {
        if std::mem::take(&mut self.line_open) {
            write("\n");
        }
        match self.output {
            OutputMode::Json => {
                let value = json!({ "code": failure.code(), "title": failure.to_string() });
                eprintln!("{value}");
            }
            OutputMode::Human { .. } => eprintln!("error: {failure}"),
        }
    }

    fn interval(&self) -> Duration {
        match self.terminal {
            true => TERMINAL_INTERVAL,
            false => LINES_INTERVAL,
        }
    }
}

impl News<'_> {
    fn to_text(&self) -> String {
        match self {
            Self::Checking { relay, from } => format!("checking {relay} from {from}"),
            Self::Latched { relay, mapped: Some(mapped) } => {
                format!("in the room: {relay} hears {mapped}")
            }
            Self::Latched { relay, mapped: None } => format!("in the room of {relay}"),
            Self::Mapped { ssrc: Ssrc(ssrc), to, rtcp_port } => {
                format!("SSRC {ssrc} (0x{ssrc:08x}) goes to {to}, its RTCP to port {rtcp_port}")
            }
            Self::Warning(text) => format!("warning: {text}"),
            Self::Retrying { why, after } => {
                format!("{why}; trying again in {} ms", after.as_millis())
            }
            Self::Renewing => "renewing the credentials".into(),
            Self::Left(all) => format!(
                "left the room: sent {} packets, received {}, dropped {}",
                all.sent.packets,
                all.received.packets,
                all.dropped.total()
            ),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Checking { relay, from } => {
                json!({ "event": "checking", "relay": relay, "from": from })
            }
            Self::Latched { relay, mapped } => {
                json!({ "event": "latched", "relay": relay, "mapped": mapped })
            }
            Self::Mapped { ssrc, to, rtcp_port } => {
                json!({ "event": "mapped", "ssrc": ssrc.0, "to": to, "rtcp_port": rtcp_port })
            }
            Self::Warning(text) => json!({ "event": "warning", "text": text }),
            Self::Retrying { why, after } => {
                let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                json!({ "event": "retrying", "why": why, "after_ms": after_ms })
            }
            Self::Renewing => json!({ "event": "renewing" }),
            Self::Left(all) => of("left", all),
        }
    }
}

fn of(event: &str, statistics: &Statistics) -> Value {
    let mut value = statistics.to_json();
    value["event"] = event.into();
    value
}

/// A reader that has gone away does not stop the media.
fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
