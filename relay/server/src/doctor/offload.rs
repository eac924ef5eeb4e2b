//! Whether the kernel takes and gives trains of datagrams.

use super::Finding;
use crate::config::Offload;

const CHECK: &str = "offload";

/// What a socket of this host can do; `None`: none could be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Offloads {
    /// UDP_GRO: what it receives comes in trains.
    pub(super) coalesces: bool,
    /// UDP_SEGMENT: what it sends may leave in trains.
    pub(super) segments: bool,
}

/// Without them each datagram costs a whole way through the kernel.
pub(super) fn check(wanted: Offload, found: Option<Offloads>) -> Finding {
    let Some(Offloads { coalesces, segments }) = found else {
        let message = "no UDP socket could be opened on loopback, so this was not looked at";
        return Finding::warning(CHECK, message, "ip link set lo up");
    };
    match (wanted, coalesces && segments) {
        (Offload::Auto, true) => {
            Finding::ok(CHECK, "the kernel takes and gives trains of datagrams")
        }
        (Offload::Off, true) => Finding::warning(
            CHECK,
            "the kernel takes and gives trains of datagrams, and the relay is told to do without",
            "[tuning]\noffload = \"auto\"",
        ),
        (_, false) => {
            let lacking = match (segments, coalesces) {
                (false, false) => "UDP_SEGMENT and UDP_GRO",
                (false, true) => "UDP_SEGMENT",
                _ => "UDP_GRO",
            };
            let message =
                format!("the kernel has no {lacking}: a datagram costs several times more");
            Finding::warning(CHECK, message, "run Linux 5.0 or newer (uname -r)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn what_is_lacking_is_named() {
        let of = |segments, coalesces| check(Offload::Auto, Some(Offloads { coalesces, segments }));
        assert_eq!(of(true, true).grade, Grade::Ok);
        assert!(of(false, true).message.contains("no UDP_SEGMENT:"));
        assert!(of(true, false).message.contains("no UDP_GRO:"));
        assert!(of(false, false).message.contains("no UDP_SEGMENT and UDP_GRO:"));
        assert_eq!(check(Offload::Auto, None).grade, Grade::Warning);
    }

    #[test]
    fn a_relay_that_is_told_to_do_without_hears_that_it_need_not() {
        let both = Some(Offloads { coalesces: true, segments: true });
        assert_eq!(check(Offload::Off, both).grade, Grade::Warning);
    }
}
