//! The answers to a TURN client's requests. None carries SOFTWARE or a reason phrase: an answer
//! should say what it must and be short.

use std::net::SocketAddr;

use ringfence_fence::Pass;
use ringfence_wire::channel_data;
use ringfence_wire::datagram::{LocalSocket, OWN_DATAGRAM_BYTES_MAX, Outbox};
use ringfence_wire::stun::{
    Attribute, Class, ErrorCode, IntegrityKey, Method, TransactionId, WriteError, Writer,
};

use super::message::{Family, Relayed};
use super::nonce::NONCE_CHARS;
use super::request::Request;
use crate::counters::DropReason;
use crate::denial::Denial;
use crate::flow::{Egress, FlowKey};

/// Longest answer to someone who has proved nothing: what two Binding answers take.
pub(super) const UNPROVEN_ANSWER_BYTES_MAX: usize = 72;

const _: () = assert!(channel_data::HEADER_BYTES == 4 && NONCE_CHARS == 16);

/// What a request came to.
pub(super) enum Success {
    /// Answered when the registry has decided.
    Later,
    /// An allocation stands.
    Allocated(Allocated),
    /// A lifetime; zero for an allocation that is gone.
    Refreshed {
        /// In seconds.
        lifetime_s: u32,
    },
    /// Permissions were installed.
    Permitted,
    /// A channel was bound.
    Bound,
}

/// Everything that the answer to Allocate says (RFC 8656 section 7.3).
pub(super) struct Allocated {
    pub(super) relayed: Relayed,
    pub(super) missing: Option<(Family, ErrorCode)>,
    pub(super) lifetime_s: u32,
    pub(super) token: Option<u64>,
}

/// To whom an answer goes when the request is no longer at hand.
pub(super) struct Waiting<'a> {
    pub(super) asked: TransactionId,
    pub(super) flow: FlowKey,
    pub(super) pass: Pass,
    pub(super) key: &'a IntegrityKey,
}

/// XOR-MAPPED-ADDRESS and nothing else, unsigned.
pub(super) fn mapped_address<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    request: &Request<'_, 'rx>,
) {
    let mut buffer = [0; UNPROVEN_ANSWER_BYTES_MAX];
    let asked = request.message.transaction_id();
    let message = Writer::new(&mut buffer, Class::Success, Method::BINDING, asked)
        .and_then(|writer| writer.xor_address(Attribute::XorMappedAddress, request.flow.remote))
        .map(Writer::finish);
    send(egress, &request.pass, request.flow.local, message);
}

/// Says how to authenticate (401), that the nonce is too old (438), or that something is missing
/// (400). Only the first two may be longer than the request.
pub(super) fn challenge<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    request: &Request<'_, 'rx>,
    code: ErrorCode,
    (realm, nonce): (&str, &[u8]),
) -> Result<(), Denial> {
    let mut buffer = [0; UNPROVEN_ANSWER_BYTES_MAX];
    let (asked, method) = (request.message.transaction_id(), request.message.method());
    let writer = Writer::new(&mut buffer, Class::Error, method, asked)
        .and_then(|writer| writer.error_code(code, ""));
    let message = match code {
        ErrorCode::BAD_REQUEST => writer.map(Writer::finish),
        _ => writer
            .and_then(|writer| writer.bytes(Attribute::Realm, realm.as_bytes()))
            .and_then(|writer| writer.bytes(Attribute::Nonce, nonce))
            .map(Writer::finish),
    };
    let short_enough =
        code != ErrorCode::BAD_REQUEST || message.is_ok_and(|bytes| bytes.len() <= request.bytes);
    if !short_enough {
        return Err(DropReason::AnswerLimit.into());
    }
    send(egress, &request.pass, request.flow.local, message);
    Ok(())
}

