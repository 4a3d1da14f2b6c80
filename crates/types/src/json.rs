//! JSON kept as text, so that what the store holds goes to the wire without being parsed.

use crate::schema::Schema;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON object in memory.
pub type JsonMap = serde_json::Map<String, serde_json::Value>;

/// Valid JSON text, straight from the store to the answer.
#[derive(Debug, Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Takes text that must be JSON.
    ///
    /// # Errors
    /// When it is not.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// Writes a value as JSON text.
    ///
    /// # Errors
    /// When the value has a map with keys that are not text.
    pub fn of<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// `{}`.
    #[must_use]
    pub fn empty() -> Self {
        Self(serde_json::from_str::<&RawValue>("{}").unwrap_or(RawValue::NULL).to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Parses it into an object; anything but an object is an empty one.
    #[must_use]
    pub fn to_map(&self) -> JsonMap {
        serde_json::from_str(self.as_str()).unwrap_or_default()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl utoipa::__dev::ComposeSchema for Json {
    fn compose(_: Vec<Schema>) -> Schema {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Object)
            .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(
                true,
            )))
            .into()
    }
}

impl utoipa::ToSchema for Json {}
