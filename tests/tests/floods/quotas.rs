//! Whoever has credentials and asks for all there is: gets what its quotas say, exactly.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ringfence_tests::turn::{Client, Credentials, Family, Refused, UdpRoad, inside, wait_until};
use ringfence_wire::channel_data::ChannelNumber;

use crate::lab::Lab;

/// As the configuration of this test says.
const PERMISSIONS_MAX: usize = 64;
const CHANNELS_MAX: usize = 32;
const ALLOCATIONS_MAX: usize = 200;
const ALLOCATIONS_PER_PARTY_MAX: usize = 16;

const KEYS: [&str; 4] = [
    "LIMITS__PERMISSIONS_PER_ALLOCATION_MAX=64",
    "LIMITS__CHANNELS_PER_ALLOCATION_MAX=32",
    "TENANTS__ACME__MAX_ALLOCATIONS=200",
    "TENANTS__ACME__MAX_ALLOCATIONS_PER_PARTY=16",
];

/// Requests far beyond a quota.
const REQUESTS: usize = 1_000;

/// RFC 8656 section 19: allocation quota reached; RFC 8656 section 9: 508 where there is no room.
const QUOTA_REACHED: u16 = 486;
const NO_ROOM: u16 = 508;

#[test]
fn permissions_channels_and_refreshes_end_at_their_quotas() {
    inside("quotas::permissions_channels_and_refreshes_end_at_their_quotas", || {
        let lab = Lab::configured(&KEYS);
        let (mut client, mut road) = client(&lab, "greedy");
        client.allocate(&mut road, Family::Default).expect("an allocation");
        let granted = granted(|number| client.permit(&mut road, peer(number)));
        assert_eq!(granted, PERMISSIONS_MAX);

        let (mut client, mut road) = self::client(&lab, "greedy");
        client.allocate(&mut road, Family::Default).expect("an allocation");
        let granted = self::granted(|number| {
            let channel = u16::try_from(0x4000 + number).expect("a number");
            client.bind(&mut road, ChannelNumber::new(channel).expect("a channel"), peer(number))
        });
        assert_eq!(granted, CHANNELS_MAX);
        for _ in 0..REQUESTS {
            client.refresh(&mut road).expect("a refresh takes nothing new");
        }
        wait_until("the relay shows them", || lab.allocations() == 2);
        lab.assert_memory("permissions, channels, refreshes");
    });
}

/// How many of many requests are granted; the others are told that there is no room.
fn granted(mut ask: impl FnMut(usize) -> Result<(), Refused>) -> usize {
    let answers = (0..REQUESTS).map(|number| match ask(number) {
        Ok(()) => 1,
        Err(refused) => {
            assert_eq!(refused.code(), Some(NO_ROOM), "{number}: {refused:?}");
            0
        }
    });
    answers.sum()
}

#[test]
fn allocations_and_ports_that_are_kept_end_at_their_quotas_and_no_port_is_lost() {
    inside(
        "quotas::allocations_and_ports_that_are_kept_end_at_their_quotas_and_no_port_is_lost",
        || {
            let lab = Lab::configured(&KEYS);
            let total = ports(&lab);
            let mut all = Vec::new();
            for number in 0..ALLOCATIONS_PER_PARTY_MAX + 4 {
                match allocate(&lab, "greedy", false) {
                    Ok(held) => all.push(held),
                    Err(code) => {
                        assert_eq!(code, Some(QUOTA_REACHED));
                        assert!(number >= ALLOCATIONS_PER_PARTY_MAX, "{number}");
                    }
                }
            }
            assert_eq!(all.len(), ALLOCATIONS_PER_PARTY_MAX);

            // From ever new parties, each with a port kept beside its own.
            let mut refused = 0;
            for party in 0..ALLOCATIONS_MAX {
                match allocate(&lab, &format!("party-{party}"), true) {
                    Ok(held) => all.push(held),
                    Err(code) => {
                        assert_eq!(code, Some(QUOTA_REACHED));
                        refused += 1;
                    }
                }
                assert_eq!(ports(&lab), total, "free, used and reserved ports");
            }
            assert!(refused > 0);
            let (used, kept) = (state(&lab, "used"), state(&lab, "reserved"));
            assert_eq!(used, all.len() as u64);
            assert_eq!(
                used + kept,
                ALLOCATIONS_MAX as u64,
                "what is kept counts like what is used"
            );
            lab.assert_memory("allocations and EVEN-PORT");

            for (mut client, mut road) in all {
                client.release(&mut road).expect("its end");
            }
            wait_until("all is given back", || (lab.allocations(), state(&lab, "used")) == (0, 0));
            assert_eq!(ports(&lab), total);
        },
    );
}

fn allocate(lab: &Lab, party: &str, pair: bool) -> Result<(Client, UdpRoad), Option<u16>> {
    let (mut client, mut road) = client(lab, party);
    let allocated = match pair {
        true => client.allocate_pair(&mut road).map(drop),
        false => client.allocate(&mut road, Family::Default).map(drop),
    };
    allocated.map_err(|refused| refused.code())?;
    Ok((client, road))
}

/// From an address of its own: one address is told to authenticate ten times a second only.
fn client(lab: &Lab, party: &str) -> (Client, UdpRoad) {
    (Client::new(Credentials::of(party)), lab.road_from_a_new_address())
}

fn peer(number: usize) -> SocketAddr {
    let number = u32::try_from(number).expect("a small number");
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from_bits(0x0a50_0000 + number)), 4000)
}

fn ports(lab: &Lab) -> u64 {
    lab.count("ringfence_turn_ports", "")
}

fn state(lab: &Lab, state: &str) -> u64 {
    lab.count("ringfence_turn_ports", &format!("state=\"{state}\""))
}
