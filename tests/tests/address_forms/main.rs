//! An address that is refused stays refused in every way of writing it: as a peer, by permission,
//! channel and Send indication, over UDP, TCP and TLS.
//!
//! The same attack on Debian's coturn shows that it is real. All of it runs in network namespaces
//! without a way out.

mod attack;
mod forms;

use attack::{Lab, Transport};
use ringfence_tests::turn::{Client, Credentials, Family, Kind, Refused, Road, inside};

use forms::{FORMS, FURTHER, form};

/// With 10.0.0.0/8 and loopback denied.
#[test]
fn coturn_lets_13_of_14_forms_pass() {
    inside("coturn_lets_13_of_14_forms_pass", || {
        let lab = Lab::start(Kind::Coturn);
        let mut road = lab.udp();
        let mut client = Client::new(Credentials::of("mallory"));
        client.allocate(&mut road, Family::Ipv6).expect("an allocation");
        let refused: Vec<_> = FORMS
            .into_iter()
            .filter(|text| client.permit(&mut road, form(text)).is_err())
            .collect();
        assert_eq!(refused, ["::1"]);
        // A mapped address cannot be reached from an IPv6 socket, and coturn would give the socket up.
        for text in FORMS.into_iter().filter(|text| !text.starts_with("::ffff:1")) {
            client.indicate(&mut road, form(text), attack::MARK).expect("the road is open");
        }
        client.refresh(&mut road).expect("the allocation lives");
        let smuggled = lab.smuggled().len();
        assert!(smuggled > 1, "what is sent there leaves, and is heard: {smuggled}");
    });
}

#[test]
fn every_form_is_refused_over_udp() {
    inside("every_form_is_refused_over_udp", || {
        let lab = Lab::start(Kind::ringfence());
        every_form_is_refused(&lab, Transport::Udp, &mut lab.udp());
    });
}

#[test]
fn every_form_is_refused_over_tcp() {
    inside("every_form_is_refused_over_tcp", || {
        let lab = Lab::start(Kind::ringfence());
        every_form_is_refused(&lab, Transport::Tcp, &mut lab.tcp());
    });
}

#[test]
fn every_form_is_refused_over_tls() {
    inside("every_form_is_refused_over_tls", || {
        let lab = Lab::start(Kind::ringfence());
        every_form_is_refused(&lab, Transport::Tls, &mut lab.tls());
    });
}

fn every_form_is_refused(lab: &Lab, transport: Transport, road: &mut impl Road) {
    let mut client = Client::new(Credentials::of(transport.party()));
    let relayed = client.allocate(road, Family::Dual).expect("an allocation");
    assert_eq!(relayed.len(), 2, "one of each family");
    lab.assert_that_an_admitted_peer_is_reached(&mut client, road);
    let (mut through, mut channels) = (Vec::new(), attack::channels());
    for text in FORMS.into_iter().chain(FURTHER) {
        let peer = form(text);
        let channel = channels.next().expect("enough channels");
        let permission = client.permit(road, peer);
        let binding = client.bind(road, channel, peer);
        if !is_refusal(&permission) || !is_refusal(&binding) {
            through.push(format!("{text}: {permission:?}, {binding:?}"));
        }
        client.indicate(road, peer, attack::MARK).expect("the road is open");
        road.send(&ringfence_tests::turn::channel_data(channel, attack::MARK)).expect("it is open");
    }
    assert!(through.is_empty(), "not refused: {through:#?}");
    // What was sent before this answer has been dealt with.
    client.refresh(road).expect("the allocation lives");
    assert_eq!(lab.smuggled(), Vec::<String>::new());
}

/// 403 Forbidden or 443 Peer Address Family Mismatch (RFC 8656 section 19).
fn is_refusal(answer: &Result<(), Refused>) -> bool {
    answer.as_ref().is_err_and(|refused| matches!(refused.code(), Some(403 | 443)))
}
