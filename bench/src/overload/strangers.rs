//! What strangers send to a relay that they want to drown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use ringfence_tests::turn::{Client, Credentials, Family, UdpRoad};
use ringfence_wire::stun::{Class, Message, Method, TransactionId, Writer};

use crate::load::{Poured, Stranger, junk};

/// Sources of each kind, each at an address of its own.
const OF_A_KIND: usize = 64;

/// Different messages of one source. A relay must not know them by their transaction.
const MESSAGES: u8 = 32;

/// How often an applicant asks to be let in before the flood, and how long it waits in between.
const ATTEMPTS: usize = 20;
const REST: Duration = Duration::from_millis(500);

/// Who has no credentials: a third throws junk, a third asks to allocate or for its address, and a third
/// signs with what it was never given.
pub(super) fn without_credentials(relay: SocketAddr) -> anyhow::Result<Vec<Stranger>> {
    let junk: Arc<[Vec<u8>]> = junk().into();
    let asking: Arc<[Vec<u8>]> = (0..MESSAGES).flat_map(questions).collect::<Vec<_>>().into();
    let forged: Arc<[Vec<u8>]> = forgeries()?.into();
    let kinds = [junk, asking, forged];
    // In turn, so that no kind comes in clumps.
    (0..OF_A_KIND * kinds.len())
        .map(|number| Stranger::new(number, relay, Arc::clone(&kinds[number % kinds.len()])))
        .collect()
}

/// Who has good credentials, and a nonce by which the relay knows them, but no allocation: each has had
/// one and given it up. They ask for another over and over.
pub(super) fn with_credentials(relay: SocketAddr) -> anyhow::Result<Vec<Stranger>> {
    (0..OF_A_KIND)
        .map(|number| {
            applicant(number, relay).with_context(|| {
                format!("applicant {number} was not let in once, before the flood")
            })
        })
        .collect()
}

fn applicant(number: usize, relay: SocketAddr) -> anyhow::Result<Stranger> {
    // Behind the addresses of those without.
    let stranger = Stranger::new(OF_A_KIND * 4 + number, relay, [Vec::new()].into())?;
    let mut client = Client::new(Credentials::of(&format!("applicant-{number}")));
    stranger.socket.set_nonblocking(false)?;
    stranger.socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    let mut road = UdpRoad { socket: stranger.socket.try_clone()? };
    let mut allocated = client.allocate(&mut road, Family::Default);
    for _ in 1..ATTEMPTS {
        if allocated.is_err() {
            // After the search it takes nobody new until it has seen that it has room.
            thread::sleep(REST);
            allocated = client.allocate(&mut road, Family::Default);
        }
    }
    allocated.map_err(|refused| anyhow!("{refused:?}"))?;
    client.release(&mut road).map_err(|refused| anyhow!("{refused:?}"))?;
    stranger.socket.set_nonblocking(true)?;
    let pieces = (0..MESSAGES).map(|_| client.signed_allocate()).collect();
    Ok(Stranger { pieces, ..stranger })
}

/// A Binding request, and an Allocate that nobody has signed.
fn questions(number: u8) -> [Vec<u8>; 2] {
    let mut buffer = [0; 64];
    let id = TransactionId([number; 12]);
    let binding = Writer::new(&mut buffer, Class::Request, Method::BINDING, id);
    let binding = binding.map_or(Vec::new(), |writer| writer.finish().to_vec());
    [binding, Client::new(Credentials::of("nobody")).bare_allocate()]
}

/// Allocates as good as can be made without having asked: name, realm and signature are real, and the
/// nonce looks like one.
fn forgeries() -> anyhow::Result<Vec<Vec<u8>>> {
    (0..MESSAGES).map(forgery).collect()
}

fn forgery(number: u8) -> anyhow::Result<Vec<u8>> {
    use ringfence_tests::turn::REALM;
    use ringfence_wire::stun::Attribute;
    let mallory = Credentials::of("mallory");
    let mut buffer = [0; 512];
    // Made in the relay's first second, as base64 has it, so that its MAC is looked at.
    let nonce = format!("AAAAA{number:0>11}");
    let id = TransactionId([number; 12]);
    let message = Writer::new(&mut buffer, Class::Request, Method::ALLOCATE, id)
        .and_then(|writer| writer.u32(Attribute::RequestedTransport, UDP))
        .and_then(|writer| writer.bytes(Attribute::Username, mallory.username.as_bytes()))
        .and_then(|writer| writer.bytes(Attribute::Realm, REALM.as_bytes()))
        .and_then(|writer| writer.bytes(Attribute::Nonce, nonce.as_bytes()))
        .and_then(|writer| writer.integrity(&mallory.key(REALM)));
    let message = message.map_err(|error| anyhow!("an Allocate does not fit: {error:?}"))?;
    Ok(message.finish().to_vec())
}

/// REQUESTED-TRANSPORT.
const UDP: u32 = 17 << 24;

/// What they were answered: of what waits at their sockets, successes and errors of that code.
pub(super) fn answers(poured: &Poured, code: u16) -> (u64, u64) {
    let (mut granted, mut refused) = (0, 0);
    let mut buffer = [0; 2048];
    for stranger in &poured.strangers {
        while let Ok(bytes) = stranger.socket.recv(&mut buffer) {
            let Ok(answer) = Message::parse(&buffer[..bytes]) else { continue };
            granted += u64::from(answer.class() == Class::Success);
            let said = answer.error_code().map(|error| error.number());
            refused += u64::from(said == Some(code));
        }
    }
    (granted, refused)
}
