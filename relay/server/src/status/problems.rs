//! Why a relay should get no calls.

use crate::api::why;
use crate::relay::Control;

/// One sentence for each reason; none if it should.
pub(crate) fn problems(control: &Control) -> Vec<String> {
    let shards = control.shards();
    let stopped = shards.iter().enumerate().filter(|(_, shard)| !shard.running);
    let mut problems: Vec<_> =
        stopped.map(|(number, _)| format!("shard {number} has stopped")).collect();
    let policy = control.policy();
    if let Err(refusal) = policy.own_site_standing() {
        problems.push(why::in_words(&policy, &refusal, None));
    }
    problems.extend(control.draining().map(|_| "the relay is draining".to_owned()));
    let audit = control.audit().status().and_then(|status| status.failure);
    problems.extend(audit.map(|failure| format!("the audit trail is not written: {failure}")));
    problems
}
