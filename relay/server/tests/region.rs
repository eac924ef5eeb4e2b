//! Region data: read from lists, written, read back, compared, and refused when it is not whole.

#[path = "region/commands.rs"]
mod commands;
#[path = "region/configuration.rs"]
mod configuration;
#[path = "region/lists.rs"]
mod lists;
#[path = "region/strictness.rs"]
mod strictness;
#[path = "region/tor_geoipdb.rs"]
mod tor_geoipdb;
#[path = "region/workshop.rs"]
mod workshop;
