//! The program as an operator meets it: what it prints and how it ends.

#[path = "cli/program.rs"]
mod program;

#[path = "cli/audit.rs"]
mod audit;
#[path = "cli/config_commands.rs"]
mod config_commands;
#[path = "cli/credentials.rs"]
mod credentials;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/drain.rs"]
mod drain;
#[path = "cli/manual.rs"]
mod manual;
#[path = "cli/policy_questions.rs"]
mod policy_questions;
#[path = "cli/reload.rs"]
mod reload;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/top.rs"]
mod top;
#[path = "cli/why.rs"]
mod why;
