//! A message before either codec has written it.

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;
use ringfence_wire::stun::{
    self, Attribute, Class, IntegrityKey, IntegrityKeySha256, Method, TransactionId, WriteError,
};
use stun_types::attribute::{
    self as theirs, AttributeType, ErrorCode, Nonce, RawAttribute, Realm, Software,
    UnknownAttributes, Username, XorMappedAddress,
};
use stun_types::message::{
    IntegrityAlgorithm, Message, MessageClass, MessageType, MessageWrite, MessageWriteExt,
    MessageWriteVec, ShortTermCredentials,
};

use crate::reading::Reading;

pub(crate) const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    class: Class,
    method: u16,
    transaction_id: [u8; 12],
    attributes: Vec<Said>,
    pub(crate) tags: Tags,
    pub(crate) fingerprint: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Tags {
    None,
    Sha1,
    Sha256,
    Both,
}

/// One attribute; the same may be said twice.
#[derive(Clone, Debug)]
enum Said {
    Text(Attribute, String),
    Flag(Attribute),
    U32(Attribute, u32),
    U64(Attribute, u64),
    Mapped(SocketAddr),
    Error(u16, String),
    Unknown(Vec<u16>),
}

impl Plan {
    pub(crate) fn without_fingerprint(self) -> Self {
        Self { fingerprint: false, ..self }
    }

    pub(crate) fn written_by_us(&self) -> Vec<u8> {
        let mut buffer = [0xaa; 4096];
        self.write_into(&mut buffer).unwrap().to_vec()
    }

    fn write_into<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], WriteError> {
        let method = Method::new(self.method).unwrap();
        let id = TransactionId(self.transaction_id);
        let open = stun::Writer::new(buffer, self.class, method, id)?;
        let open = self.attributes.iter().try_fold(open, |open, said| said.write(open))?;
        let key = IntegrityKey::short_term(PASSWORD.as_bytes());
        let key_sha256 = IntegrityKeySha256::short_term(PASSWORD.as_bytes());
        match self.tags {
            Tags::None => self.end(open),
            Tags::Sha1 => self.end(open.integrity(&key)?),
            Tags::Sha256 => self.end(open.integrity_sha256(&key_sha256)?),
            Tags::Both => self.end(open.integrity(&key)?.integrity_sha256(&key_sha256)?),
        }
    }

    fn end<'b, S: stun::stage::Sealable>(
        &self,
        writer: stun::Writer<'b, S>,
    ) -> Result<&'b [u8], WriteError> {
        if self.fingerprint { Ok(writer.fingerprint()?.finish()) } else { Ok(writer.finish()) }
    }

    pub(crate) fn written_by_them(&self) -> Vec<u8> {
        let class = match self.class {
            Class::Request => MessageClass::Request,
            Class::Indication => MessageClass::Indication,
            Class::Success => MessageClass::Success,
            Class::Error => MessageClass::Error,
        };
        let method = stun_types::message::Method::new(self.method);
        let kind = MessageType::from_class_method(class, method);
        let mut message = Message::builder(kind, self.their_id(), MessageWriteVec::new());
        self.attributes.iter().for_each(|said| said.add_to(&mut message, self.their_id()));
        let credentials = ShortTermCredentials::new(PASSWORD.to_owned()).into();
        if matches!(self.tags, Tags::Sha1 | Tags::Both) {
            message.add_message_integrity(&credentials, IntegrityAlgorithm::Sha1).unwrap();
        }
        if matches!(self.tags, Tags::Sha256 | Tags::Both) {
            message.add_message_integrity(&credentials, IntegrityAlgorithm::Sha256).unwrap();
        }
        if self.fingerprint {
            message.add_fingerprint().unwrap();
        }
        message.finish()
    }

    fn their_id(&self) -> stun_types::message::TransactionId {
        let mut id = [0; 16];
        id[4..].copy_from_slice(&self.transaction_id);
        u128::from_be_bytes(id).into()
    }

    /// What a reader must find, taken from the plan and not from any bytes.
    pub(crate) fn reading(&self) -> Reading {
        let first = |pick: fn(&Said) -> Option<SocketAddr>| self.attributes.iter().find_map(pick);
        let mut reading = Reading {
            class: self.class,
            method: self.method,
            transaction_id: self.transaction_id,
            values: Default::default(),
            mapped: first(
                |said| {
                    if let Said::Mapped(mapped) = said { Some(*mapped) } else { None }
                },
            ),
            error: self.attributes.iter().find_map(|said| match said {
                Said::Error(code, _) => Some(*code),
                _ => None,
            }),
        };
        for said in &self.attributes {
            let (kind, value) = said.value(self.transaction_id);
            reading.values.entry(kind).or_insert(value);
        }
        reading
    }
}

