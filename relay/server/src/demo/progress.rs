//! One line that shows the demo while it runs.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::cast::CAST;
use super::player::Player;

/// How often the line is written: in place on a terminal, as a new line elsewhere.
const TERMINAL_INTERVAL: Duration = Duration::from_millis(100);
const LINES_INTERVAL: Duration = Duration::from_secs(1);

/// Writes to standard error, so that standard output holds the results alone.
pub(super) struct Progress {
    terminal: bool,
    shown: Option<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: None }
    }

    /// Shows how far the players are, if it is time to.
    pub(super) fn show(&mut self, players: &[Player; CAST.len()], start: Instant) {
        let interval = match self.terminal {
            true => TERMINAL_INTERVAL,
            false => LINES_INTERVAL,
        };
        if self.shown.is_none_or(|shown| shown.elapsed() >= interval) {
            self.shown = Some(Instant::now());
            self.write(&line(players, start));
        }
    }

    /// Shows where they ended.
    pub(super) fn end(&mut self, players: &[Player; CAST.len()], start: Instant) {
        self.write(&line(players, start));
        if self.terminal {
            self.write_raw("\n");
        }
    }

    fn write(&self, line: &str) {
        match self.terminal {
            true => self.write_raw(&format!("\r\x1b[2K{line}")),
            false => self.write_raw(&format!("{line}\n")),
        }
    }

    /// Nobody misses a line of progress that could not be written.
    fn write_raw(&self, text: &str) {
        let mut out = std::io::stderr().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

fn line(players: &[Player; CAST.len()], start: Instant) -> String {
    let sum = |count: fn(&Player) -> &AtomicU64, admitted: bool| -> u64 {
        let cast = CAST.iter().zip(players);
        let of = cast.filter(|(character, _)| character.admitted == admitted);
        of.map(|(_, player)| count(player).load(Ordering::Relaxed)).sum()
    };
    let sent = sum(|player| &player.signals.sent, true);
    let heard = sum(|player| &player.signals.heard, true);
    let forbidden = sum(|player| &player.signals.sent, false);
    let leaked = sum(|player| &player.signals.heard, false);
    let seconds = Instant::now().saturating_duration_since(start).as_secs_f32();
    format!(
        "{seconds:4.1} s  admitted: {sent} sent, {heard} heard   \
         forbidden: {forbidden} sent, {leaked} heard"
    )
}
