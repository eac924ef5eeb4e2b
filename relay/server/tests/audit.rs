//! The audit trail: what is written, what is found when it is tampered with, and when it is not
//! written at all.

#[path = "audit/trails.rs"]
mod trails;

#[path = "audit/anchors.rs"]
mod anchors;
#[path = "audit/resuming.rs"]
mod resuming;
#[path = "audit/rotation.rs"]
mod rotation;
#[path = "audit/tampering.rs"]
mod tampering;
#[path = "audit/thread.rs"]
mod thread;
