//! Class and method, and how they share the first 16 bits of a message.

/// What a message is in its transaction (RFC 8489 section 5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// Wants an answer.
    Request,
    /// Wants none.
    Indication,
    /// Success response.
    Success,
    /// Error response.
    Error,
}

/// What a transaction is about: 12 bits (RFC 8489 section 5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Method(u16);

impl Method {
    /// Binding (RFC 8489 section 3), the method of connectivity checks too (RFC 8445).
    pub const BINDING: Self = Self(0x001);

    /// Allocate (RFC 8656 section 17).
    pub const ALLOCATE: Self = Self(0x003);
    /// Refresh (RFC 8656 section 17).
    pub const REFRESH: Self = Self(0x004);
    /// Send, an indication (RFC 8656 section 17).
    pub const SEND: Self = Self(0x006);
    /// Data, an indication (RFC 8656 section 17).
    pub const DATA: Self = Self(0x007);
    /// CreatePermission (RFC 8656 section 17).
    pub const CREATE_PERMISSION: Self = Self(0x008);
    /// ChannelBind (RFC 8656 section 17).
    pub const CHANNEL_BIND: Self = Self(0x009);

    /// The method of that number; `None` over 12 bits.
    pub const fn new(number: u16) -> Option<Self> {
        if number <= 0xfff { Some(Self(number)) } else { None }
    }

    /// Its number in IANA's registry, 0..=0xfff.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// Both, interleaved as `00 M11..M7 C1 M6..M4 C0 M3..M0` (RFC 8489 section 5, figure 3).
pub(super) fn encode(class: Class, method: Method) -> u16 {
    let class = match class {
        Class::Request => 0,
        Class::Indication => C0,
        Class::Success => C1,
        Class::Error => C1 | C0,
    };
    let number = method.0;
    (number & 0xf80) << 2 | (number & 0x070) << 1 | (number & 0x00f) | class
}

/// Both taken apart again; `None` if the two most significant bits are not zero.
pub(super) fn decode(message_type: u16) -> Option<(Class, Method)> {
    if message_type & 0xc000 != 0 {
        return None;
    }
    let class = match (message_type & C1 != 0, message_type & C0 != 0) {
        (false, false) => Class::Request,
        (false, true) => Class::Indication,
        (true, false) => Class::Success,
        (true, true) => Class::Error,
    };
    let number =
        (message_type & 0x3e00) >> 2 | (message_type & 0x00e0) >> 1 | message_type & 0x000f;
    Some((class, Method(number)))
}

const C0: u16 = 0x0010;
const C1: u16 = 0x0100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_apart_and_together_again() {
        for message_type in 0..0x4000 {
            let back = decode(message_type).map(|(class, method)| encode(class, method));
            assert_eq!(back, Some(message_type));
        }
    }

    #[test]
    fn types_with_a_top_bit_set_are_not_stun() {
        assert!((0x4000..=u16::MAX).all(|message_type| decode(message_type).is_none()));
    }

    #[test]
    fn types_of_the_registry_read_as_the_rfcs_print_them() {
        let types = [
            (0x0001, Class::Request, 0x001),
            (0x0011, Class::Indication, 0x001),
            (0x0101, Class::Success, 0x001),
            (0x0111, Class::Error, 0x001),
            (0x0016, Class::Indication, 0x006),
            (0x0113, Class::Error, 0x003),
        ];
        for (message_type, class, number) in types {
            assert_eq!(decode(message_type), Some((class, Method(number))));
        }
    }

    #[test]
    fn method_has_twelve_bits() {
        assert_eq!(Method::new(0xfff).map(Method::number), Some(0xfff));
        assert_eq!(Method::new(0x1000), None);
    }
}
