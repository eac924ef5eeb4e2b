//! `top` on a terminal, and where there is none.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::program::Home;
use crate::serve::{Served, join};

#[test]
fn without_a_terminal_it_shows_one_table_and_says_so() {
    let home = Home::new();
    let served = Served::start(&home);
    join(&home, "standup", "alice");
    let run = home.run(&["top"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.starts_with("fra1 in europe: 1 rooms, 0 of 1 participants"), "{}", run.out);
    assert!(run.out.contains("\nShards\nSHARD  STATE"), "{}", run.out);
    assert!(!run.out.contains('\x1b') && run.err.contains("no terminal"), "{}", run.err);
    let once = home.run(&["top", "--once"]);
    assert_eq!((once.code, once.err.as_str()), (0, ""));
    served.stop("INT");
}

#[test]
fn json_has_the_sums_and_the_rates() {
    let home = Home::new();
    let served = Served::start(&home);
    let shown = home.json(&["top"]);
    assert_eq!(shown["status"]["site"], "fra1");
    assert_eq!(shown["status"]["shards"].as_array().unwrap().len(), 2);
    let rates = &shown["each_second"];
    assert!(rates["received"].is_f64() && rates["shards"][1]["copies"].is_f64(), "{shown}");
    served.stop("TERM");
}

#[test]
fn without_a_relay_it_says_so() {
    let run = Home::new().run(&["top"]);
    assert_eq!(run.code, 69, "{}", run.err);
    assert!(run.out.is_empty() && run.err.contains("Is it running?"), "{}", run.err);
}

#[test]
fn on_a_terminal_it_draws_until_q_and_leaves_the_screen_as_it_was() {
    let home = Home::new();
    let served = Served::start(&home);
    let mut terminal = Terminal::start(&home);
    terminal.keys.write_all(b"xq").unwrap();
    terminal.ends_well();
    served.stop("TERM");
}

#[test]
fn a_signal_ends_it_as_a_key_does() {
    let home = Home::new();
    let served = Served::start(&home);
    for signal in ["TERM", "HUP", "INT"] {
        let mut terminal = Terminal::start(&home);
        terminal.draws("Shards");
        let process = std::fs::read_to_string(home.path().join("top.pid")).unwrap();
        let sent = Command::new("kill").args(["-s", signal, process.trim()]).status().unwrap();
        assert!(sent.success());
        terminal.ends_well();
    }
    served.stop("TERM");
}

/// `top` on a terminal that `script` gives it.
struct Terminal {
    script: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    seen: Vec<u8>,
}

impl Terminal {
    fn start(home: &Home) -> Self {
        let program = env!("CARGO_BIN_EXE_ringfence");
        let top = format!("sh -c 'echo $$ >top.pid && exec {program} top'");
        let on_terminal = format!("stty rows 24 cols 80 && {top}; echo status=$?; stty -a");
        let mut script = Command::new("script");
        script.args(["--quiet", "--command", &on_terminal, "/dev/null"]);
        script.current_dir(home.path()).env("TERM", "xterm");
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = script.spawn().expect("bsdutils has it");
        let (keys, screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        Self { script, keys, screen, seen: Vec::new() }
    }

    /// Waits until this is on the screen.
    fn draws(&mut self, text: &str) {
        let mut piece = [0; 4096];
        while !String::from_utf8_lossy(&self.seen).contains(text) {
            let length = self.screen.read(&mut piece).unwrap();
            assert!(length > 0, "it ended: {}", String::from_utf8_lossy(&self.seen));
            self.seen.extend_from_slice(&piece[..length]);
        }
    }

    /// It has drawn on a screen of its own, and given back the one that was there, with the cursor and
    /// the line editing that a shell wants.
    fn ends_well(mut self) {
        self.screen.read_to_end(&mut self.seen).unwrap();
        assert!(self.script.wait().unwrap().success());
        let seen = String::from_utf8_lossy(&self.seen);
        let (enter, leave) = ("\x1b[?1049h", "\x1b[?1049l");
        let (_, screen) = seen.split_once(enter).unwrap_or_else(|| panic!("{seen}"));
        let (screen, after) = screen.rsplit_once(leave).unwrap_or_else(|| panic!("{seen}"));
        for shown in ["fra1", "europe", "Shards", "Dropped"] {
            assert!(screen.contains(shown), "{shown} is not in {screen:?}");
        }
        assert!(seen.rfind("\x1b[?25h") > seen.rfind("\x1b[?25l"), "the cursor is back: {seen:?}");
        for usual in ["status=0", " icanon", " echo ", "\nisig"] {
            assert!(after.contains(usual), "{usual} is not in {after:?}");
        }
    }
}
