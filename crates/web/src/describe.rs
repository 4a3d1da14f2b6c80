//! What every operation's description has in common, and no single route should repeat.

use http::Method;
use serde_json::Map;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{
    Content, OpenApi, PathItem, Ref, RefOr, Required, ResponseBuilder, SecurityRequirement,
    ServerBuilder,
};

/// Where [`crate::Problem`] is described.
const PROBLEM: &str = "#/components/schemas/Problem";
const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";

/// Where the client expects what is wrong with a body before who may send it, and may send
/// parameters of its own.
pub(crate) const AUTH: &str = "/v1/auth/";

/// The credential of whatever collects metrics, which is nobody.
const MACHINES: &str = "metricsToken";

/// What is sent to who takes none,
const NO_PARAMETERS: &str = "A parameter was sent, and there are none";
/// Requests with a key are counted by the plan of its group,
const NO_CALLS: &str = "The plan of the key's group includes no more calls this month";
/// and whoever sends them has a rate.
const TOO_FAST: &str = "Too many requests; `Retry-After` says how long to wait";

/// Completes the merged description of all rooms: paths are relative to this server, problems come
/// as `application/problem+json` (RFC 9457), `If-Match` is one entity tag (RFC 9110), a body that may be
/// left out is not required, whoever is known has a rate and a plan, and what has no parameters
/// refuses them, but for the paths that are `free` of that.
pub fn complete(whole: &mut OpenApi, free: &[&str]) {
    whole.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    for (path, item) in &mut whole.paths.paths {
        for operation in operations_of(item) {
            describe_if_match(operation);
            if is_bare(path, operation, free) {
                describe_refusal(operation, "422", NO_PARAMETERS);
            }
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                describe_optional(body);
            }
            let with = credentials(operation, whole.security.as_deref());
            if with.key {
                describe_refusal(operation, "402", NO_CALLS);
            }
            if with.any {
                describe_refusal(operation, "429", TOO_FAST);
            }
            for response in operation.responses.responses.values_mut() {
                let RefOr::T(response) = response else { continue };
                if response.content.get(JSON).is_some_and(is_problem)
                    && let Some(content) = response.content.shift_remove(JSON)
                {
                    response.content.insert(PROBLEM_JSON.to_owned(), content);
                }
            }
        }
    }
}

fn operations_of(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, post, put, patch, delete, head, .. } = item;
    [get, post, put, patch, delete, head].into_iter().flatten()
}

/// Every operation, by path and method.
pub fn operations(whole: &OpenApi) -> impl Iterator<Item = (&str, &'static str)> {
    whole.paths.paths.iter().flat_map(|(path, item)| {
        [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
            ("HEAD", &item.head),
        ]
        .into_iter()
        .filter(|(_, operation)| operation.is_some())
        .map(move |(method, _)| (path.as_str(), method))
    })
}

/// Every operation and what is said of it, by method and path.
fn each(whole: &OpenApi) -> impl Iterator<Item = (Method, &str, &Operation)> {
    whole.paths.paths.iter().flat_map(|(path, item)| {
        [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
            (Method::HEAD, &item.head),
        ]
        .into_iter()
        .filter_map(move |(method, operation)| Some((method, path.as_str(), operation.as_ref()?)))
    })
}

/// The operations that nobody calls without saying who they are, by method and path.
pub(crate) fn closed(whole: &OpenApi) -> impl Iterator<Item = (Method, &str)> {
    let common = whole.security.as_deref();
    each(whole)
        .filter(move |(_, _, operation)| !credentials(operation, common).none)
        .map(|(method, path, _)| (method, path))
}

/// The operations that refuse every parameter, by method and path.
pub(crate) fn bare<'a>(
    whole: &'a OpenApi,
    free: &'a [&'a str],
) -> impl Iterator<Item = (Method, &'a str)> {
    each(whole)
        .filter(move |(_, path, operation)| is_bare(path, operation, free))
        .map(|(method, path, _)| (method, path))
}

/// Whether an operation refuses every parameter: it has none, and need not let pass what others
/// append.
fn is_bare(path: &str, operation: &Operation, free: &[&str]) -> bool {
    let in_query = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => {
            matches!(parameter.parameter_in, ParameterIn::Query | ParameterIn::QueryString)
        }
        RefOr::Ref(_) => true,
    };
    let ours = path.starts_with("/v1/") && !path.starts_with(AUTH) && !free.contains(&path);
    ours && !operation.parameters.iter().flatten().any(in_query)
}

/// With what an operation may be called.
struct Credentials {
    /// With nothing.
    none: bool,
    /// With something that says who somebody is.
    any: bool,
    /// With an API key.
    key: bool,
}

/// What an operation says of itself counts, else what is said of all.
fn credentials(operation: &Operation, common: Option<&[SecurityRequirement]>) -> Credentials {
    let ways = operation.security.as_deref().or(common).unwrap_or_default();
    // A requirement tells its names to serializers only.
    let names = |way: &SecurityRequirement| serde_json::to_value(way).unwrap_or_default();
    let all: Vec<_> = ways.iter().map(names).collect();
    Credentials {
        none: all.is_empty() || all.iter().any(|one| one.as_object().is_none_or(Map::is_empty)),
        any: all.iter().any(|one| {
            one.as_object().is_some_and(|names| names.keys().any(|name| name != MACHINES))
        }),
        key: all.iter().any(|one| one.get("apiKey").is_some()),
    }
}

/// Says why an operation may be refused, unless it does itself.
fn describe_refusal(operation: &mut Operation, status: &str, why: &str) {
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
        let problem = Content::new(Some(Ref::new(PROBLEM)));
        RefOr::T(ResponseBuilder::new().description(why).content(JSON, problem).build())
    });
}

fn describe_if_match(operation: &mut Operation) {
    let parameters = operation.parameters.iter_mut().flatten();
    let Some(seen) = parameters.filter_map(of_header).find(|one| one.name == "if-match") else {
        return;
    };
    seen.schema = Some(RefOr::T(entity_tag().into()));
    describe_refusal(operation, "400", "`If-Match` is not one version");
}

/// What [`crate::OptionalBody`] reads is written `request_body = Option<…>`: it may be left out, but
/// is not `null`, which is what the macro makes of it.
fn describe_optional(body: &mut RequestBody) {
    if body.required.is_some() {
        return;
    }
    body.required = Some(Required::False);
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content
            && let Some(RefOr::T(Schema::OneOf(one))) = &mut content.schema
        {
            one.items.retain(|item| !is_null(item));
            if one.items.len() == 1 {
                content.schema = one.items.pop();
            }
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    let null = SchemaType::Type(Type::Null);
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == null)
}

fn of_header(parameter: &mut RefOr<Parameter>) -> Option<&mut Parameter> {
    match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    }
}

/// What [`crate::IfMatch`] reads.
fn entity_tag() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r#"^"[0-9]{1,18}"$"#))
        .examples([serde_json::json!("\"7\"")])
        .build()
}

fn is_problem(content: &RefOr<Content>) -> bool {
    let RefOr::T(content) = content else { return false };
    matches!(&content.schema, Some(RefOr::Ref(Ref { ref_location, .. })) if ref_location == PROBLEM)
}

#[cfg(test)]
#[path = "describe_tests.rs"]
mod tests;
