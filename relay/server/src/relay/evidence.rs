//! Events as records of the audit trail.

use std::net::{IpAddr, SocketAddr};

use ringfence_core::{
    Client, EndCause, Event, Guest, LeaveCause, ReleaseCause, Traffic as Counted,
};
use ringfence_fence::{Policy, Refusal, SelectQuestion};

use super::InForce;
use super::control::Control;
use crate::api::why;
use crate::audit::{Carried, Ended, OfferedAs, PolicyChange, Record, RefusedBy, Traffic, Who};
use crate::plan_document::fingerprint;

/// Puts one event onto the trail.
pub(super) fn record(event: &Event, control: &Control) {
    let scene = Scene { in_force: control.in_force() };
    scene.records(event).into_iter().flatten().for_each(|record| control.audit().record(record));
}

/// The region of a policy's own site.
pub(crate) fn site_region(policy: &Policy) -> String {
    let region = policy.site_region(policy.own_site());
    region.map(|region| policy.region_name(region).to_owned()).unwrap_or_default()
}

/// A policy that comes into force without having been compared with another.
pub(crate) fn change_to(policy: &Policy) -> PolicyChange {
    PolicyChange {
        epoch: policy.epoch().0,
        digest: None,
        fingerprint: fingerprint(policy),
        widened: false,
        accepted_by: None,
        accepted_digest: None,
        site_region: site_region(policy),
    }
}

/// The relay as it is while one event is told.
struct Scene {
    in_force: InForce,
}

impl Scene {
    /// What is told of an event: a record, or two where it ends something by a cut.
    fn records(&self, event: &Event) -> [Option<Record>; 2] {
        match event {
            Event::Released { who, address, cause, .. } => {
                let (who, address) = (of_guest(who), address.to_string());
                let cut = match cause {
                    ReleaseCause::ConsentExpired => None,
                    ReleaseCause::Cut(refusal) => Some(self.cut(&who, &address, refusal)),
                };
                let ended = if cut.is_some() { Ended::Cut } else { Ended::ConsentExpired };
                let cause = ended.code().to_owned();
                [cut, Some(Record::Released { who, address, cause })]
            }
            Event::Deallocated { who, client, cause, .. } => {
                let (who, address) = (of_client(who), client.to_string());
                let cut = match cause {
                    EndCause::Cut(refusal) => Some(self.cut(&who, &address, refusal)),
                    _ => None,
                };
                let cause = ended(*cause).code().to_owned();
                [cut, Some(Record::Deallocated { who, address, cause })]
            }
            event => [of_room(event).or_else(|| self.of_one(event)), None],
        }
    }

    fn of_one(&self, event: &Event) -> Option<Record> {
        Some(match event {
            Event::Latched { who, address, region, moved_from } => Record::Latched {
                who: of_guest(who),
                address: address.to_string(),
                region: region.to_string(),
                site_region: self.site_region(),
                moved_from: moved_from.map(|before| before.to_string()),
                offered_as: self.offered_as((&who.tenant, &who.fence), *address),
            },
            Event::Refused { who, address, refusal } => Record::Refused {
                who: of_guest(who),
                address: address.to_string(),
                by: self.refused_by(refusal),
            },
            Event::Allocated { who, client, region, relayed } => Record::Allocated {
                who: of_client(who),
                address: client.to_string(),
                region: region.to_string(),
                site_region: self.site_region(),
                relayed: relayed.iter().flatten().map(ToString::to_string).collect(),
                offered_as: self.offered_as((&who.tenant, &who.fence), *client),
            },
            Event::ClientRefused { who, client, refusal } => Record::ClientRefused {
                who: of_client(who),
                address: client.to_string(),
                by: self.refused_by(refusal),
            },
            Event::PeerRefused { who, peer, refusal } => Record::PeerRefused {
                who: of_client(who),
                address: IpAddr::to_string(peer),
                by: self.refused_by(refusal),
            },
            Event::Unencrypted { who, how, cut } => not_encrypted(of_guest(who), how.code(), *cut),
            Event::RelayedUnencrypted { who, how, cut, .. } => {
                not_encrypted(of_client(who), how.code(), *cut)
            }
            Event::Carried { who, region, epoch, traffic } => {
                self.carried(of_guest(who), region, epoch.0, traffic)
            }
            Event::CarriedForClient { who, region, epoch, traffic } => {
                self.carried(of_client(who), region, epoch.0, traffic)
            }
            _ => return None,
        })
    }

