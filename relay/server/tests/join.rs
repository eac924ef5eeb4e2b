//! The sidecar end to end: a real relay, real sidecars, plain UDP applications on both sides.

#[path = "join/carrying.rs"]
mod carrying;
#[path = "join/coming_back.rs"]
mod coming_back;
#[path = "join/lab.rs"]
mod lab;
#[path = "join/refusals.rs"]
mod refusals;
