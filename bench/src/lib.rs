//! What a copy costs on the product's own path, against a bare `sendmmsg` loop.
//!
//! `README.md` in this folder says how it is measured and what the figures leave out.
#![forbid(unsafe_code)]

pub mod compare;
pub mod cost;
pub mod ears;
pub mod hold;
pub mod instructions;
pub mod large_policy;
pub mod load;
pub mod machine;
pub mod overload;
pub mod pure_room;
pub mod record;
pub mod region_policy;
pub mod region_table;
pub mod relay;
pub mod reload;
pub mod report;
pub mod restart;
pub mod room;
mod rtp;
pub mod servers;
pub mod soak;
pub mod spread;
pub mod stun;
pub mod voice;
pub mod work;
