//! What the description says of bodies and parameters, as much as is needed to break them.

use reqwest::Method;
use serde_json::Value;

use crate::edge::operations;

/// An operation of the description.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) about: Value,
}

impl Operation {
    pub(super) fn all(document: &Value) -> Vec<Self> {
        let about =
            |method: &Method, path: &str| &document["paths"][path][method.as_str().to_lowercase()];
        operations(document)
            .into_iter()
            .map(|(method, path)| Self { about: about(&method, &path).clone(), method, path })
            .collect()
    }

    /// Whether it answers in the words of better-auth's client.
    pub(super) fn is_auth(&self) -> bool {
        self.path.starts_with("/v1/auth/sign-")
    }

    /// The path with an id that is none of anything.
    pub(super) fn somewhere(&self) -> String {
        self.path.replace("{id}", "00000000-0000-7000-8000-000000000000")
    }

    /// The fields of its JSON body; none when it reads no body.
    pub(super) fn fields(&self, document: &Value) -> Option<Vec<(String, Value)>> {
        let body = &self.about["requestBody"]["content"]["application/json"]["schema"];
        let schema = resolved(document, body);
        let fields = schema["properties"].as_object()?;
        Some(fields.iter().map(|(name, about)| (name.clone(), about.clone())).collect())
    }

    /// The names of its query parameters.
    pub(super) fn parameters(&self) -> Vec<&str> {
        let all = self.about["parameters"].as_array().into_iter().flatten();
        all.filter(|one| one["in"] == "query").filter_map(|one| one["name"].as_str()).collect()
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(link) => document.pointer(link.trim_start_matches('#')).expect("it is there"),
        None => schema,
    }
}

/// A value that is none of a field's.
pub(super) fn misfit(about: &Value) -> Value {
    let reads = |name: &str| {
        about["type"] == name
            || about["type"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
    };
    if reads("string") || reads("object") || reads("array") {
        return 7.into();
    }
    if reads("integer") || reads("number") || reads("boolean") {
        return "7".into();
    }
    // A closed list of words, an id, or a shape of its own.
    serde_json::json!({ "unknownField": 1 })
}
