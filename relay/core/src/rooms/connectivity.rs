//! The STUN messages that the relay sends as an ICE-lite peer (RFC 8445 sections 2.5 and 7).

use ringfence_wire::datagram::Outbox;
use ringfence_wire::stun::{
    Attribute, Class, ErrorCode, IntegrityKey, Message, Method, TransactionId, WriteError, Writer,
};

use super::member::{Latch, Member};
use super::path_check::PathCheck;
use crate::flow::Egress;
use crate::message::Admission;

/// The longest of ours: a path check with a USERNAME of 8 + 1 + 256 bytes stays far below it.
const MESSAGE_BYTES_MAX: usize = 512;

/// PRIORITY of a peer-reflexive candidate (RFC 8445 section 5.1.2.1: type preference 110, local
/// preference 65,535, component 1). A lite agent pairs no candidates; the attribute is mandatory.
const PRIORITY: u32 = (110 << 24) | (65_535 << 8) | 255;

/// Tells a latched address that its check succeeded, and what it looks like from here.
pub(crate) fn answer_success<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    member: &Member,
    latch: &Latch,
    asked: TransactionId,
) {
    let mut buffer = [0; MESSAGE_BYTES_MAX];
    let message = Writer::new(&mut buffer, Class::Success, Method::BINDING, asked)
        .and_then(|writer| writer.xor_address(Attribute::XorMappedAddress, latch.pass.addr()));
    send(egress, latch, message.and_then(|writer| sign(writer, &member.admission)));
}

/// Tells a latched address which attributes were not understood (RFC 8489 section 6.3.1).
pub(crate) fn answer_unknown_attributes<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    member: &Member,
    latch: &Latch,
    request: &Message<'_>,
) {
    let mut buffer = [0; MESSAGE_BYTES_MAX];
    let asked = request.transaction_id();
    let message = Writer::new(&mut buffer, Class::Error, Method::BINDING, asked)
        .and_then(|writer| writer.error_code(ErrorCode::UNKNOWN_ATTRIBUTE, ""))
        .and_then(|writer| writer.unknown_attributes(request.unknown_required()));
    send(egress, latch, message.and_then(|writer| sign(writer, &member.admission)));
}

/// Asks an address to prove that it receives. Signed with the participant's own password if it gave
/// one; then its USERNAME is `<participant ufrag>:<relay ufrag>` (RFC 8445 section 7.2.2).
pub(crate) fn send_path_check<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    admission: &Admission,
    check: &PathCheck,
    tie_breaker: u64,
) {
    let mut buffer = [0; MESSAGE_BYTES_MAX];
    if let Ok(message) = path_check(&mut buffer, admission, check.transaction, tie_breaker) {
        egress.send_own(message, &check.pass, check.flow.local);
    }
}

fn path_check<'b>(
    buffer: &'b mut [u8],
    admission: &Admission,
    transaction: TransactionId,
    tie_breaker: u64,
) -> Result<&'b [u8], WriteError> {
    let writer = Writer::new(buffer, Class::Request, Method::BINDING, transaction)?;
    let Some(ice) = &admission.ice else {
        return Ok(writer.fingerprint()?.finish());
    };
    let username = format_username(ice.ufrag(), admission.credentials.ufrag.as_str());
    let writer = writer
        .bytes(Attribute::Username, &username)?
        .u32(Attribute::Priority, PRIORITY)?
        .u64(Attribute::IceControlled, tie_breaker)?;
    let key = IntegrityKey::short_term(ice.password().as_bytes());
    Ok(writer.integrity(&key)?.fingerprint()?.finish())
}

fn format_username(theirs: &str, ours: &str) -> arrayvec::ArrayVec<u8, 272> {
    [theirs, ":", ours].iter().flat_map(|part| part.bytes()).take(272).collect()
}

fn sign<'b>(writer: Writer<'b>, admission: &Admission) -> Result<&'b [u8], WriteError> {
    let key = IntegrityKey::short_term(admission.credentials.password.as_bytes());
    Ok(writer.integrity(&key)?.fingerprint()?.finish())
}

fn send<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    latch: &Latch,
    message: Result<&[u8], WriteError>,
) {
    // The buffer is larger than any of these messages, so this never fails; if it did, silence is
    // what a lost datagram looks like too.
    if let Ok(message) = message {
        egress.send_own(message, &latch.pass, latch.local);
    }
}
