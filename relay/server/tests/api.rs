//! The control API of a relay that runs in this process, asked over its unix socket and over TCP.

#[path = "api/connections.rs"]
mod connections;
#[path = "api/document.rs"]
mod document;
#[path = "api/participants.rs"]
mod participants;
#[path = "api/raw.rs"]
mod raw;
#[path = "api/refusals.rs"]
mod refusals;
#[path = "api/report.rs"]
mod report;
#[path = "api/running.rs"]
mod running;
#[path = "api/select.rs"]
mod select;
#[path = "api/status.rs"]
mod status;
#[path = "api/token.rs"]
mod token;
#[path = "api/turn.rs"]
mod turn;
#[path = "api/why.rs"]
mod why;
