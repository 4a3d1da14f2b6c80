use serde_json::json;

use super::*;

fn check(schema: &Value) -> Result<()> {
    Bounds::new(Some(schema)).schema(schema, &mut String::from("/schema"), 1)
}

#[track_caller]
fn refused(schema: &Value, code: &str) {
    let error = check(schema).expect_err("refused");
    assert_eq!(error.code(), code, "{error:?}");
}

#[test]
fn a_schema_that_never_ends_is_refused() {
    refused(
        &json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
        "too_deep",
    );
    refused(
        &json!({"$defs": {"tree": {"properties": {"left": {"$ref": "#/$defs/tree"}}}}}),
        "too_deep",
    );
    let mut deep = json!({});
    for _ in 0..17 {
        deep = json!({"items": deep});
    }
    refused(&deep, "too_deep");
}

#[test]
fn what_multiplies_at_each_reference_is_refused() {
    let mut defs = Map::new();
    for level in 0..5 {
        let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
        defs.insert(format!("d{level}"), json!({"allOf": vec![next; 8]}));
    }
    defs.insert("d5".to_owned(), json!({"type": "string"}));
    refused(&json!({"$ref": "#/$defs/d0", "$defs": defs}), "too_complex");
}

#[test]
fn nothing_is_fetched_from_elsewhere() {
    for reference in
        ["https://example.org/s.json", "file:///etc/passwd", "#/properties/a", "#a", "#", "other"]
    {
        refused(&json!({"properties": {"a": {"$ref": reference}}}), "unsupported_reference");
    }
    refused(&json!({"$id": "https://example.org/s.json"}), "unsupported_schema");
    refused(&json!({"$dynamicRef": "#a"}), "unsupported_schema");
    refused(&json!({"$schema": "http://json-schema.org/draft-07/schema#"}), "unknown_value");
}

#[test]
fn large_patterns_and_many_schemas_are_refused() {
    refused(&json!({"pattern": "a".repeat(1001)}), "too_long");
    refused(&json!({"patternProperties": {"a".repeat(1001): true}}), "too_long");
    refused(&json!({"allOf": vec![json!({"pattern": "a"}); 101]}), "too_long");
    refused(&json!({"anyOf": vec![json!(true); 1000]}), "too_complex");
    refused(&json!({"typo": "string"}), "unsupported_schema");
}

#[test]
fn words_that_are_names_or_data_are_left_alone() {
    let fits = json!({
        "properties": {"$ref": {"type": "string"}, "pattern": {"const": {"$ref": "https://x"}}},
        "$defs": {"a/b": {"enum": [{"typo": 1}]}},
        "default": {"nothing": ["$ref"]},
        "not": {"$ref": "#/$defs/a~1b"}
    });
    check(&fits).expect("fits");
}
