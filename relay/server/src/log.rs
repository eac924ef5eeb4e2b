//! The log: text or JSON on standard error, at most ten lines a second. Nothing logs per packet;
//! the cap is for what strangers can cause once a packet's credentials were good.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrayvec::ArrayVec;
use serde_json::json;
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Log, LogFormat};
use crate::timestamp::Moment;

/// What a person can still follow, and no disk notices.
const LINES_MAX: usize = 10;

/// Any stretch of time so long holds no more lines than that.
const WINDOW: Duration = Duration::from_secs(1);

/// Lets lines through, up to the cap, and counts the others.
#[derive(Clone)]
pub struct LineCap(Arc<Mutex<Window>>);

struct Window {
    format: LogFormat,
    /// When each line of the last second was written, oldest first.
    written: ArrayVec<Instant, LINES_MAX>,
    suppressed: u64,
}

/// Starts logging in this process. A second start changes nothing.
pub fn start(log: Log, color: bool) -> LineCap {
    let cap = LineCap::new(log.format);
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
    fn new(format: LogFormat) -> Self {
        let written = ArrayVec::new();
        Self(Arc::new(Mutex::new(Window { format, written, suppressed: 0 })))
    }

    /// Tells how many lines were suppressed, if the flood is over; to be called now and then.
    pub fn tell(&self) {
        self.with(|window| window.tell(Instant::now(), 1, &mut io::stderr().lock()));
    }

    /// The same when the process ends and nothing can wait for room.
    pub fn tell_last(&self) {
        self.with(|window| window.tell(Instant::now(), 0, &mut io::stderr().lock()));
    }

    fn with(&self, act: impl FnOnce(&mut Window) -> io::Result<()>) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // There is nowhere to say that the log cannot be written.
        let _ = act(&mut window);
    }
}

impl Window {
    fn line(&mut self, now: Instant, line: &[u8], out: &mut impl Write) -> io::Result<()> {
        // Told only with room for a line behind it, or a flood would leave nothing but its own count.
        self.tell(now, 2, out)?;
        if self.suppressed > 0 || self.room(now) == 0 {
            self.suppressed += 1;
            return Ok(());
        }
        self.written.push(now);
        out.write_all(line)
    }

    /// Says how many lines were suppressed, if any were and there is room for so many lines.
    fn tell(&mut self, now: Instant, room: usize, out: &mut impl Write) -> io::Result<()> {
        if self.suppressed == 0 || self.room(now) < room {
            return Ok(());
        }
        let _ = self.written.try_push(now);
        let left_out = std::mem::take(&mut self.suppressed);
        self.note(left_out, out)
    }

    /// How many lines may be written now.
    fn room(&mut self, now: Instant) -> usize {
        self.written.retain(|written| now.saturating_duration_since(*written) < WINDOW);
        self.written.remaining_capacity()
    }

    /// A line as the subscriber would write it.
    fn note(&self, suppressed: u64, out: &mut impl Write) -> io::Result<()> {
        let (time, message) = (Moment::now(), "log lines suppressed");
        match self.format {
            LogFormat::Text => writeln!(out, "{time}  WARN {message} suppressed={suppressed}"),
            LogFormat::Json => {
                let line = json!({ "timestamp": time, "level": "WARN", "message": message,
                                   "suppressed": suppressed });
                writeln!(out, "{line}")
            }
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

    /// Writes a line at each of these milliseconds; what is left of them, each with its time.
    fn written(format: LogFormat, times_ms: impl Iterator<Item = u64>) -> Vec<(u64, String)> {
        let start = Instant::now();
        let cap = LineCap::new(format);
        let mut window = cap.0.lock().unwrap();
        let each = times_ms.map(|time_ms| {
            let mut out = Vec::new();
            window.line(start + Duration::from_millis(time_ms), b"{}\n", &mut out).unwrap();
            (time_ms, String::from_utf8(out).unwrap())
        });
        let lines = |(time_ms, text): (u64, String)| {
            text.lines().map(|line| (time_ms, line.to_owned())).collect::<Vec<_>>()
        };
        each.flat_map(lines).collect()
    }

    #[test]
    fn a_flood_leaves_ten_lines_a_second_and_says_how_many_it_had() {
        let lines = written(LogFormat::Text, 0..1_500);
        assert_eq!(lines.len(), 20);
        assert!(lines[10].1.ends_with("  WARN log lines suppressed suppressed=991"), "{lines:?}");
        assert_eq!(lines[11].1, "{}", "and not only its own count");
    }

    #[test]
    fn no_second_has_more_than_ten_wherever_it_begins() {
        let bursts = (0..40).chain(980..1_020).chain(1_500..1_540).chain(2_400..4_800);
        let lines = written(LogFormat::Text, bursts);
        assert!(lines.len() > 30, "{lines:?}");
        for eleven in lines.windows(LINES_MAX + 1) {
            let (first, last) = (eleven[0].0, eleven[LINES_MAX].0);
            assert!(last - first >= 1_000, "eleven lines from {first} to {last} ms");
        }
    }

    #[test]
    fn every_line_is_told_or_counted() {
        let lines = written(LogFormat::Json, (0..5_000).chain([9_000]));
        let count = |(_, line): &(u64, String)| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["suppressed"].as_u64().unwrap_or(1)
        };
        assert_eq!(lines.iter().map(count).sum::<u64>(), 5_001);
    }

    #[test]
    fn a_trickle_is_written_whole() {
        let lines = written(LogFormat::Text, (0..50).map(|line| 100 * line));
        assert_eq!(lines.len(), 50);
    }

    #[test]
    fn a_note_is_a_line_like_any_other() {
        let lines = written(LogFormat::Json, 0..1_500);
        let note: serde_json::Value = serde_json::from_str(&lines[10].1).unwrap();
        assert_eq!((&note["level"], &note["suppressed"]), (&json!("WARN"), &json!(991)));
        assert!(note["timestamp"].as_str().unwrap().parse::<Moment>().is_ok());
    }

    #[test]
    fn the_end_of_a_flood_is_told_without_another_line() {
        let start = Instant::now();
        let cap = LineCap::new(LogFormat::Text);
        let mut window = cap.0.lock().unwrap();
        let mut out = Vec::new();
        for _ in 0..12 {
            window.line(start, b"x\n", &mut out).unwrap();
        }
        out.clear();
        window.tell(start, 1, &mut out).unwrap();
        assert!(out.is_empty(), "not within the second");
        window.tell(start + WINDOW, 1, &mut out).unwrap();
        window.tell(start + 3 * WINDOW, 1, &mut out).unwrap();
        let told = String::from_utf8(out).unwrap();
        assert!(told.ends_with("suppressed=2\n") && told.lines().count() == 1, "{told}");
    }

    #[test]
    fn libraries_are_not_as_loud_as_we_are() {
        let loud = filter(Log { level: crate::config::LogLevel::Trace, ..Log::default() });
        assert!(loud.would_enable("ringfence_core::rooms", &Level::TRACE));
        assert!(!loud.would_enable("hyper::proto", &Level::INFO));
    }
}
