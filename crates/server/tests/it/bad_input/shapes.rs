//! What the description says of bodies and parameters, as much as is needed to break them.

use reqwest::Method;
use serde_json::Value;

use crate::edge::operations;

/// Doors below `/v1/auth` that speak as the rest of the house: those of the apps.
const OF_APPS: [&str; 9] = [
    "login",
    "logout",
    "refresh",
    "request-link",
    "session",
    "signin",
    "signout",
    "signup",
    "verify",
];

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
        self.path.strip_prefix("/v1/auth/").is_some_and(|call| !OF_APPS.contains(&call))
    }

    /// Whether it takes part in the apps' magic link, whose few failures have words of their own.
    pub(super) fn is_link(&self) -> bool {
        matches!(self.path.as_str(), "/v1/auth/request-link" | "/v1/auth/verify")
    }

    /// Whether it answers to a browser that came from elsewhere: by a page, or by leading on.
    pub(super) fn is_page(&self) -> bool {
        let responses = self.about["responses"].as_object();
        self.method == Method::GET && responses.is_some_and(|all| all.contains_key("302"))
    }

    /// The path with this in the place of its first id.
    pub(super) fn with_id(&self, id: &str) -> String {
        let path = self.path.replacen("{id}", "\u{1}", 1);
        let rest = Self { path, method: self.method.clone(), about: Value::Null };
        rest.somewhere().replacen("\u{1}", id, 1)
    }

    /// The path with an id that is none of anything.
    pub(super) fn somewhere(&self) -> String {
        let none = |step| match step {
            // What is no id has to be of its kind.
            "{dimension}" => "thing",
            "{name}" | "{username}" => "nobody",
            "{version}" => "1",
            step if is_parameter(step) => "00000000-0000-7000-8000-000000000000",
            step => step,
        };
        self.path.split('/').map(none).collect::<Vec<_>>().join("/")
    }

    /// The fields of its JSON body; none when it reads no body.
    pub(super) fn fields(&self, document: &Value) -> Option<Vec<(String, Value)>> {
        let body = &self.about["requestBody"]["content"]["application/json"]["schema"];
        let schema = resolved(document, body);
        if !schema.is_object() {
            return None;
        }
        // An object without fields of its own is one that has none.
        let fields = schema["properties"].as_object().into_iter().flatten();
        Some(fields.map(|(name, about)| (name.clone(), about.clone())).collect())
    }

    /// The names of its query parameters.
    pub(super) fn parameters(&self) -> Vec<&str> {
        let all = self.about["parameters"].as_array().into_iter().flatten();
        all.filter(|one| one["in"] == "query").filter_map(|one| one["name"].as_str()).collect()
    }
}

fn is_parameter(step: &str) -> bool {
    step.starts_with('{')
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
