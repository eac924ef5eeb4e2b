//! The terminal: the screen that is drawn on, and what ends it: a key or a signal.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{History, draw};
use crate::status::Status;

/// How often the relay is asked.
const PERIOD: Duration = Duration::from_secs(1);

/// How soon a signal is heeded.
const ATTENTION: Duration = Duration::from_millis(100);

/// Draws what the relay answers, every second, until `q` or a signal. The terminal is as it was
/// afterwards, also after a panic.
///
/// # Errors
/// The terminal cannot be drawn on or read.
pub fn watch(history: History, ask: impl FnMut() -> Result<Status, String>) -> io::Result<()> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&ended))?;
    }
    // It restores the terminal before a panic is told.
    let mut terminal = ratatui::try_init()?;
    let watched = watch_on(&mut terminal, history, ask, &ended);
    ratatui::try_restore().and(watched)
}

fn watch_on(
    terminal: &mut DefaultTerminal,
    mut history: History,
    mut ask: impl FnMut() -> Result<Status, String>,
    ended: &AtomicBool,
) -> io::Result<()> {
    loop {
        terminal.draw(|frame| draw(&history, frame.area(), frame.buffer_mut()))?;
        if ends_within(PERIOD, ended)? {
            return Ok(());
        }
        match ask() {
            Ok(status) => history.answered(status),
            Err(why) => history.silent(why),
        }
    }
}

/// Waits for a key or a signal that ends it; another size of the terminal ends the wait early.
fn ends_within(period: Duration, ended: &AtomicBool) -> io::Result<bool> {
    let until = Instant::now() + period;
    while !ended.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if !event::poll(left.min(ATTENTION))? {
            if left.is_zero() {
                return Ok(false);
            }
            continue;
        }
        match event::read()? {
            Event::Key(key) if quits(key) => return Ok(true),
            Event::Resize(..) => return Ok(false),
            _ => {}
        }
    }
    Ok(true)
}

/// Raw mode makes Ctrl-C a key like any other.
fn quits(key: KeyEvent) -> bool {
    let interrupts = key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
    key.code == KeyCode::Char('q') || key.code == KeyCode::Esc || interrupts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_escape_and_ctrl_c_quit_and_nothing_else_does() {
        let key = |code, modifiers| quits(KeyEvent::new(code, modifiers));
        assert!(
            key(KeyCode::Char('q'), KeyModifiers::NONE) && key(KeyCode::Esc, KeyModifiers::NONE)
        );
        assert!(key(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert!(!key(KeyCode::Char('c'), KeyModifiers::NONE));
        assert!(!key(KeyCode::Char('x'), KeyModifiers::NONE));
    }
}