    fn carried(&self, who: Who, region: &str, policy: u32, traffic: &Counted) -> Record {
        let (region, site_region) = (region.to_owned(), self.site_region());
        Record::Carried(Carried { who, region, site_region, policy, traffic: of_traffic(traffic) })
    }

    fn cut(&self, who: &Who, address: &str, refusal: &Refusal) -> Record {
        let by = self.refused_by(refusal);
        Record::Cut { who: who.clone(), address: address.to_owned(), by }
    }

    fn refused_by(&self, refusal: &Refusal) -> RefusedBy {
        let InForce { policy, sources, .. } = &self.in_force;
        RefusedBy {
            rule: refusal.rule.code().to_owned(),
            // A line of an older policy is not to be looked up in the texts of this one.
            place: (refusal.epoch == policy.epoch())
                .then(|| why::place(refusal, sources))
                .flatten(),
            region: refusal.region.map(|region| policy.region_name(region).to_owned()),
        }
    }

    fn site_region(&self) -> String {
        site_region(&self.in_force.policy)
    }

    /// As what this site is offered to a client where it is, when all sites are up.
    fn offered_as(&self, (tenant, fence): (&str, &str), client: SocketAddr) -> Option<OfferedAs> {
        let policy = &self.in_force.policy;
        let question = SelectQuestion {
            tenant,
            fence: Some(fence),
            client: Some(client.ip()),
            ..SelectQuestion::default()
        };
        let selected = policy.select(&question).ok()?;
        let holds = |offers: &[ringfence_fence::Offer]| {
            offers.iter().any(|offer| offer.site == policy.own_site())
        };
        Some(match (holds(&selected.primaries), holds(&selected.spares)) {
            (true, _) => OfferedAs::Primary,
            (false, true) => OfferedAs::Spare,
            (false, false) => OfferedAs::Other,
        })
    }
}

fn of_room(event: &Event) -> Option<Record> {
    Some(match event {
        Event::RoomOpened { room, terms } => Record::RoomOpened {
            room: room.to_string(),
            tenant: terms.tenant.to_string(),
            fence: terms.fence.to_string(),
        },
        Event::RoomNarrowed { room, terms, cut, .. } => Record::RoomNarrowed {
            room: room.to_string(),
            tenant: Some(terms.tenant.to_string()),
            require: terms.regions.require.clone(),
            refuse: terms.regions.refuse.clone(),
            cut: *cut,
        },
        Event::RoomClosed { room, tenant } => {
            Record::RoomClosed { room: room.to_string(), tenant: Some(tenant.to_string()) }
        }
        Event::Joined { who } => Record::Joined { who: of_guest(who) },
        Event::Left { who, cause } => {
            let cause = match cause {
                LeaveCause::Dismissed => Ended::Dismissed,
                LeaveCause::Expired => Ended::Expired,
                LeaveCause::NotEncrypted => Ended::NotEncrypted,
            };
            Record::Left { who: of_guest(who), cause: cause.code().to_owned() }
        }
        Event::SsrcRefused { who, ssrc } => {
            Record::SsrcRefused { who: of_guest(who), ssrc: ssrc.0 }
        }
        _ => return None,
    })
}

fn not_encrypted(who: Who, finding: &str, cut: bool) -> Record {
    Record::NotEncrypted { who, finding: finding.to_owned(), cut }
}

fn of_guest(who: &Guest) -> Who {
    Who::Participant {
        room: who.room.to_string(),
        tenant: Some(who.tenant.to_string()),
        participant: who.participant.to_string(),
    }
}

fn of_client(who: &Client) -> Who {
    Who::Party {
        tenant: who.tenant.to_string(),
        meeting: who.party.meeting.as_ref().map(ToString::to_string),
        party: who.party.name.to_string(),
    }
}

fn of_traffic(counted: &Counted) -> Traffic {
    Traffic {
        packets_in: counted.packets_in,
        bytes_in: counted.bytes_in,
        packets_out: counted.packets_out,
        bytes_out: counted.bytes_out,
    }
}

