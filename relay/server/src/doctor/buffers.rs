//! Whether the kernel grants the buffers that a shard asks for.

use super::Finding;
use super::finding::sysctl;
use crate::relay::{RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES};

const CHECK: &str = "buffers";

/// The most that the kernel grants a program without CAP_NET_ADMIN, in bytes; `None`: not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct BufferLimits {
    pub(super) receive_bytes: Option<u64>,
    pub(super) send_bytes: Option<u64>,
}

/// One finding for each direction.
pub(super) fn check(limits: &BufferLimits) -> [Finding; 2] {
    let lost = "bursts that come while a shard is busy are lost beyond that";
    let late = "what a large room's batch needs beyond that is not sent";
    [
        one("net.core.rmem_max", limits.receive_bytes, RECEIVE_BUFFER_BYTES, lost),
        one("net.core.wmem_max", limits.send_bytes, SEND_BUFFER_BYTES, late),
    ]
}

fn one(name: &str, granted: Option<u64>, wanted: u32, else_what: &str) -> Finding {
    let Some(granted) = granted else {
        return Finding::unknown(CHECK, &file(name));
    };
    if granted >= u64::from(wanted) {
        return Finding::ok(CHECK, format!("{name} is {granted}, and a shard asks for {wanted}"));
    }
    let message = format!(
        "{name} is {granted}, and a shard asks for {wanted} bytes: without CAP_NET_ADMIN {else_what}"
    );
    Finding::warning(CHECK, message, sysctl(name, &wanted.to_string()))
}

/// Where the kernel shows a parameter (sysctl(8)).
pub(super) fn file(name: &str) -> String {
    format!("/proc/sys/{}", name.replace('.', "/"))
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn each_direction_is_judged_by_its_own_limit() {
        let enough = u64::from(RECEIVE_BUFFER_BYTES);
        let of = |receive_bytes, send_bytes| {
            check(&BufferLimits { receive_bytes, send_bytes }).map(|found| found.grade)
        };
        assert_eq!(of(Some(enough), Some(enough)), [Grade::Ok, Grade::Ok]);
        assert_eq!(of(Some(enough - 1), Some(enough)), [Grade::Warning, Grade::Ok]);
        assert_eq!(of(Some(enough), Some(212_992)), [Grade::Ok, Grade::Warning]);
        assert_eq!(of(None, Some(enough)), [Grade::Warning, Grade::Ok]);
    }

    #[test]
    fn the_fix_sets_what_was_too_low() {
        let [receive, _] = check(&BufferLimits { receive_bytes: Some(1), send_bytes: None });
        let fix = receive.fix.unwrap();
        assert!(fix.contains(&format!("net.core.rmem_max = {RECEIVE_BUFFER_BYTES}'")), "{fix}");
        assert_eq!(file("net.core.rmem_max"), "/proc/sys/net/core/rmem_max");
    }
}
