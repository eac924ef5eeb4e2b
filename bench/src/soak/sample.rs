//! What is seen of the relay at a moment.

use serde::Serialize;

use super::carrier::Carried;
use super::holdings::Holdings;

/// What was seen since the last sample; memory and load are the means of looks a second apart.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Sample {
    /// Since the load began.
    pub minutes: f64,
    /// All of its memory, in kilobytes.
    pub rss_kb: u64,
    /// Its share of it.
    pub pss_kb: u64,
    /// What no file stands behind.
    pub anonymous_kb: u64,
    /// What it holds.
    #[serde(flatten)]
    pub holdings: Holdings,
    /// Load of the shard.
    pub load: f64,
    /// Packets a second that are offered.
    pub offered_per_s: u64,
    /// Datagrams a second that the relay says came in since the last sample.
    pub received_per_s: f64,
    /// And that it sent.
    pub sent_per_s: f64,
    /// Of the load, so far.
    pub carried: Carried,
}
