//! Long lists in pages.

use serde::Deserialize;

/// Items of a page when nobody says, and at most.
const LIMIT_DEFAULT: u16 = 100;
const LIMIT_MAX: u16 = 1_000;

/// How many items a page has: 1 to 1,000.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u16")]
pub(super) struct Limit(u16);

impl Limit {
    /// As a number of items.
    pub(super) fn items(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

impl TryFrom<u16> for Limit {
    type Error = String;

    fn try_from(items: u16) -> Result<Self, String> {
        (1..=LIMIT_MAX)
            .contains(&items)
            .then_some(Self(items))
            .ok_or_else(|| format!("`limit` is 1 to {LIMIT_MAX}"))
    }
}