impl Said {
    fn write<'b>(&self, open: stun::Writer<'b>) -> Result<stun::Writer<'b>, WriteError> {
        match self {
            Self::Text(attribute, text) => open.bytes(*attribute, text.as_bytes()),
            Self::Flag(attribute) => open.flag(*attribute),
            Self::U32(attribute, number) => open.u32(*attribute, *number),
            Self::U64(attribute, number) => open.u64(*attribute, *number),
            Self::Mapped(address) => open.xor_address(Attribute::XorMappedAddress, *address),
            Self::Error(code, reason) => {
                open.error_code(stun::ErrorCode::new(*code).unwrap(), reason)
            }
            Self::Unknown(types) => {
                let types: Vec<_> = types.iter().map(|kind| stun::AttributeType(*kind)).collect();
                open.unknown_attributes(&types)
            }
        }
    }

    fn add_to(&self, message: &mut MessageWriteVec, id: stun_types::message::TransactionId) {
        let attribute: Box<dyn theirs::AttributeWrite> = match self {
            Self::Text(Attribute::Username, text) => Box::new(Username::new(text).unwrap()),
            Self::Text(Attribute::Realm, text) => Box::new(Realm::new(text).unwrap()),
            Self::Text(Attribute::Nonce, text) => Box::new(Nonce::new(text).unwrap()),
            Self::Text(_, text) => Box::new(Software::new(text).unwrap()),
            Self::Flag(attribute) => raw(*attribute, &[]),
            Self::U32(attribute, number) => raw(*attribute, &number.to_be_bytes()),
            Self::U64(attribute, number) => raw(*attribute, &number.to_be_bytes()),
            Self::Mapped(address) => Box::new(XorMappedAddress::new(*address, id)),
            Self::Error(code, reason) => Box::new(ErrorCode::new(*code, reason).unwrap()),
            Self::Unknown(types) => {
                let types: Vec<_> = types.iter().copied().map(AttributeType::new).collect();
                Box::new(UnknownAttributes::new(&types))
            }
        };
        message.add_attribute(&*attribute).unwrap();
    }

    /// Type and value as the RFCs say them.
    fn value(&self, id: [u8; 12]) -> (u16, Vec<u8>) {
        match self {
            Self::Text(attribute, text) => (attribute.kind().0, text.as_bytes().to_vec()),
            Self::Flag(attribute) => (attribute.kind().0, Vec::new()),
            Self::U32(attribute, number) => (attribute.kind().0, number.to_be_bytes().to_vec()),
            Self::U64(attribute, number) => (attribute.kind().0, number.to_be_bytes().to_vec()),
            Self::Mapped(address) => (0x0020, masked(*address, id)),
            Self::Error(code, reason) => {
                let [hundreds, rest] = [code / 100, code % 100].map(|n| u8::try_from(n).unwrap());
                (0x0009, [&[0, 0, hundreds, rest], reason.as_bytes()].concat())
            }
            Self::Unknown(types) => (0x000a, types.iter().flat_map(|t| t.to_be_bytes()).collect()),
        }
    }
}

