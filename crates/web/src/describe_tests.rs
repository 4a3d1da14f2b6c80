use serde_json::json;
use utoipa::openapi::OpenApi;

use super::complete;

fn completed(body: &serde_json::Value) -> serde_json::Value {
    let mut whole: OpenApi = serde_json::from_value(json!({
        "openapi": "3.1.0", "info": {"title": "", "version": ""},
        "paths": {"/join": {"post": {"requestBody": body, "responses": {}}}},
    }))
    .unwrap();
    complete(&mut whole);
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
fn a_body_that_is_required_stays_so() {
    let body = json!({"required": true,
        "content": {"application/json": {"schema": {"type": "object"}}}});
    assert_eq!(completed(&body), body);
}
