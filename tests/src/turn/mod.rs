//! TURN from the outside: a client over UDP, TCP and TLS, and the servers it is pointed at.

mod client;
mod coturn;
mod credentials;
mod namespace;
mod process;
mod ringfence;
mod road;
mod server;
mod stream_road;

pub use client::{Client, Family, Refused, channel_data};
pub use credentials::{Credentials, REALM, SECRET};
pub use namespace::{inside, run};
pub use process::{PATIENCE, Process, wait_until};
pub use road::{Road, UdpRoad};
pub use server::{Kind, Server, Setup, free_port};
pub use stream_road::StreamRoad;
