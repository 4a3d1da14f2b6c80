//! A field of an RFC 7396 merge patch: absent leaves it, null removes it, a value sets it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::__dev::ComposeSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::object::Object;

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

/// For a struct, which is read from an object only:
/// `#[serde(deserialize_with = "web::patched_object")]`.
///
/// # Errors
/// When it is neither null nor an object, or as `T` says.
pub fn patched_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Patch<T>, D::Error> {
    let found = Option::<Object<T>>::deserialize(deserializer)?;
    Ok(found.map_or(Patch::Null, |object| Patch::Set(object.0)))
}

/// The same for structs by their names.
///
/// # Errors
/// As [`patched_object`].
pub fn patched_objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Patch<BTreeMap<String, Patch<T>>>, D::Error> {
    let found = Option::<BTreeMap<String, Option<Object<T>>>>::deserialize(deserializer)?;
    let of = |object: Option<Object<T>>| object.map_or(Patch::Null, |object| Patch::Set(object.0));
    Ok(found.map_or(Patch::Null, |all| {
        Patch::Set(all.into_iter().map(|(name, object)| (name, of(object))).collect())
    }))
}

/// Only for documented defaults: an absent field has no place in JSON, so it is written as null.
impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

/// In the document it is an `Option`: a value or null. This is the trait utoipa's own derive
/// implements for generic types; deriving it for the enum would document the enum.
impl<T: ComposeSchema> ComposeSchema for Patch<T> {
    fn compose(generics: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        Option::<T>::compose(generics)
    }
}

impl<T: ToSchema> ToSchema for Patch<T>
where
    Self: PartialSchema,
{
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Patch")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
