//! SHA-256 as `sha256sum` prints it.

use std::fmt::{self, Write};
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The SHA-256 of some bytes (FIPS 180-4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sha256Sum([u8; 32]);

impl Sha256Sum {
    /// Of all of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// 64 hexadecimal digits in lower case.
impl FromStr for Sha256Sum {
    type Err = fmt::Error;

    fn from_str(text: &str) -> Result<Self, fmt::Error> {
        let mut sum = Self([0; 32]);
        for (byte, digits) in sum.0.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| fmt::Error)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| fmt::Error)?;
        }
        let mut again = String::with_capacity(text.len());
        write!(again, "{sum}")?;
        if again == text { Ok(sum) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_sha256sum_prints() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256Sum::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Sha256Sum::of(b"")));
        for wrong in ["", "e3", &empty.to_uppercase(), &format!("{empty}0"), &empty[..63]] {
            assert!(wrong.parse::<Sha256Sum>().is_err(), "{wrong}");
        }
    }
}
