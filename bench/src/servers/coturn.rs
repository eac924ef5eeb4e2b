//! Debian's coturn, with one relay thread.

use std::net::IpAddr;
use std::path::Path;

use anyhow::Context;
use ringfence_tests::turn::Kind;

use super::{Server, Wish, by_test_setup, version};

const REMARKS: [&str; 3] = [
    "one relay thread beside its listener, its authentication threads and its timers; all are counted",
    "one recvmsg and one sendto a packet: neither batches nor trains",
    "checks peers against the ranges that it denies, here none; clients against none",
];

pub(super) fn start(ip: IpAddr, wish: &Wish) -> anyhow::Result<Server> {
    let version = version(Path::new("turnserver"), "--version");
    let version = version.context("coturn is missing; next: apt-get install coturn")?;
    Ok(Server {
        version,
        remarks: REMARKS.map(str::to_owned).to_vec(),
        ..by_test_setup("coturn", Kind::Coturn, ip, &[], wish)?
    })
}
