//! The relay as a process: configuration, threads, control API, command line. Wiring only; what
//! decides about packets lives in `ringfence-core` and `ringfence-fence`.
#![forbid(unsafe_code)]

pub mod api;
pub mod audit;
pub mod cli;
pub mod client;
pub mod config;
pub mod continuity;
pub mod demo;
pub mod dev;
pub mod doctor;
pub mod endpoint;
pub mod import;
pub mod join;
pub mod log;
pub mod metrics;
pub mod plan_document;
pub mod region;
pub mod relay;
pub mod reload;
pub mod report;
pub mod status;
pub mod timestamp;
pub mod top;
pub mod turn_credentials;
