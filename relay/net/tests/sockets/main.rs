//! The sockets backend on real sockets over 127.0.0.0/8 and ::1.

mod alone;
mod bytes;
mod door;
mod fragmentation;
mod frames;
mod lab;
mod mtu;
mod no_allocation;
mod relayed;
mod shortage;
mod sieve;
mod stream_ends;
mod stream_limits;
mod streams;
mod tls;
mod trains;
mod turns;
