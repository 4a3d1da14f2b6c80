//! What every operation's description has in common, and no single route should repeat.

use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder, ServerBuilder};

/// Where [`crate::Problem`] is described.
const PROBLEM: &str = "#/components/schemas/Problem";
const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";

/// Completes the merged description of all rooms: paths are relative to this server, problems come
/// as `application/problem+json` (RFC 9457), and `If-Match` is one entity tag (RFC 9110).
pub fn complete(whole: &mut OpenApi) {
    whole.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    for item in whole.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
            &mut item.head,
        ];
        for operation in operations.into_iter().flatten() {
            describe_if_match(operation);
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

fn describe_if_match(operation: &mut Operation) {
    let parameters = operation.parameters.iter_mut().flatten();
    let Some(seen) = parameters.filter_map(of_header).find(|one| one.name == "if-match") else {
        return;
    };
    seen.schema = Some(RefOr::T(entity_tag().into()));
    operation.responses.responses.entry("400".to_owned()).or_insert_with(|| {
        let problem = Content::new(Some(Ref::new(PROBLEM)));
        let malformed = ResponseBuilder::new().description("`If-Match` is not one version");
        RefOr::T(malformed.content(JSON, problem).build())
    });
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
