//! Events as log lines. User-made strings are names, which hold nothing that needs an escape.

use ringfence_core::{EndCause, Event, ReleaseCause};
use ringfence_fence::{Policy, Refusal};
use tracing::{info, warn};

use super::control::Control;

/// Writes one event.
pub(super) fn record(event: &Event, policy: &Policy, control: &Control) {
    match event {
        Event::RoomOpened { room, tenant, fence } => info!(%room, %tenant, %fence, "room opened"),
        Event::RoomClosed { room } => info!(%room, "room closed"),
        Event::Joined { room, participant } => info!(%room, %participant, "joined"),
        Event::Left { room, participant, cause } => info!(%room, %participant, ?cause, "left"),
        Event::Latched { room, participant, address, region, moved_from } => {
            let region = policy.region_name(*region);
            let moved_from = moved_from.map(tracing::field::display);
            info!(%room, %participant, %address, %region, moved_from, "latched");
        }
        Event::Released { room, participant, address, cause: ReleaseCause::ConsentExpired } => {
            info!(%room, %participant, %address, "consent expired");
        }
        Event::Released { room, participant, address, cause: ReleaseCause::Cut(refusal) } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%room, %participant, %address, %rule, line, "cut");
        }
        Event::Refused { room, participant, address, refusal } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%room, %participant, %address, %rule, line, "refused");
        }
        Event::Allocated { tenant, party, client, region, relayed } => {
            let region = policy.region_name(*region);
            info!(%tenant, %party, %client, region, ?relayed, "allocated");
        }
        Event::Deallocated { tenant, party, client, cause: EndCause::Cut(refusal), .. } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%tenant, %party, %client, %rule, line, "allocation cut");
        }
        Event::Deallocated { tenant, party, client, cause, traffic } => {
            let (to_peers, to_client) = (traffic.bytes_to_peers, traffic.bytes_to_client);
            let cause = words(*cause);
            info!(%tenant, %party, %client, cause, to_peers, to_client, "allocation ended");
        }
        Event::ClientRefused { tenant, party, client, refusal } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%tenant, %party, %client, %rule, line, "TURN client refused");
        }
        Event::PeerRefused { tenant, party, peer, refusal } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%tenant, %party, %peer, %rule, line, "TURN peer refused");
        }
        Event::SsrcRefused { room, participant, ssrc } => {
            warn!(%room, %participant, ssrc = ssrc.0, "SSRC belongs to another participant");
        }
    }
}

fn words(cause: EndCause) -> &'static str {
    match cause {
        EndCause::Deleted => "deleted",
        EndCause::Expired => "expired",
        EndCause::Disconnected => "disconnected",
        EndCause::Cut(_) => "cut",
        EndCause::Unbound => "unbound",
    }
}

/// `file:line` of the rule, where it has one.
fn line(refusal: &Refusal, control: &Control) -> Option<String> {
    let place = control.sources().place(refusal.origin?)?;
    Some(format!("{}:{}", place.file, place.line))
}
