//! A type of things, ready to be used: a built-in one as shipped, a registered one with its schema
//! compiled. Compiling takes longer than storing a thing, so what was compiled is kept.

use std::sync::{Arc, LazyLock};

use jsonschema::{PatternOptions, Validator};
use kernel::ontology::ThingType;
use moka::sync::Cache;
use serde_json::{Value, json};
use types::{Error, Field, Json, JsonMap, Result};

use super::bounds::{Bounds, Cost};
use super::violation;

/// Bytes of all compiled types together, as far as they can be told.
const KEPT: u64 = 64 << 20;
/// Bytes of one compiled pattern.
const PATTERN: usize = 128 << 10;
/// Steps that checking one thing may take: parts of the schema times values of the thing.
const STEPS: usize = 5_000_000;

/// A type of things.
#[derive(Debug, Clone)]
pub enum Kind {
    /// As shipped.
    BuiltIn(&'static ThingType),
    /// As a group registered it.
    Registered(Arc<Compiled>),
}

impl Kind {
    /// What it says.
    #[must_use]
    pub fn definition(&self) -> &ThingType {
        match self {
            Self::BuiltIn(kind) => kind,
            Self::Registered(compiled) => &compiled.kind,
        }
    }

    /// The registered type with this definition.
    ///
    /// # Errors
    /// 422 when it cannot be compiled: not one that is stored.
    pub(super) fn registered(definition: &Json) -> Result<Self> {
        static COMPILED: LazyLock<Cache<String, Arc<Compiled>>> = LazyLock::new(|| {
            let size = |text: &String, one: &Arc<Compiled>| {
                let size = text.len() * 16 + one.cost.patterns * PATTERN;
                u32::try_from(size).unwrap_or(u32::MAX)
            };
            Cache::builder().weigher(size).max_capacity(KEPT).build()
        });
        if let Some(compiled) = COMPILED.get(definition.as_str()) {
            return Ok(Self::Registered(compiled));
        }
        let compiled = Arc::new(Compiled::new(serde_json::from_str(definition.as_str())?)?);
        COMPILED.insert(definition.as_str().to_owned(), Arc::clone(&compiled));
        Ok(Self::Registered(compiled))
    }
}

/// A registered type with its schema compiled.
#[derive(Debug)]
pub struct Compiled {
    kind: ThingType,
    validator: Validator,
    defaults: JsonMap,
    cost: Cost,
}

impl Compiled {
    /// Compiles a definition.
    ///
    /// # Errors
    /// 422 with a pointer into the definition.
    pub(super) fn new(kind: ThingType) -> Result<Self> {
        let cost = cost(&kind)?;
        let schema = whole(&kind)?;
        let patterns = PatternOptions::regex().size_limit(PATTERN).dfa_size_limit(PATTERN);
        let validator = jsonschema::draft202012::options()
            .offline()
            .should_validate_formats(true)
            .with_pattern_options(patterns)
            .build(&schema)
            .map_err(|error| refused(&kind, &error))?;
        let defaults: JsonMap = known(&schema)
            .filter_map(|(name, schema)| Some((name.clone(), schema.get("default")?.clone())))
            .collect();
        let compiled = Self { kind, validator, defaults, cost };
        compiled.check_defaults()?;
        Ok(compiled)
    }

    /// What it says.
    pub(super) const fn kind(&self) -> &ThingType {
        &self.kind
    }

    /// Gives absent properties the values their schemas name.
    pub(super) fn fill_in(&self, properties: &mut JsonMap) {
        for (name, value) in &self.defaults {
            properties.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }

    /// Checks all properties of a thing, those that are hidden among them.
    ///
    /// # Errors
    /// 422 with a pointer like `/properties/price` for each one that is wrong.
    pub(super) fn check(&self, properties: &Value) -> Result<()> {
        if self.cost.parts.saturating_mul(values(properties)) > STEPS {
            return Err(Error::invalid(
                "/properties",
                "too_complex",
                "hold too many values for a schema as large as this type's.",
            ));
        }
        let errors = self.validator.iter_errors(properties);
        let wrong: Vec<Field> =
            errors.take(violation::TOLD).flat_map(|error| violation::told(&error)).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Error::fields(wrong)) }
    }

    /// Refuses a default that its own schema refuses.
    fn check_defaults(&self) -> Result<()> {
        let defaults = Value::Object(self.defaults.clone());
        let wrong = self.validator.iter_errors(&defaults).find_map(|error| {
            let path = error.instance_path().as_str().to_owned();
            let name = path.split('/').nth(1)?;
            Some(Field {
                pointer: format!("/properties/{name}/default"),
                code: "invalid_value".into(),
                message: "is refused by the schema it stands in.".to_owned(),
            })
        });
        wrong.map_or(Ok(()), |field| Err(Error::fields(vec![field])))
    }
}

/// The schemas of the properties, in both forms, and what of a definition is wrong before it is
/// compiled.
fn cost(kind: &ThingType) -> Result<Cost> {
    let mut bounds = Bounds::new(kind.schema.as_ref());
    if let Some(schema) = &kind.schema {
        bounds.schema(schema, &mut String::from("/schema"), 1)?;
    }
    for (name, schema) in &kind.properties {
        let mut at = String::from("/properties");
        super::schema::within(&mut at, name, |at| bounds.schema(schema, at, 1))?;
    }
    Ok(bounds.cost())
}

/// One schema for everything a definition says: `properties` and `required` are short for the
/// members of `schema` that are called so.
pub(super) fn whole(kind: &ThingType) -> Result<Value> {
    let mut schema = match &kind.schema {
        None => JsonMap::new(),
        Some(Value::Object(schema)) => schema.clone(),
        Some(_) => return Err(Error::invalid("/schema", "wrong_type", "must be an object.")),
    };
    if schema.get("type").is_some_and(|kind| kind != "object") {
        return Err(Error::invalid("/schema/type", "unknown_value", "must be `object`."));
    }
    schema.insert("type".to_owned(), json!("object"));
    if let Value::Object(known) = schema.entry("properties").or_insert_with(|| json!({})) {
        for (name, one) in &kind.properties {
            if known.insert(name.clone(), one.clone()).is_some() {
                return Err(Error::invalid(
                    format!("/properties/{}", name.replace('~', "~0").replace('/', "~1")),
                    "duplicate",
                    "is described in `schema` too.",
                ));
            }
        }
    }
    if let Value::Array(required) = schema.entry("required").or_insert_with(|| json!([])) {
        for name in &kind.required {
            if !required.contains(&json!(name)) {
                required.push(json!(name));
            }
        }
    }
    Ok(Value::Object(schema))
}

/// The properties a schema describes.
pub(super) fn known(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// Why a definition cannot be compiled, with the place in it.
fn refused(kind: &ThingType, error: &jsonschema::ValidationError<'_>) -> Error {
    let path = error.instance_path().as_str();
    let name = path.strip_prefix("/properties/").and_then(|rest| rest.split('/').next());
    let short = name.is_some_and(|name| {
        kind.properties.contains_key(&name.replace("~1", "/").replace("~0", "~"))
    });
    let pointer = if short { path.to_owned() } else { format!("/schema{path}") };
    let message = format!("is not a JSON Schema that can be used: {}.", error.masked());
    Error::invalid(pointer, "invalid_schema", message)
}

/// How many values there are, in all depths.
fn values(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(values).sum(),
        Value::Object(map) => map.values().map(values).sum::<usize>(),
        _ => 0,
    }
}

#[cfg(test)]
#[path = "kind_tests.rs"]
mod tests;
