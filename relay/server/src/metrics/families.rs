//! Writes metric families: a name, a help line, and one sample for each set of labels.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// Labels of one sample. The names and the values each come from a closed set.
pub(super) type Labels = Vec<(&'static str, String)>;

/// The families of one scrape.
pub(super) struct Families<'e>(DescriptorEncoder<'e>);

/// How a family describes itself; without `ringfence_` in front and `_total` behind.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) unit: Option<Unit>,
}

impl<'e> Families<'e> {
    pub(super) fn new(encoder: DescriptorEncoder<'e>) -> Self {
        Self(encoder)
    }

    /// Numbers that only grow.
    pub(super) fn counter<N: EncodeCounterValue>(
        &mut self,
        family: &Family,
        samples: impl Iterator<Item = (Labels, N)>,
    ) -> fmt::Result {
        let name = format!("ringfence_{}", family.name);
        let (help, unit) = (family.help, family.unit.as_ref());
        let mut metric = self.0.encode_descriptor(&name, help, unit, MetricType::Counter)?;
        for (labels, number) in samples {
            let mut sample = metric.encode_family(&labels)?;
            sample.encode_counter::<[(&str, &str); 0], _, u64>(&number, None)?;
        }
        Ok(())
    }

    /// A number that goes up and down.
    pub(super) fn gauge<N: EncodeGaugeValue>(
        &mut self,
        family: &Family,
        samples: impl Iterator<Item = (Labels, N)>,
    ) -> fmt::Result {
        let name = format!("ringfence_{}", family.name);
        let (help, unit) = (family.help, family.unit.as_ref());
        let mut metric = self.0.encode_descriptor(&name, help, unit, MetricType::Gauge)?;
        for (labels, number) in samples {
            match labels.is_empty() {
                true => metric.encode_gauge(&number)?,
                false => metric.encode_family(&labels)?.encode_gauge(&number)?,
            }
        }
        Ok(())
    }

    /// Texts that do not change while the process lives.
    pub(super) fn info(&mut self, family: &Family, labels: &Labels) -> fmt::Result {
        let name = format!("ringfence_{}", family.name);
        self.0.encode_descriptor(&name, family.help, None, MetricType::Info)?.encode_info(labels)
    }
}

/// A family without a unit.
pub(super) const fn family(name: &'static str, help: &'static str) -> Family {
    Family { name, help, unit: None }
}

/// A family of bytes; `_bytes` is added to its name.
pub(super) const fn bytes(name: &'static str, help: &'static str) -> Family {
    Family { name, help, unit: Some(Unit::Bytes) }
}

/// A family of seconds; `_seconds` is added to its name.
pub(super) const fn seconds(name: &'static str, help: &'static str) -> Family {
    Family { name, help, unit: Some(Unit::Seconds) }
}
