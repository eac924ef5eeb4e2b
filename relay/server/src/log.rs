//! The log: text or JSON on standard error, at most ten lines a second. Nothing logs per packet;
//! the cap is for what strangers can cause once a packet's credentials were good.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Log, LogFormat};

/// What a person can still follow, and no disk notices.
const LINES_MAX: u32 = 10;

/// The stretch of time in which so many lines may be written.
const WINDOW: Duration = Duration::from_secs(1);

/// Lets lines through, up to the cap, and counts the others.
#[derive(Clone)]
pub struct LineCap(Arc<Mutex<Window>>);

struct Window {
    format: LogFormat,
    begun: Instant,
    lines: u32,
    suppressed: u64,
}

/// Starts logging in this process. A second start changes nothing.
pub fn start(log: Log, color: bool) -> LineCap {
    let cap = LineCap::new(log.format, Instant::now());
    let lines = fmt::layer().with_writer(cap.clone()).with_ansi(color).with_target(false);
    let lines = match log.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let registry = tracing_subscriber::registry();
    // Whoever embeds the relay may have a log of its own.
    let _ = registry.with(lines.with_filter(filter(log))).try_init();
    cap
}

/// The level is for what we say; libraries speak up for what matters only.
fn filter(log: Log) -> Targets {
    let level = LevelFilter::from_level(Level::from(log.level));
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("ringfence", level)
}

impl LineCap {
    fn new(format: LogFormat, now: Instant) -> Self {
        Self(Arc::new(Mutex::new(Window { format, begun: now, lines: 0, suppressed: 0 })))
    }

    /// Tells how many lines were suppressed, if the flood is over; to be called now and then.
    pub fn tell(&self) {
        self.with(|window| window.turn(Instant::now(), &mut io::stderr().lock()));
    }

    fn with(&self, act: impl FnOnce(&mut Window) -> io::Result<()>) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // There is nowhere to say that the log cannot be written.
        let _ = act(&mut window);
    }
}

impl Window {
    fn line(&mut self, now: Instant, line: &[u8], out: &mut impl Write) -> io::Result<()> {
        self.turn(now, out)?;
        if self.lines == LINES_MAX {
            self.suppressed += 1;
            return Ok(());
        }
        self.lines += 1;
        out.write_all(line)
    }

    /// Begins a new window if the last is over; what it suppressed is the new one's first line.
    fn turn(&mut self, now: Instant, out: &mut impl Write) -> io::Result<()> {
        if now.saturating_duration_since(self.begun) < WINDOW {
            return Ok(());
        }
        (self.begun, self.lines) = (now, 0);
        match std::mem::take(&mut self.suppressed) {
            0 => Ok(()),
            suppressed => {
                self.lines = 1;
                self.note(suppressed, out)
            }
        }
    }

    fn note(&self, suppressed: u64, out: &mut impl Write) -> io::Result<()> {
        let message = "log lines suppressed";
        match self.format {
            LogFormat::Text => writeln!(out, "{message} suppressed={suppressed}"),
            LogFormat::Json => writeln!(
                out,
                "{}",
                serde_json::json!({ "level": "WARN", "message": message, "suppressed": suppressed })
            ),
        }
    }
}

impl<'w> MakeWriter<'w> for LineCap {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// The subscriber writes each line in one go.
impl Write for LineCap {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.with(|window| window.line(Instant::now(), line, &mut io::stderr().lock()));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flood(format: LogFormat) -> Vec<String> {
        let start = Instant::now();
        let cap = LineCap::new(format, start);
        let mut window = cap.0.lock().unwrap();
        let mut out = Vec::new();
        for milliseconds in 0..1_500 {
            let now = start + Duration::from_millis(milliseconds);
            window.line(now, b"{}\n", &mut out).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_flood_leaves_ten_lines_a_second_and_says_how_many_it_had() {
        let lines = flood(LogFormat::Text);
        assert_eq!(lines.len(), 20);
        assert_eq!(lines[10], "log lines suppressed suppressed=990");
    }

    #[test]
    fn every_line_of_a_json_log_is_json() {
        for line in flood(LogFormat::Json) {
            assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok());
        }
    }

    #[test]
    fn the_end_of_a_flood_is_told_without_another_line() {
        let start = Instant::now();
        let cap = LineCap::new(LogFormat::Text, start);
        let mut window = cap.0.lock().unwrap();
        let mut out = Vec::new();
        for _ in 0..12 {
            window.line(start, b"x\n", &mut out).unwrap();
        }
        out.clear();
        window.turn(start + WINDOW, &mut out).unwrap();
        window.turn(start + 3 * WINDOW, &mut out).unwrap();
        assert_eq!(out, b"log lines suppressed suppressed=2\n");
    }

    #[test]
    fn libraries_are_not_as_loud_as_we_are() {
        let loud = filter(Log { level: crate::config::LogLevel::Trace, ..Log::default() });
        assert!(loud.would_enable("ringfence_core::rooms", &Level::TRACE));
        assert!(!loud.would_enable("hyper::proto", &Level::INFO));
    }
}
