//! Programs that take one JSON value and print another.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A hang is a failure after this long; nothing is timed by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A child that does not outlive its test.
pub(crate) struct Program(Child);

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let child = command.spawn();
        Self(child.unwrap_or_else(|error| {
            panic!("{command:?} does not start ({error}); scripts/check tools installs it")
        }))
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("it is our child").is_some()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program to its good end. What it prints fits into a pipe.
pub(crate) fn ask(mut command: Command, question: &Value) -> Value {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = Program::start(&mut command);
    let mut input = program.0.stdin.take().expect("it is piped");
    // One that ended without reading says below why.
    let _ = input.write_all(question.to_string().as_bytes());
    drop(input);
    let started = Instant::now();
    while !program.has_ended() {
        assert!(started.elapsed() < PATIENCE, "{command:?} does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    let printed = text(program.0.stdout.take());
    serde_json::from_str(&printed).unwrap_or_else(|error| {
        panic!("{command:?} gave no answer ({error}): {printed}\n{}", text(program.0.stderr.take()))
    })
}

fn text(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    pipe.expect("it is piped").read_to_end(&mut bytes).expect("a pipe can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}
