use serde_json::json;

use super::*;

fn course() -> BTreeMap<String, Value> {
    serde_json::from_value(json!({
        "price": {"type": "number"},
        "lessons": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "level": {"enum": ["beginner", "expert"]},
        "media/main": {"type": "object", "properties": {"width": {"type": "integer"}}},
        "settings": {}
    }))
    .expect("schemas")
}

fn pointers(values: Value) -> Vec<String> {
    let Value::Object(values) = values else { return Vec::new() };
    match check(&course(), &values) {
        Ok(()) => Vec::new(),
        Err(error) => error.field_errors().iter().map(|field| field.pointer.clone()).collect(),
    }
}

#[test]
fn what_fits_is_kept_whatever_is_not_known() {
    let fits = json!({
        "price": 9.5, "lessons": 5.0, "tags": ["a"], "level": "expert", "settings": [1],
        "media/main": {"width": 3, "height": "tall"}, "unknown": {"x": 1}
    });
    assert!(pointers(fits).is_empty());
    assert!(pointers(json!({"price": null, "tags": [null], "level": null})).is_empty());
}

#[test]
fn each_wrong_field_is_pointed_at() {
    let wrong = json!({
        "price": "9", "lessons": 5.5, "tags": ["a", 2], "level": "pro",
        "media/main": {"width": "3"}
    });
    let mut found = pointers(wrong);
    found.sort();
    assert_eq!(
        found,
        [
            "/properties/lessons",
            "/properties/level",
            "/properties/media~1main/width",
            "/properties/price",
            "/properties/tags/1",
        ]
    );
}

#[test]
fn every_shipped_schema_is_one_we_understand() {
    for kind in &kernel::ontology::built_in().thing_types {
        for schema in kind.properties.values() {
            check_schema(schema, &mut String::new(), 1)
                .unwrap_or_else(|error| panic!("{}: {error:?}", kind.name));
        }
    }
}

#[test]
fn a_schema_that_says_more_is_refused() {
    let refused = |schema: Value| check_schema(&schema, &mut String::new(), 1).is_err();
    assert!(refused(json!({"type": "string", "pattern": "^a"})));
    assert!(refused(json!({"type": ["string", "null"]})));
    assert!(refused(json!({"enum": []})));
    assert!(refused(json!([])));
    let mut deep = json!({});
    for _ in 0..9 {
        deep = json!({"items": deep});
    }
    assert!(refused(deep));
}
