//! What a JSON Schema may cost: it is written by one person and run for everybody.
//!
//! Checking a value takes as many steps as the schema has parts, with every `$ref` counted as what
//! it leads to. So that count is bounded, and with it everything a schema could blow up: recursion,
//! doubling by references, nesting. A word this server does not know is refused: a rule that is
//! stored and never kept would be worse than none.

use serde_json::{Map, Value};
use types::{Error, Result};

use super::schema::within;

/// Schemas inside each other, at most.
const DEPTH: usize = 16;
/// Schemas in all, at most.
const PARTS: usize = 1000;
/// Patterns, at most; each one compiles to a machine of its own.
const PATTERNS: usize = 100;
/// Bytes of a pattern, at most.
const PATTERN: usize = 1000;
/// Begins the one kind of reference there is.
const REFERENCE: &str = "#/$defs/";

/// What a schema will cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) parts: usize,
    pub(super) patterns: usize,
}

/// Walks the schemas of one definition; `defs` is what its references lead to.
pub(super) struct Bounds<'a> {
    defs: Option<&'a Map<String, Value>>,
    cost: Cost,
}

impl<'a> Bounds<'a> {
    /// For schemas that refer to the `$defs` of `root`.
    pub(super) fn new(root: Option<&'a Value>) -> Self {
        let defs = root.and_then(|root| root.get("$defs")).and_then(Value::as_object);
        Self { defs, cost: Cost::default() }
    }

    pub(super) const fn cost(&self) -> Cost {
        self.cost
    }

    /// A schema at `pointer`.
    pub(super) fn schema(
        &mut self,
        schema: &'a Value,
        at: &mut String,
        depth: usize,
    ) -> Result<()> {
        self.cost.parts += 1;
        if self.cost.parts > PARTS {
            return Err(Error::invalid(
                at.as_str(),
                "too_complex",
                "makes more than 1000 schemas, every `$ref` counted as what it leads to.",
            ));
        }
        if depth > DEPTH {
            return Err(Error::invalid(
                at.as_str(),
                "too_deep",
                "must not be nested more than 16 times, every `$ref` counted as what it leads to; \
                 a schema cannot contain itself.",
            ));
        }
        match schema {
            Value::Bool(_) => Ok(()),
            Value::Object(words) => words.iter().try_for_each(|(word, value)| {
                within(at, word, |at| self.word(word, value, at, depth))
            }),
            _ => Err(Error::invalid(
                at.as_str(),
                "wrong_type",
                "must be a JSON Schema: an object, true or false.",
            )),
        }
    }

    /// A schema for each member of an object.
    pub(super) fn named(
        &mut self,
        schemas: &'a Value,
        at: &mut String,
        depth: usize,
    ) -> Result<()> {
        let Some(map) = schemas.as_object() else {
            let message = "must be an object of JSON Schemas by name.";
            return Err(Error::invalid(at.as_str(), "wrong_type", message));
        };
        map.iter()
            .try_for_each(|(name, schema)| within(at, name, |at| self.schema(schema, at, depth)))
    }

    fn word(&mut self, word: &str, value: &'a Value, at: &mut String, depth: usize) -> Result<()> {
        match word {
            "properties" | "dependentSchemas" | "$defs" => self.named(value, at, depth + 1),
            "patternProperties" => {
                let names = value.as_object().into_iter().flat_map(Map::keys);
                names.into_iter().try_for_each(|name| self.pattern(name, at))?;
                self.named(value, at, depth + 1)
            }
            "items"
            | "contains"
            | "additionalProperties"
            | "propertyNames"
            | "not"
            | "if"
            | "then"
            | "else"
            | "unevaluatedItems"
            | "unevaluatedProperties" => self.schema(value, at, depth + 1),
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                let list = value.as_array().into_iter().flatten().enumerate();
                list.into_iter().try_for_each(|(index, schema)| {
                    within(at, &index.to_string(), |at| self.schema(schema, at, depth + 1))
                })
            }
            "pattern" => self.pattern(value.as_str().unwrap_or_default(), at),
            "$ref" => {
                let found = self.referred(value).ok_or_else(|| {
                    let message = "must be `#/$defs/NAME`, of a schema in this definition's \
                                   `schema`; nothing is fetched from elsewhere.";
                    Error::invalid(at.as_str(), "unsupported_reference", message)
                })?;
                self.schema(found, at, depth + 1)
            }
            "$schema" if value == "https://json-schema.org/draft/2020-12/schema" => Ok(()),
            "$schema" => Err(Error::invalid(
                at.as_str(),
                "unknown_value",
                "must be https://json-schema.org/draft/2020-12/schema.",
            )),
            // What these hold is data; whether it is the right data, the meta-schema says.
            "type" | "enum" | "const" | "default" | "examples" | "title" | "description"
            | "$comment" | "deprecated" | "readOnly" | "writeOnly" | "format" | "required"
            | "dependentRequired" | "minimum" | "maximum" | "exclusiveMinimum"
            | "exclusiveMaximum" | "multipleOf" | "minLength" | "maxLength" | "minItems"
            | "maxItems" | "uniqueItems" | "minContains" | "maxContains" | "minProperties"
            | "maxProperties" | "contentEncoding" | "contentMediaType" => Ok(()),
            _ => Err(Error::invalid(
                at.as_str(),
                "unsupported_schema",
                "is not a word of JSON Schema 2020-12 that is understood here.",
            )),
        }
    }

    fn referred(&self, reference: &Value) -> Option<&'a Value> {
        let name = reference.as_str()?.strip_prefix(REFERENCE)?;
        self.defs?.get(&name.replace("~1", "/").replace("~0", "~"))
    }

    fn pattern(&mut self, pattern: &str, at: &str) -> Result<()> {
        self.cost.patterns += 1;
        let refuse = |message| Err(Error::invalid(at, "too_long", message));
        if pattern.len() > PATTERN {
            return refuse("a pattern must have at most 1000 bytes.");
        }
        if self.cost.patterns > PATTERNS {
            return refuse("there must be at most 100 patterns.");
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "bounds_tests.rs"]
mod tests;
