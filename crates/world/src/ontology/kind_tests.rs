use serde_json::json;

use super::*;

fn compiled(definition: Value) -> Result<Compiled> {
    Compiled::new(serde_json::from_value(definition).expect("a definition"))
}

fn wrong(compiled: &Compiled, properties: &Value) -> Vec<(String, String)> {
    match compiled.check(properties) {
        Ok(()) => Vec::new(),
        Err(error) => error
            .field_errors()
            .iter()
            .map(|field| (field.pointer.clone(), field.code.clone().into_owned()))
            .collect(),
    }
}

#[test]
fn both_forms_of_a_definition_count() {
    let kind = compiled(json!({
        "name": "n", "properties": {"size": {"type": "integer", "minimum": 0}}, "required": ["size"],
        "schema": {"properties": {"mail": {"type": "string", "format": "email"}},
            "additionalProperties": false, "required": ["mail"]}
    }))
    .expect("compiles");
    assert!(wrong(&kind, &json!({"size": 1, "mail": "a@b.example"})).is_empty());
    let mut found = wrong(&kind, &json!({"size": -1, "x/y": 1}));
    found.sort();
    let told = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        found,
        [
            told("/properties/mail", "missing_field"),
            told("/properties/size", "out_of_range"),
            told("/properties/x~1y", "unknown_field"),
        ]
    );
    assert_eq!(wrong(&kind, &json!({"size": "1", "mail": "x"})).len(), 2);
    let twice = json!({"name": "n", "properties": {"a": {}}, "schema": {"properties": {"a": {}}}});
    assert_eq!(compiled(twice).expect_err("twice").code(), "duplicate");
}

#[test]
fn a_value_is_never_repeated() {
    let kind = compiled(json!({
        "name": "n", "properties": {
            "a": {"type": "string", "pattern": "^x"}, "b": {"const": "x"}, "c": {"maxLength": 2},
            "d": {"not": {"type": "string"}}, "e": {"oneOf": [{"type": "null"}]},
            "f": {"propertyNames": {"maxLength": 2}}, "g": {"enum": ["x"]}, "h": {"format": "uuid"}
        }
    }))
    .expect("compiles");
    let value = "canary";
    let all = json!({"a": value, "b": value, "c": value, "d": value, "e": value,
        "f": {value: value}, "g": value, "h": value});
    let error = kind.check(&all).expect_err("all wrong");
    assert_eq!(error.field_errors().len(), 8, "{error:?}");
    for field in error.field_errors() {
        assert!(!field.message.contains(value), "{field:?}");
    }
}

#[test]
fn patterns_run_in_linear_time() {
    let kind = compiled(json!({"name": "n", "properties": {"a": {"pattern": "^(a+)+$"}}}));
    let long = format!("{}b", "a".repeat(100_000));
    assert_eq!(wrong(&kind.expect("compiles"), &json!({"a": long})).len(), 1);
    for pattern in ["(?=a)b", r"(a)\1", "(", "(a{1000}){1000}"] {
        let kind = compiled(json!({"name": "n", "properties": {"a": {"pattern": pattern}}}));
        let error = kind.expect_err(pattern);
        assert_eq!(error.code(), "invalid_schema", "{error:?}");
        assert!(error.field_errors()[0].pointer.starts_with("/properties/a"), "{error:?}");
    }
}

#[test]
fn a_definition_that_is_no_schema_is_pointed_at() {
    for (definition, pointer) in [
        (json!({"name": "n", "properties": {"a": {"type": "text"}}}), "/properties/a/type"),
        (json!({"name": "n", "schema": {"minProperties": -1}}), "/schema/minProperties"),
        (json!({"name": "n", "schema": {"type": "array"}}), "/schema/type"),
        (json!({"name": "n", "schema": []}), "/schema"),
        (json!({"name": "n", "properties": {"a": 1}}), "/properties/a"),
        (
            json!({"name": "n", "properties": {"a": {"type": "string", "default": 1}}}),
            "/properties/a/default",
        ),
    ] {
        let error = compiled(definition.clone()).expect_err("refused");
        assert_eq!(error.field_errors()[0].pointer, pointer, "{definition} {error:?}");
    }
}

#[test]
fn large_things_do_not_meet_large_schemas() {
    let parts = vec![json!({"type": "string"}); 900];
    let kind = compiled(json!({"name": "n", "properties": {"a": {"items": {"allOf": parts}}}}));
    let list = vec![json!("x"); 10_000];
    assert_eq!(wrong(&kind.expect("compiles"), &json!({"a": list}))[0].1, "too_complex");
}

#[test]
fn what_was_compiled_is_kept() {
    let text = Json::of(&json!({"name": "kept", "properties": {"a": {}}})).expect("json");
    let (Ok(Kind::Registered(one)), Ok(Kind::Registered(two))) =
        (Kind::registered(&text), Kind::registered(&text))
    else {
        panic!("compiles");
    };
    assert!(Arc::ptr_eq(&one, &two));
}
