//! Query strings.

use std::fmt::Write;

/// A path with a query, its values percent-encoded: all but the unreserved characters
/// (RFC 3986 section 2.3), since `+` would be read as a space.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut result = path.to_owned();
    for (number, (key, value)) in pairs.iter().enumerate() {
        result.push(if number == 0 { '?' } else { '&' });
        result.push_str(key);
        result.push('=');
        value.bytes().for_each(|byte| push(&mut result, byte));
    }
    result
}

fn push(text: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        text.push(char::from(byte));
    } else {
        // Writing to a string cannot fail.
        let _ = write!(text, "%{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_would_read_otherwise_is_encoded() {
        let path = with_query("/v1/why", &[("address", "[::1]:9"), ("fence", "a+b &c")]);
        assert_eq!(path, "/v1/why?address=%5B%3A%3A1%5D%3A9&fence=a%2Bb%20%26c");
    }
}
