//! Real media, encrypted and not, to measure how well scrutiny tells one from the other.
//!
//! ffmpeg makes and packetises sound and pictures (`recording`), real implementations encrypt them
//! (`disguise`, `dtls`), and each flow goes through the same thinning and judgement as in the relay
//! (`trial`). `classes` lists what is tried, `table` writes down what came of it.

pub mod classes;
pub mod disguise;
pub mod dtls;
pub mod recording;
pub mod reports;
pub mod table;
pub mod trial;

/// A media packet as it is on the wire.
pub type Packet = Vec<u8>;
