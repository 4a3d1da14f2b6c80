use serde_json::json;
use utoipa::openapi::OpenApi;

use super::complete;

fn completed(body: &serde_json::Value) -> serde_json::Value {
    let mut whole: OpenApi = serde_json::from_value(json!({
        "openapi": "3.1.0", "info": {"title": "", "version": ""},
        "paths": {"/join": {"post": {"requestBody": body, "responses": {}}}},
    }))
    .unwrap();
    complete(&mut whole, &[]);
    serde_json::to_value(whole).unwrap()["paths"]["/join"]["post"]["requestBody"].take()
}

#[test]
fn a_body_that_may_be_left_out_is_not_required_and_not_null() {
    let reference = json!({"$ref": "#/components/schemas/Joining"});
    let optional = json!({"oneOf": [{"type": "null"}, reference]});
    let of =
        |schema: &serde_json::Value| json!({"content": {"application/json": {"schema": schema}}});
    let done = completed(&of(&optional));
    assert_eq!(done["required"], false);
    assert_eq!(done["content"]["application/json"]["schema"], reference);
}

#[test]
fn what_has_no_parameters_says_that_it_refuses_them() {
    let page = json!({"name": "limit", "in": "query", "required": false});
    let id = json!({"name": "id", "in": "path", "required": true});
    let mut whole: OpenApi = serde_json::from_value(json!({
        "openapi": "3.1.0", "info": {"title": "", "version": ""},
        "paths": {
            "/v1/things": {"get": {"parameters": [page], "responses": {}}},
            "/v1/things/{id}": {"get": {"parameters": [id], "responses": {}}},
            "/v1/health": {"get": {"responses": {}}},
            "/v1/auth/ok": {"get": {"responses": {}}},
            "/metrics": {"get": {"responses": {}}},
        },
    }))
    .unwrap();
    complete(&mut whole, &["/v1/health"]);
    let done = serde_json::to_value(whole).unwrap();
    let paths = done["paths"].as_object().unwrap().iter();
    let refuse = paths.filter(|(_, item)| item["get"]["responses"].get("422").is_some());
    assert_eq!(refuse.map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["/v1/things/{id}"]);
}

#[test]
fn a_body_that_is_required_stays_so() {
    let body = json!({"required": true,
        "content": {"application/json": {"schema": {"type": "object"}}}});
    assert_eq!(completed(&body), body);
}
