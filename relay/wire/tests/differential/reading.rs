//! What a codec makes of a message, in neither codec's types.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ringfence_wire::stun::{self, Attribute, Class};
use stun_types::attribute::{AttributeType, ErrorCode, XorMappedAddress};
use stun_types::message::{self as theirs, MessageClass};

#[derive(PartialEq, Debug)]
pub(crate) struct Reading {
    pub(crate) class: Class,
    pub(crate) method: u16,
    pub(crate) transaction_id: [u8; 12],
    /// Value of the first occurrence, by type; attributes of our table only.
    pub(crate) values: BTreeMap<u16, Vec<u8>>,
    pub(crate) mapped: Option<SocketAddr>,
    pub(crate) error: Option<u16>,
}

impl Reading {
    pub(crate) fn of_ours(message: &stun::Message<'_>) -> Self {
        let values = Attribute::ALL
            .into_iter()
            .filter_map(|attribute| Some((attribute.kind().0, message.value(attribute)?.to_vec())));
        Self {
            class: message.class(),
            method: message.method().number(),
            transaction_id: message.transaction_id().0,
            values: values.collect(),
            mapped: message.xor_mapped_address(),
            error: message.error_code().map(stun::ErrorCode::number),
        }
    }

    pub(crate) fn of_theirs(message: &theirs::Message<'_>) -> Self {
        let id = message.transaction_id();
        let values = Attribute::ALL.into_iter().filter_map(|attribute| {
            let kind = attribute.kind().0;
            Some((kind, message.raw_attribute(AttributeType::new(kind))?.value.to_vec()))
        });
        Self {
            class: class(message.class()),
            method: message.method().value(),
            transaction_id: u128::from(id).to_be_bytes()[4..].try_into().unwrap(),
            values: values.collect(),
            mapped: message.attribute::<XorMappedAddress>().ok().map(|mapped| mapped.addr(id)),
            error: their_error(message),
        }
    }
}

/// Theirs refuses a reason phrase that is no UTF-8; the code before it reads all the same.
fn their_error(message: &theirs::Message<'_>) -> Option<u16> {
    let typed = message.attribute::<ErrorCode>().ok().map(|error| error.code());
    let raw = || message.raw_attribute(AttributeType::new(0x0009));
    typed.or_else(|| Some(u16::from(raw()?.value[2] & 7) * 100 + u16::from(raw()?.value[3])))
}

fn class(class: MessageClass) -> Class {
    match class {
        MessageClass::Request => Class::Request,
        MessageClass::Indication => Class::Indication,
        MessageClass::Success => Class::Success,
        MessageClass::Error => Class::Error,
    }
}
