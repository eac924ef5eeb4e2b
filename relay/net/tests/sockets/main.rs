//! The sockets backend on real sockets over 127.0.0.0/8 and ::1.

mod bytes;
mod lab;
mod mtu;
mod no_allocation;
mod trains;
mod turns;
