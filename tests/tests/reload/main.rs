//! Another policy on a relay that runs: it is in force on every shard, or nothing has changed.

mod broken;
mod churn;
mod cuts;
mod guard;
mod lab;
mod one_at_a_time;
#[path = "../end_to_end/party.rs"]
#[expect(dead_code, reason = "shared with the tests end to end")]
mod party;
mod rooms;
mod secrets;
mod standing;
mod twelve;
