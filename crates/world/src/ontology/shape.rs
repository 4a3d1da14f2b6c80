//! The properties of a type as one schema that stands alone, for who generates code from it.

use kernel::ontology::ThingType;
use serde_json::{Map, Value, json};
use types::{JsonMap, Result};

use super::kind::whole;

/// Which properties are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Those that are answered.
    Read,
    /// Those that may be sent.
    Write,
}

/// One schema of the properties, with every `$ref` replaced by what it leads to: the bounds of a
/// definition say that this ends, and soon.
pub(super) fn of(kind: &ThingType, side: Side) -> Result<Value> {
    let mut schema = whole(kind)?;
    let defs = schema.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Value::Object(words) = &mut schema {
        words.remove("$defs");
        words.remove("$schema");
        if side == Side::Read {
            for word in ["properties", "required"] {
                match words.get_mut(word) {
                    Some(Value::Object(map)) => map.retain(|name, _| !kind.hidden.contains(name)),
                    Some(Value::Array(list)) => {
                        list.retain(|one| !kind.hidden.iter().any(|name| one == name));
                    }
                    _ => {}
                }
            }
        }
        if words.get("required").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            words.remove("required");
        }
    }
    Ok(inlined(&schema, &defs))
}

fn inlined(schema: &Value, defs: &JsonMap) -> Value {
    let Value::Object(words) = schema else { return schema.clone() };
    let mut rest: Map<String, Value> = words
        .iter()
        .filter(|(word, _)| *word != "$ref" && *word != "$defs")
        .map(|(word, value)| (word.clone(), inlined_word(word, value, defs)))
        .collect();
    let referred = words.get("$ref").and_then(Value::as_str).and_then(|reference| {
        let name = reference.strip_prefix("#/$defs/")?.replace("~1", "/").replace("~0", "~");
        Some(inlined(defs.get(&name)?, defs))
    });
    match referred {
        None => Value::Object(rest),
        Some(referred) if rest.is_empty() => referred,
        Some(referred) => {
            let mut all = vec![referred];
            match rest.remove("allOf") {
                Some(Value::Array(more)) => all.extend(more),
                Some(other) => all.push(other),
                None => {}
            }
            rest.insert("allOf".to_owned(), json!(all));
            Value::Object(rest)
        }
    }
}

fn inlined_word(word: &str, value: &Value, defs: &JsonMap) -> Value {
    match (word, value) {
        ("properties" | "patternProperties" | "dependentSchemas", Value::Object(map)) => {
            map.iter().map(|(name, one)| (name.clone(), inlined(one, defs))).collect()
        }
        ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(list)) => {
            list.iter().map(|one| inlined(one, defs)).collect()
        }
        (
            "items"
            | "contains"
            | "additionalProperties"
            | "propertyNames"
            | "not"
            | "if"
            | "then"
            | "else"
            | "unevaluatedItems"
            | "unevaluatedProperties",
            one,
        ) => inlined(one, defs),
        // What else there is holds data.
        _ => value.clone(),
    }
}
