//! What the relay counts, as OpenMetrics. Read at scrape time; nothing is done per packet, and no
//! label takes a value that outsiders choose.

mod audit;
mod collector;
mod families;
mod turn;

use prometheus_client::registry::Registry;

use self::collector::RelayCollector;
use crate::relay::Control;

/// What [`encode`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics as they are now, as OpenMetrics 1.0 text.
pub fn encode(control: &Control) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(RelayCollector::new(control.clone())));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
    text
}
