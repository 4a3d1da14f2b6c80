//! A field of an RFC 7396 merge patch: absent leaves it, null removes it, a value sets it.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{OneOfBuilder, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// One field of a merge patch; write it with `#[serde(default)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The field was not sent: leave it as it is.
    #[default]
    Absent,
    /// The field was null: remove it.
    Null,
    /// The field had a value: set it.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the field was not sent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if one is to be set.
    pub fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// As nested options: outer for “sent”, inner for “not null”.
    pub fn sent(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }

    /// What a field that is `current` becomes.
    pub fn apply(self, current: Option<T>) -> Option<T> {
        self.sent().unwrap_or(current)
    }

    /// The same patch with another value in it.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Set(value) => Patch::Set(change(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Only called when the field is there; `default` makes it Absent otherwise.
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Set))
    }
}

impl<T: ToSchema> PartialSchema for Patch<T> {
    fn schema() -> RefOr<Schema> {
        let null = utoipa::openapi::ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null));
        let value = match T::schema() {
            RefOr::T(schema) if is_plain(&schema) => RefOr::T(schema),
            _ => Ref::from_schema_name(T::name()).into(),
        };
        OneOfBuilder::new().item(null).item(value).into()
    }
}

/// Text, numbers and free-form objects are written in place; shapes with fields are named.
fn is_plain(schema: &Schema) -> bool {
    match schema {
        Schema::Object(object) => object.properties.is_empty(),
        Schema::Array(_) => true,
        _ => false,
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Patch_{}", T::name()))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        if !matches!(T::schema(), RefOr::T(ref schema) if is_plain(schema)) {
            schemas.push((T::name().into_owned(), T::schema()));
        }
        T::schemas(schemas);
    }
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