fn masked(address: SocketAddr, id: [u8; 12]) -> Vec<u8> {
    let mask = [&[0x21, 0x12, 0xa4, 0x42], &id[..]].concat();
    let xor = |bytes: &[u8]| bytes.iter().zip(&mask).map(|(a, b)| a ^ b).collect::<Vec<_>>();
    let (family, octets) = match address.ip() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    [vec![0, family], xor(&address.port().to_be_bytes()), xor(&octets)].concat()
}

fn raw(attribute: Attribute, value: &[u8]) -> Box<RawAttribute<'static>> {
    Box::new(RawAttribute::new(AttributeType::new(attribute.kind().0), value).into_owned())
}

impl Arbitrary for Plan {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let classes = [Class::Request, Class::Indication, Class::Success, Class::Error];
        let tags = [Tags::None, Tags::Sha1, Tags::Sha256, Tags::Both];
        let said = prop::collection::vec(said(), 0..8);
        let class = prop::sample::select(classes.to_vec());
        (
            class,
            0..0x1000_u16,
            any::<[u8; 12]>(),
            said,
            prop::sample::select(tags.to_vec()),
            any::<bool>(),
        )
            .prop_map(|(class, method, transaction_id, attributes, tags, fingerprint)| Self {
                class,
                method,
                transaction_id,
                attributes,
                tags,
                fingerprint,
            })
            .boxed()
    }
}

fn said() -> impl Strategy<Value = Said> {
    use Attribute::{
        IceControlled, IceControlling, Nonce, Priority, Realm, Software, UseCandidate,
    };
    let texts = vec![Attribute::Username, Realm, Nonce, Software];
    let ties = vec![IceControlled, IceControlling];
    prop_oneof![
        (prop::sample::select(texts), "\\PC{0,40}")
            .prop_map(|(which, text)| Said::Text(which, text)),
        Just(Said::Flag(UseCandidate)),
        any::<u32>().prop_map(|number| Said::U32(Priority, number)),
        (prop::sample::select(ties), any::<u64>()).prop_map(|(which, tie)| Said::U64(which, tie)),
        (any::<IpAddr>(), any::<u16>()).prop_map(|(ip, port)| Said::Mapped((ip, port).into())),
        // `stun-types` writes its own phrase where none is given.
        (300..700_u16, "[a-z]{1,20}").prop_map(|(code, reason)| Said::Error(code, reason)),
        prop::collection::vec(any::<u16>(), 0..8).prop_map(Said::Unknown),
    ]
}

/// Attributes as a forger would make them: known and closing types, values of any length up to 36.
pub(crate) fn forged_attribute() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let kinds = prop_oneof![
        4 => prop::sample::select(vec![0x0006_u16, 0x0014, 0x0015, 0x8022]),
        2 => prop::sample::select(vec![0x0001_u16, 0x0009, 0x000a, 0x0020, 0x0024, 0x0025, 0x8029]),
        3 => prop::sample::select(vec![0x0008_u16, 0x001c, 0x8028]),
        1 => any::<u16>(),
    ];
    let usual = kinds.prop_flat_map(|kind| {
        let lengths = match kind {
            0x0008 => vec![20],
            0x001c => vec![16, 20, 32],
            0x0020 | 0x0001 => vec![8, 20],
            0x0024 | 0x8028 => vec![4],
            0x0025 => vec![0],
            0x8029 => vec![8],
            _ => (4..=36).step_by(2).collect(),
        };
        (Just(kind), prop::sample::select(lengths))
    });
    let sized = prop_oneof![9 => usual, 1 => (any::<u16>(), 0..36_usize)];
    (sized, any::<[u8; 32]>(), any::<[u8; 4]>()).prop_map(|((kind, length), a, b)| {
        let mut value = [&a[..], &b].concat();
        // Family and error class that the attribute may have, in most cases.
        match kind {
            0x0020 | 0x0001 => value[1] = if length == 8 { 1 } else { 2 },
            0x0009 => value[2..4].copy_from_slice(&[3 + a[2] % 4, a[3] % 100]),
            _ => {}
        }
        value.truncate(length);
        (kind, value)
    })
}
