//! What can be known about media without its keys: RTP headers are in the clear.

mod ceiling;
mod clock_rate;
mod packet_index;
mod reception;

pub(crate) use ceiling::Ceiling;
pub use packet_index::PacketIndex;
pub(crate) use reception::Reception;
