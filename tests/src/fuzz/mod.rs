//! Fuzz targets: each takes any bytes, makes of them what strangers, clients or operators could send,
//! and panics where something is not as it must be.
//!
//! `scripts/fuzz` runs them under libFuzzer, which looks for bytes that lead to new code
//! (`tests/fuzz`). What it kept is in `tests/fuzz/corpora`; tests run that again, and [`mutation`]s of
//! it, with nothing but the stable toolchain.

mod api;
mod config;
mod credentials;
mod demux;
mod fence;
mod media_headers;
pub mod mutation;
mod region_files;
mod rooms;
mod state_file;
mod streams;
mod stun;
mod turn_clients;
mod turn_relay;
mod turn_strangers;

/// Something to throw bytes at.
#[derive(Clone, Copy)]
pub struct Target {
    /// As the command line and the folder of its corpus have it.
    pub name: &'static str,
    /// Panics if these bytes break a promise.
    pub run: fn(&[u8]),
    /// Inputs longer than this teach it nothing new.
    pub bytes_max: usize,
    /// Inputs of which a test in a debug build takes about a second.
    pub in_a_test: usize,
}

/// All targets.
pub const TARGETS: [Target; 13] = [
    target("stun", stun::run, 1_024, 4_000),
    target("streams", streams::run, 2_048, 8_000),
    target("demux", demux::run, 256, 20_000),
    target("media_headers", media_headers::run, 256, 20_000),
    target("turn_strangers", turn_strangers::run, 256, 200),
    target("turn_clients", turn_clients::run, 192, 60),
    target("rooms", rooms::run, 256, 60),
    target("credentials", credentials::run, 1_024, 20_000),
    target("config", config::run, 2_200, 300),
    target("region_files", region_files::run, 2_048, 1_000),
    target("api", api::run, 1_024, 500),
    target("state_file", state_file::run, 1_024, 4_000),
    target("fence", fence::run, 512, 100),
];

const fn target(name: &'static str, run: fn(&[u8]), bytes_max: usize, in_a_test: usize) -> Target {
    Target { name, run, bytes_max, in_a_test }
}

/// The target of that name.
pub fn find(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
