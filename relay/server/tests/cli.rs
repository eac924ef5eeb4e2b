//! The program as an operator meets it: what it prints and how it ends.

#[path = "cli/program.rs"]
mod program;

#[path = "cli/config_commands.rs"]
mod config_commands;
#[path = "cli/credentials.rs"]
mod credentials;
#[path = "cli/manual.rs"]
mod manual;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/why.rs"]
mod why;
