//! Reports of meetings: what the trails of several relays say, together.

#[path = "report/meeting.rs"]
mod meeting;

#[path = "report/command.rs"]
mod command;
#[path = "report/folding.rs"]
mod folding;
#[path = "report/page.rs"]
mod page;
