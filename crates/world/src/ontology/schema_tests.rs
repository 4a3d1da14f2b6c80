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
    fn understood(schema: &Value) -> bool {
        schema.as_object().is_some_and(|words| {
            words.iter().all(|(word, value)| match word.as_str() {
                "type" => value
                    .as_str()
                    .is_some_and(|name| name == "object" || spoken(name) != "an object"),
                "items" => understood(value),
                "properties" => value.as_object().is_some_and(|map| map.values().all(understood)),
                word => matches!(word, "enum" | "title" | "description"),
            })
        })
    }
    for kind in &kernel::ontology::built_in().thing_types {
        assert!(kind.properties.values().all(understood), "{}", kind.name);
    }
}
