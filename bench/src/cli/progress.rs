//! What is seen while a load runs: a bar on a terminal, a line a second elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ringfence_bench::load::Glance;

/// Shows how a trial goes.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    span: Duration,
    last: Glance,
}

const START: Glance = Glance { elapsed: Duration::ZERO, expected: 0, received: 0 };

const LINE_INTERVAL: Duration = Duration::from_secs(1);

impl Progress {
    /// For a trial that takes so long; `what` is written before it.
    pub(crate) fn new(what: &str, span: Duration) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(what, span));
        if bar.is_none() {
            eprintln!("{what}");
        }
        Self { bar, span, last: START }
    }

    /// Shows the rate since the last glance and the loss so far.
    pub(crate) fn show(&mut self, glance: Glance) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(milliseconds(glance.elapsed.min(self.span)));
                bar.set_message(self.text(glance));
            }
            None if glance.elapsed - self.last.elapsed < LINE_INTERVAL => return,
            None => eprintln!("{:>4} s  {}", glance.elapsed.as_secs(), self.text(glance)),
        }
        self.last = glance;
    }

    /// Leaves nothing on the terminal.
    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn text(&self, glance: Glance) -> String {
        let since = (glance.elapsed - self.last.elapsed).as_secs_f64();
        let rate = (glance.received - self.last.received) as f64 / since.max(1e-3);
        // What is under way is not lost, but no more than that is known here.
        let missing = glance.expected.saturating_sub(glance.received) as f64;
        let percent = 100.0 * missing / glance.expected.max(1) as f64;
        format!("{rate:>9.0}/s, {percent:.2} % lost or under way")
    }
}

/// Shows how far something has come that takes long: a bar on a terminal, a line each time elsewhere.
pub(crate) struct Countdown {
    bar: Option<ProgressBar>,
    span: Duration,
}

impl Countdown {
    pub(crate) fn new(what: &str, span: Duration) -> Self {
        Self { bar: std::io::stderr().is_terminal().then(|| bar(what, span)), span }
    }

    pub(crate) fn show(&self, elapsed: Duration, words: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(milliseconds(elapsed.min(self.span)));
                bar.set_message(words.to_owned());
            }
            None => eprintln!("{:>4} s of {}  {words}", elapsed.as_secs(), self.span.as_secs()),
        }
    }

    /// Leaves nothing on the terminal.
    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &str, span: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} [{bar:30}] {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(milliseconds(span)).with_style(style.progress_chars("=> "));
    bar.with_prefix(what.to_owned())
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