fn ended(cause: EndCause) -> Ended {
    match cause {
        EndCause::Deleted => Ended::Deleted,
        EndCause::Expired => Ended::Expired,
        EndCause::Disconnected => Ended::Disconnected,
        EndCause::Cut(_) => Ended::Cut,
        EndCause::Unbound => Ended::Unbound,
        EndCause::CredentialsRemoved => Ended::CredentialsRemoved,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ringfence_core::{Name, Party};
    use ringfence_fence::{Epoch, Role};
    use serde_json::Value;

    use super::*;
    use crate::config;

    const REFERENCE: &str = include_str!("../../tests/config/reference.toml");

    fn scene(text: &str) -> Scene {
        let loaded = config::parse("ringfence.toml", text, Path::new("/nonexistent"), []);
        Scene { in_force: InForce::of(loaded.unwrap()) }
    }

    fn told(scene: &Scene, event: &Event) -> Vec<Value> {
        let records = scene.records(event).into_iter().flatten();
        records.map(|record| serde_json::to_value(record).unwrap()).collect()
    }

    fn guest() -> Guest {
        let name = |name| Name::new(name).unwrap();
        let (tenant, fence) = ("acme".into(), "eu-only".into());
        Guest { tenant, room: name("standup"), fence, participant: name("alice") }
    }

    fn client() -> Client {
        let party = Party { meeting: Some("standup".into()), name: "bob".into() };
        Client { tenant: "acme".into(), party, fence: "eu-only".into() }
    }

    fn refusal(scene: &Scene) -> Refusal {
        let policy = &scene.in_force.policy;
        let fence = policy.fence_of("acme", None, None).unwrap();
        let chinese = "127.3.0.7:5000".parse().unwrap();
        policy.decide(fence, Role::Client, chinese, policy.own_site()).unwrap_err()
    }

    fn address() -> SocketAddr {
        "127.1.0.7:5000".parse().unwrap()
    }

    #[test]
    fn what_is_cut_is_told_as_a_cut_and_as_an_end() {
        let scene = scene(REFERENCE);
        let cut = refusal(&scene);
        let released = Event::Released {
            who: guest(),
            address: address(),
            region: "europe".into(),
            cause: ReleaseCause::Cut(cut),
        };
        let ended = Event::Deallocated {
            who: client(),
            client: address(),
            cause: EndCause::Cut(cut),
            traffic: Counted::default(),
        };
        for (event, end) in [(released, "released"), (ended, "deallocated")] {
            let lines = told(&scene, &event);
            assert_eq!((&lines[0]["event"], &lines[1]["event"]), (&"cut".into(), &end.into()));
            assert_eq!(lines[0]["rule"], "region_not_in_clients");
            assert_eq!((&lines[0]["region"], &lines[1]["cause"]), (&"china".into(), &"cut".into()));
            assert!(lines[0]["place"].as_str().unwrap().starts_with("ringfence.toml:"));
        }
    }

    /// Lines of another policy's texts would be lies.
    #[test]
    fn a_refusal_of_another_policy_is_told_without_a_place() {
        let scene = scene(REFERENCE);
        let refusal = Refusal { epoch: Epoch(9), ..refusal(&scene) };
        let event = Event::Refused { who: guest(), address: address(), refusal };
        assert_eq!(told(&scene, &event)[0]["place"], Value::Null);
    }

    #[test]
    fn what_was_carried_is_told_with_the_policy_it_was_carried_under() {
        let traffic = Counted { packets_in: 3, bytes_out: 9, ..Counted::default() };
        let (region, epoch) = ("europe".into(), Epoch(1));
        let event = Event::CarriedForClient { who: client(), region, epoch, traffic };
        let line = &told(&scene(REFERENCE), &event)[0];
        assert_eq!((&line["event"], &line["policy"]), (&"carried".into(), &1.into()));
        assert_eq!((&line["meeting"], &line["party"]), (&"standup".into(), &"bob".into()));
        assert_eq!((&line["packets_in"], &line["bytes_out"]), (&3.into(), &9.into()));
        assert_eq!(line["site_region"], "europe");
    }

    #[test]
    fn a_site_that_is_only_a_spare_says_so() {
        let latched = Event::Latched {
            who: guest(),
            address: address(),
            region: "europe".into(),
            moved_from: None,
        };
        let spare = REFERENCE.replace("spares = 2", "spares = 2\nspare_sites = [\"fra1\"]");
        for (text, offered_as) in [(REFERENCE, "primary"), (&spare, "spare")] {
            assert_eq!(told(&scene(text), &latched)[0]["offered_as"], offered_as);
        }
    }
}
