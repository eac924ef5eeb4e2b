//! A coturn configuration becomes one of ours.

#[path = "import/command.rs"]
mod command;
#[path = "import/golden.rs"]
mod golden;
#[path = "import/hostile.rs"]
mod hostile;
#[path = "import/meaning.rs"]
mod meaning;
#[path = "cli/program.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line")]
mod program;
