//! Names of rooms and participants as they come in paths, queries and bodies.

use ringfence_core::{Name, NameError};
use serde::Deserialize;
use utoipa::ToSchema;

/// A checked name.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[A-Za-z0-9._~@:+-]{1,64}$", example = "alice")]
pub(super) struct NameText(pub(super) Name);

impl TryFrom<String> for NameText {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Name::new(&text).map(Self)
    }
}
