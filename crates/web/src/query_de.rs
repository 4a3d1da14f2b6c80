//! A serde deserializer over query parameters. It knows which fields a struct has, so that an
//! unknown parameter is refused without every struct having to say so, and its errors keep the
//! name of the parameter.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::str::FromStr;

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Expected, MapAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use types::Error;

use crate::json_error::{plainly, sentence};

pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Reads `T`; `also` are parameters that exist beside those of `T`.
pub(crate) fn from_pairs<T: DeserializeOwned>(
    pairs: Vec<Pair<'_>>,
    also: &[&str],
) -> Result<T, Error> {
    T::deserialize(Query { pairs, also })
        .map_err(|fault| Error::invalid(fault.name.unwrap_or_default(), fault.code, fault.message))
}

#[derive(Debug)]
struct Fault {
    name: Option<String>,
    code: &'static str,
    message: String,
}

impl Fault {
    fn new(code: &'static str, message: String) -> Self {
        Self { name: None, code, message }
    }

    fn at(mut self, name: &str) -> Self {
        self.name.get_or_insert_with(|| name.to_owned());
        self
    }

    fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
        let message = if known.is_empty() {
            "This parameter is not known here; there are none.".to_owned()
        } else {
            format!("This parameter is not known here; expected {}.", known.join(", "))
        };
        Self::new("unknown_parameter", message).at(name)
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        let text = message.to_string();
        // What serde's derive says for a flattened struct that denies unknown fields.
        if let Some(name) = text.strip_prefix("unknown field `").and_then(|t| t.strip_suffix('`')) {
            let message = "This parameter is not known here.".to_owned();
            return Self::new("unknown_parameter", message).at(name);
        }
        Self::new("invalid_value", sentence(&text))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        Self::new("invalid_value", format!("This should be {}.", plainly(&expected)))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let known: Vec<_> = expected.iter().map(|name| format!("`{name}`")).collect();
        Self::new("unknown_value", format!("Expected one of {}.", known.join(", ")))
    }

    fn unknown_field(name: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown(name, expected.iter().copied())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new("missing_parameter", "This parameter is required.".to_owned()).at(name)
    }
}

struct Query<'a, 'k> {
    pairs: Vec<Pair<'a>>,
    also: &'k [&'k str],
}

impl<'de> Deserializer<'de> for Query<'_, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(Entries { rest: self.pairs.into_iter(), value: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let unknown = self.pairs.iter().find(|(name, _)| !fields.contains(&&**name));
        if let Some((name, _)) = unknown {
            return Err(Fault::unknown(name, fields.iter().chain(self.also).copied()));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.pairs.first() {
            Some((name, _)) => Err(Fault::unknown(name, self.also.iter().copied())),
            None => visitor.visit_unit(),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Entries<'a> {
    rest: std::vec::IntoIter<Pair<'a>>,
    value: Option<Pair<'a>>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.value = self.rest.next();
        let Some((name, _)) = &self.value else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (name, value) = self.value.take().unwrap_or_default();
        seed.deserialize(Value(&value)).map_err(|fault| fault.at(&name))
    }
}

/// One value: text that turns into whatever the field is.
struct Value<'a>(&'a str);

impl Value<'_> {
    fn parsed<N: FromStr>(&self, expected: &str) -> Result<N, Fault> {
        self.0
            .parse()
            .map_err(|_| Fault::new("invalid_value", format!("This should be {expected}.")))
    }
}

macro_rules! parsed {
    ($($method:ident => $visit:ident, $expected:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.parsed($expected)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Fault;

    parsed! {
        deserialize_bool => visit_bool, "true or false";
        deserialize_i8 => visit_i8, "a whole number";
        deserialize_i16 => visit_i16, "a whole number";
        deserialize_i32 => visit_i32, "a whole number";
        deserialize_i64 => visit_i64, "a whole number";
        deserialize_u8 => visit_u8, "a whole number that is not negative";
        deserialize_u16 => visit_u16, "a whole number that is not negative";
        deserialize_u32 => visit_u32, "a whole number that is not negative";
        deserialize_u64 => visit_u64, "a whole number that is not negative";
        deserialize_f32 => visit_f32, "a number";
        deserialize_f64 => visit_f64, "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// A list is sent as `a,b,c`, since a parameter may not be repeated.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(SeqDeserializer::new(
            self.0.split(',').filter(|part| !part.is_empty()).map(Value),
        ))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        StrDeserializer::new(self.0).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct
        identifier ignored_any
    }
}

impl<'de> serde::de::IntoDeserializer<'de, Fault> for Value<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
