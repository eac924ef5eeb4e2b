//! A server that somebody else runs: its packets are counted, its processor time is not ours to read.

use std::net::SocketAddr;

use anyhow::Context;

use super::{Server, Trade};

pub(super) fn server(address: &str) -> anyhow::Result<Server> {
    let parsed: SocketAddr =
        address.parse().with_context(|| format!("{address}: write IP:PORT"))?;
    Ok(Server {
        name: format!("external={address}"),
        version: "unknown".to_owned(),
        remarks: vec!["runs elsewhere: no processor time".to_owned()],
        trade: Trade::Turn,
        addresses: vec![parsed],
        tls: Some(parsed),
        process: None,
        credentials: None,
        control: None,
        life: Box::new(()),
    })
}
