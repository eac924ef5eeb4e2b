//! Messages made byte by byte, so that a test can say what the writer refuses to write.

/// A Binding request with any attributes at all, padded with `0xff`.
pub(crate) fn request(attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    message.extend([7; 12]);
    attributes.iter().for_each(|(kind, value)| append(&mut message, *kind, value));
    message
}

/// Adds an attribute and repairs the header's length.
pub(crate) fn append(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(kind.to_be_bytes());
    message.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0xff);
    repair_length(message);
}

/// Makes the header's length that of the message.
pub(crate) fn repair_length(message: &mut [u8]) {
    let length = u16::try_from(message.len() - 20).unwrap();
    message[2..4].copy_from_slice(&length.to_be_bytes());
}

/// Adds a FINGERPRINT that is right.
pub(crate) fn seal(message: &mut Vec<u8>) {
    append(message, 0x8028, &[0; 4]);
    let at = message.len() - 8;
    let crc = crc32fast::hash(&message[..at]) ^ 0x5354_554e;
    message[at + 4..].copy_from_slice(&crc.to_be_bytes());
}
