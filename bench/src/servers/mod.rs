//! The servers that are measured, and how each is started and asked.

pub mod rtpengine;
