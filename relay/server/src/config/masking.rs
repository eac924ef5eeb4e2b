//! Blots out what may be a secret before a text is kept for messages.
//!
//! It works on the text alone, since a file with a syntax error must not show its secrets either.

use std::ops::Range;

/// A key that holds one of these words is taken to guard a secret.
const GUARDED_WORDS: [&str; 5] = ["token", "secret", "passw", "pwd", "credential"];
/// References say where a secret is, not what it is, so they stay readable.
const REFERENCES: [&[u8]; 2] = [b"file:", b"credential:"];
/// RFC 7468 section 2.
const PEM_START: &[u8] = b"-----BEGIN";
const PEM_END: &[u8] = b"-----END";
/// Kept inside a blotted stretch: the shape of the value.
const SHAPE: &[u8] = b" \t\r\n[],\"'";

/// The same text, byte for byte as long, with the values of guarded keys as asterisks.
pub(crate) fn masked(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while let Some(equals) = find(&bytes, at, b"=") {
        at = equals + 1;
        if is_guarded(&bytes[..equals]) {
            at = value_end(&bytes, at);
            blot(&mut bytes[equals + 1..at]);
        }
    }
    blot_pem(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same text with one span as asterisks, except its line breaks.
pub(crate) fn hidden(text: &str, span: Range<usize>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for byte in bytes.get_mut(span).into_iter().flatten().filter(|byte| **byte != b'\n') {
        *byte = b'*';
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Blots out what lies between the lines of a PEM block, under whatever key: it may be a private key.
fn blot_pem(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(start) = find(bytes, at, PEM_START) {
        let end = find(bytes, start, PEM_END).unwrap_or(bytes.len());
        blot(&mut bytes[start..end]);
        at = end;
    }
}

fn is_guarded(before_equals: &[u8]) -> bool {
    let start = before_equals.iter().rposition(|byte| b"\n{,=".contains(byte));
    let key = before_equals.get(start.map_or(0, |at| at + 1)..).unwrap_or_default();
    let key = String::from_utf8_lossy(key).to_ascii_lowercase();
    GUARDED_WORDS.iter().any(|word| key.contains(word))
}

/// One past the value that starts at `start`: a list to its bracket, long strings to their
/// quotes, anything else to the end of its line.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let blank = bytes[start..].iter().take_while(|byte| b" \t".contains(byte)).count();
    let value = start + blank;
    let rest = &bytes[value..];
    let end = if rest.starts_with(b"[") {
        find(bytes, value, b"]")
    } else if rest.starts_with(b"\"\"\"") || rest.starts_with(b"'''") {
        find(bytes, value + 3, &rest[..3])
    } else {
        find(bytes, value, b"\n")
    };
    end.unwrap_or(bytes.len())
}

fn blot(value: &mut [u8]) {
    let mut at = 0;
    while at < value.len() {
        at += match reference_len(&value[at..]) {
            0 if SHAPE.contains(&value[at]) => 1,
            0 => {
                value[at] = b'*';
                1
            }
            len => len,
        };
    }
}

/// Length of the quoted reference at the start, 0 if there is none.
fn reference_len(value: &[u8]) -> usize {
    let Some((quote, inner)) = value.split_first().filter(|(first, _)| b"\"'".contains(first))
    else {
        return 0;
    };
    if !REFERENCES.iter().any(|reference| inner.starts_with(reference)) {
        return 0;
    }
    let end = inner.iter().position(|byte| byte == quote || *byte == b'\n');
    end.map_or(0, |end| end + 2).min(value.len())
}

fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let at = match wanted {
        [byte] => rest.iter().position(|candidate| candidate == byte),
        _ => rest.windows(wanted.len()).position(|window| window == wanted),
    };
    at.map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_guarded_keys_are_blotted_and_references_are_not() {
        let text = "token = hunter2\nsecrets = [\"file:a\",\n 'hunter2',\n]\nsite = \"x\"\n";
        let expected = "token = *******\nsecrets = [\"file:a\",\n '*******',\n]\nsite = \"x\"\n";
        assert_eq!(masked(text), expected);
    }

    #[test]
    fn inline_tables_long_strings_and_environment_names_are_covered() {
        for text in [
            "control = { http = \"x\", token = \"hunter2\" }",
            "token = \"\"\"\nhunter2\n\"\"\"\n",
            "RINGFENCE__CONTROL__TOKEN=hunter2",
            "tenants.acme.Secrets = [ 'hunter2'",
            "secret_typo = \"é hunter2\"",
            "private_key = \"\"\"\n-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\"\"\"",
            "certificate = -----BEGIN X-----\\nhunter2 -----BEGIN X hunter2",
        ] {
            let masked = masked(text);
            assert!(!masked.contains("hunter2"), "{masked}");
            assert_eq!(masked.len(), text.len());
        }
    }
}
