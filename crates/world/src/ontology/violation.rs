//! What a broken rule of a schema is told as. The words name the rule and never the value: it may
//! be one that is not to be read.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Broken};
use serde_json::Value;
use types::Field;

/// Wrong fields told at once; more would only be noise.
pub(super) const TOLD: usize = 32;
/// Words of a list that a message repeats.
const REPEATED: usize = 20;

/// The fields one broken rule is about.
pub(super) fn told(error: &ValidationError<'_>) -> Vec<Field> {
    let here = format!("/properties{}", error.instance_path().as_str());
    let below = |name: &str| format!("{here}/{}", name.replace('~', "~0").replace('/', "~1"));
    let one = |pointer: String, code: &'static str, message: String| {
        vec![Field { pointer, code: code.into(), message }]
    };
    match error.kind() {
        Broken::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            one(below(name), "missing_field", "must be there.".to_owned())
        }
        Broken::AdditionalProperties { unexpected }
        | Broken::UnevaluatedProperties { unexpected } => {
            let names = unexpected.iter().take(TOLD);
            names
                .flat_map(|name| one(below(name), "unknown_field", "is not known here.".to_owned()))
                .collect()
        }
        Broken::Type { kind } => one(here, "wrong_type", format!("must be {}.", expected(kind))),
        Broken::Enum { options } => {
            let names = options.as_array().into_iter().flatten().take(REPEATED).map(shown);
            let names: Vec<String> = names.collect();
            one(here, "unknown_value", format!("must be one of {}.", names.join(", ")))
        }
        Broken::PropertyNames { .. } => {
            one(here, "invalid_name", "has a property whose name is not allowed.".to_owned())
        }
        kind => {
            let code = match kind {
                Broken::Minimum { .. }
                | Broken::Maximum { .. }
                | Broken::ExclusiveMinimum { .. }
                | Broken::ExclusiveMaximum { .. }
                | Broken::MultipleOf { .. } => "out_of_range",
                Broken::MinLength { .. } | Broken::MinItems { .. } => "too_short",
                Broken::MaxLength { .. } | Broken::MaxItems { .. } => "too_long",
                Broken::Pattern { .. } | Broken::Format { .. } => "invalid_format",
                _ => "invalid_value",
            };
            one(here, code, format!("{}.", error.masked_with("it")))
        }
    }
}

fn expected(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => spoken(one.as_str()).to_owned(),
        TypeKind::Multiple(set) => {
            let names: Vec<&str> = set.iter().map(|one| spoken(one.as_str())).collect();
            names.join(" or ")
        }
    }
}

pub(super) fn spoken(name: &str) -> &'static str {
    match name {
        "string" => "a string",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "an array",
        "null" => "null",
        _ => "an object",
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
