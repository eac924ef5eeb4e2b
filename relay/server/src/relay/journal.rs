//! Events as log lines and as records of the audit trail. User-made strings are names, which hold
//! nothing that needs an escape.

use ringfence_core::{Client, EndCause, Event, Guest, ReleaseCause};
use ringfence_fence::Refusal;
use tracing::{info, warn};

use super::control::Control;
use super::evidence;

/// Writes one event to both.
pub(super) fn record(event: &Event, control: &Control) {
    log(event, control);
    evidence::record(event, control);
}

fn log(event: &Event, control: &Control) {
    match event {
        Event::RoomOpened { room, terms } => {
            let (tenant, fence) = (&terms.tenant, &terms.fence);
            info!(%room, %tenant, %fence, "room opened");
        }
        Event::RoomNarrowed { room, terms, cut, .. } => {
            let (require, refuse) = (&terms.regions.require, &terms.regions.refuse);
            info!(%room, ?require, ?refuse, cut, "room narrowed");
        }
        Event::RoomClosed { room, .. } => info!(%room, "room closed"),
        Event::Joined { who: Guest { room, participant, .. } } => {
            info!(%room, %participant, "joined");
        }
        Event::Left { who: Guest { room, participant, .. }, cause } => {
            info!(%room, %participant, ?cause, "left");
        }
        Event::Latched { who: Guest { room, participant, .. }, address, region, moved_from } => {
            let moved_from = moved_from.map(tracing::field::display);
            info!(%room, %participant, %address, %region, moved_from, "latched");
        }
        Event::Released { who: Guest { room, participant, .. }, address, cause, .. } => match cause
        {
            ReleaseCause::ConsentExpired => {
                info!(%room, %participant, %address, "consent expired");
            }
            ReleaseCause::Cut(refusal) => {
                let rule = refusal.rule;
                let line = line(refusal, control);
                warn!(%room, %participant, %address, %rule, line, "cut");
            }
        },
        Event::Refused { who: Guest { room, participant, .. }, address, refusal } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%room, %participant, %address, %rule, line, "refused");
        }
        Event::SsrcRefused { who: Guest { room, participant, .. }, ssrc } => {
            warn!(%room, %participant, ssrc = ssrc.0, "SSRC belongs to another participant");
        }
        Event::Carried { who: Guest { room, participant, .. }, region, traffic, .. } => {
            let (bytes_in, bytes_out) = (traffic.bytes_in, traffic.bytes_out);
            info!(%room, %participant, %region, bytes_in, bytes_out, "carried");
        }
        _ => of_turn(event, control),
    }
}

fn of_turn(event: &Event, control: &Control) {
    match event {
        Event::Allocated { who: Client { tenant, party, .. }, client, region, relayed } => {
            info!(%tenant, %party, %client, %region, ?relayed, "allocated");
        }
        Event::Deallocated { who: Client { tenant, party, .. }, client, cause, traffic } => {
            if let EndCause::Cut(refusal) = cause {
                let rule = refusal.rule;
                let line = line(refusal, control);
                return warn!(%tenant, %party, %client, %rule, line, "allocation cut");
            }
            let (bytes_in, bytes_out) = (traffic.bytes_in, traffic.bytes_out);
            let cause = words(*cause);
            info!(%tenant, %party, %client, cause, bytes_in, bytes_out, "allocation ended");
        }
        Event::ClientRefused { who: Client { tenant, party, .. }, client, refusal } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%tenant, %party, %client, %rule, line, "TURN client refused");
        }
        Event::PeerRefused { who: Client { tenant, party, .. }, peer, refusal } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%tenant, %party, %peer, %rule, line, "TURN peer refused");
        }
        Event::CarriedForClient { who: Client { tenant, party, .. }, region, traffic, .. } => {
            let (bytes_in, bytes_out) = (traffic.bytes_in, traffic.bytes_out);
            info!(%tenant, %party, %region, bytes_in, bytes_out, "carried");
        }
        Event::Unencrypted { who: Guest { room, participant, .. }, how, cut } => {
            warn!(%room, %participant, how = how.code(), cut, "media is not encrypted");
        }
        Event::RelayedUnencrypted {
            who: Client { tenant, party, .. },
            client,
            direction,
            how,
            cut,
        } => {
            let (direction, how) = (direction.code(), how.code());
            warn!(%tenant, %party, %client, direction, how, cut, "media is not encrypted");
        }
        _ => {}
    }
}

fn words(cause: EndCause) -> &'static str {
    match cause {
        EndCause::Deleted => "deleted",
        EndCause::Expired => "expired",
        EndCause::Disconnected => "disconnected",
        EndCause::Cut(_) => "cut",
        EndCause::CredentialsRemoved => "credentials removed",
        EndCause::Unbound => "unbound",
    }
}

/// `file:line` of the rule, where it has one. A shard may have refused by the policy before.
fn line(refusal: &Refusal, control: &Control) -> Option<String> {
    control.in_force_at(refusal.epoch)?.place(refusal)
}
