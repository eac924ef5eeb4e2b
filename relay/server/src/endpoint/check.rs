//! One check and its retransmissions.

use std::time::Duration;

use ringfence_core::Instant;
use ringfence_wire::stun::TransactionId;

/// "A client SHOULD retransmit [...] starting with an interval of RTO, doubling after each
/// retransmission"; "an RTO greater than or equal to 500 ms" (RFC 8489 section 6.2.1).
const RTO: Duration = Duration::from_millis(500);

/// Rc: requests of one transaction (RFC 8489 section 6.2.1).
const REQUESTS_MAX: u32 = 7;

/// A Binding transaction on its way.
pub(super) struct Check {
    transaction: TransactionId,
    began: Instant,
    sent: u32,
    settled: bool,
}

impl Check {
    pub(super) fn begin(now: Instant, transaction: TransactionId) -> Self {
        Self { transaction, began: now, sent: 0, settled: false }
    }

    pub(super) fn transaction(&self) -> TransactionId {
        self.transaction
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// It was answered.
    pub(super) fn settle(&mut self) {
        self.settled = true;
    }

    /// When the request goes out next; `None` when it has been answered or sent often enough.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let doublings = 2_u32.checked_pow(self.sent)?.checked_sub(1)?;
        let waiting = !self.settled && self.sent < REQUESTS_MAX;
        waiting.then(|| self.began + RTO * doublings)
    }

    /// Whether the request is to be sent now; the caller sends it once.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.next_due().is_some_and(|due| due <= now);
        self.sent += u32::from(due);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_out_at_the_times_of_rfc_8489() {
        let start = Instant::START + Duration::from_secs(7);
        let mut check = Check::begin(start, TransactionId([0; 12]));
        let mut times_ms = Vec::new();
        while let Some(due) = check.next_due() {
            assert!(!check.take_due(due - Duration::from_nanos(1)));
            assert!(check.take_due(due));
            times_ms.push(due.since(start).as_millis());
        }
        assert_eq!(times_ms, [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    }

    #[test]
    fn an_answered_check_is_not_sent_again() {
        let mut check = Check::begin(Instant::START, TransactionId([0; 12]));
        assert!(check.take_due(Instant::START));
        check.settle();
        assert_eq!(check.next_due(), None);
    }
}