/// An error of an authenticated request.
pub(super) fn error<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    request: &Request<'_, 'rx>,
    key: &IntegrityKey,
    code: ErrorCode,
) {
    let mut buffer = [0; OWN_DATAGRAM_BYTES_MAX];
    let (asked, method) = (request.message.transaction_id(), request.message.method());
    let writer = Writer::new(&mut buffer, Class::Error, method, asked)
        .and_then(|writer| writer.error_code(code, ""));
    let writer = match code {
        ErrorCode::UNKNOWN_ATTRIBUTE => {
            writer.and_then(|writer| writer.unknown_attributes(request.message.unknown_required()))
        }
        _ => writer,
    };
    send(egress, &request.pass, request.flow.local, sign(writer, key));
}

/// An Allocate that the registry turned away; `alternate` goes with 300 (RFC 8489 section 10).
pub(super) fn allocate_error<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    waiting: &Waiting<'_>,
    code: ErrorCode,
    alternate: Option<SocketAddr>,
) {
    let mut buffer = [0; OWN_DATAGRAM_BYTES_MAX];
    let writer = Writer::new(&mut buffer, Class::Error, Method::ALLOCATE, waiting.asked)
        .and_then(|writer| writer.error_code(code, ""))
        .and_then(|writer| match alternate {
            Some(server) => writer.address(Attribute::AlternateServer, server),
            None => Ok(writer),
        });
    send(egress, &waiting.pass, waiting.flow.local, sign(writer, waiting.key));
}

/// An Allocate that came to stand.
pub(super) fn allocated<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    waiting: &Waiting<'_>,
    allocated: &Allocated,
) {
    let mut buffer = [0; OWN_DATAGRAM_BYTES_MAX];
    let writer = Writer::new(&mut buffer, Class::Success, Method::ALLOCATE, waiting.asked)
        .and_then(|writer| write_allocated(writer, allocated, waiting.flow.remote));
    send(egress, &waiting.pass, waiting.flow.local, sign(writer, waiting.key));
}

/// A success of an authenticated request.
pub(super) fn success<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    request: &Request<'_, 'rx>,
    key: &IntegrityKey,
    success: &Success,
) {
    let mut buffer = [0; OWN_DATAGRAM_BYTES_MAX];
    let (asked, method) = (request.message.transaction_id(), request.message.method());
    let writer = Writer::new(&mut buffer, Class::Success, method, asked);
    let writer = match success {
        Success::Allocated(allocated) => {
            writer.and_then(|writer| write_allocated(writer, allocated, request.flow.remote))
        }
        Success::Refreshed { lifetime_s } => {
            writer.and_then(|writer| writer.u32(Attribute::Lifetime, *lifetime_s))
        }
        Success::Later | Success::Permitted | Success::Bound => writer,
    };
    send(egress, &request.pass, request.flow.local, sign(writer, key));
}

fn write_allocated<'b>(
    mut writer: Writer<'b>,
    allocated: &Allocated,
    client: SocketAddr,
) -> Result<Writer<'b>, WriteError> {
    for relayed in &allocated.relayed {
        writer = writer.xor_address(Attribute::XorRelayedAddress, *relayed)?;
    }
    if let Some((family, code)) = allocated.missing {
        writer = writer.address_error_code(family.number(), code)?;
    }
    if let Some(token) = allocated.token {
        writer = writer.u64(Attribute::ReservationToken, token)?;
    }
    writer
        .u32(Attribute::Lifetime, allocated.lifetime_s)?
        .xor_address(Attribute::XorMappedAddress, client)
}

fn sign<'b>(
    writer: Result<Writer<'b>, WriteError>,
    key: &IntegrityKey,
) -> Result<&'b [u8], WriteError> {
    Ok(writer?.integrity(key)?.finish())
}

fn send<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    pass: &Pass,
    from: LocalSocket,
    message: Result<&[u8], WriteError>,
) {
    // The buffers hold any of these messages, so this never fails; if it did, silence is what a
    // lost datagram looks like too.
    if let Ok(message) = message {
        egress.send_own(message, pass, from);
    }
}
