use serde_json::json;

use super::*;

fn prepared(properties: Value, hidden: Option<Value>) -> Result<Prepared> {
    let definition = json!({
        "name": "account", "required": ["mail"], "unique": ["mail", "number"],
        "indexed": ["age", "mail", "open"], "hidden": ["pin"],
        "properties": {
            "mail": {"type": "string"}, "age": {"type": "integer", "default": 18},
            "open": {"type": "boolean"}, "pin": {"type": "string", "minLength": 4},
            "number": {"type": "number"}
        }
    });
    let kind = Kind::registered(&Json::of(&definition)?)?;
    let map = |value: Value| value.as_object().cloned().unwrap_or_default();
    kind.prepare(&map(properties), hidden.map(map).as_ref())
}

#[test]
fn properties_are_filled_in_and_sorted() {
    let done = prepared(json!({"mail": "a", "open": true, "pin": "1234", "x": null}), None);
    let done = done.expect("fits");
    assert_eq!(
        done.properties.to_map(),
        *json!({"mail": "a", "open": true, "age": 18}).as_object().expect("a map")
    );
    assert_eq!(
        done.hidden.map(|hidden| hidden.as_str().to_owned()),
        Some(r#"{"pin":"1234"}"#.into())
    );
    let named = |name: &str, value| (name.to_owned(), value);
    assert_eq!(
        done.values,
        [
            named("age", Indexed::Number(18.0)),
            named("mail", Indexed::Text("a".into())),
            named("open", Indexed::Number(1.0)),
        ]
    );
    assert_eq!(done.keys, [("mail".to_owned(), "a".to_owned())]);
}

#[test]
fn hidden_ones_stay_until_they_are_named() {
    let hidden = |properties: Value| {
        let done = prepared(properties, Some(json!({"pin": "1234"}))).expect("fits");
        done.hidden.map(|hidden| hidden.as_str().to_owned())
    };
    assert_eq!(hidden(json!({"mail": "a"})), Some(r#"{"pin":"1234"}"#.into()));
    assert_eq!(hidden(json!({"mail": "a", "pin": "5678"})), Some(r#"{"pin":"5678"}"#.into()));
    assert_eq!(hidden(json!({"mail": "a", "pin": null})), None);
}

#[test]
fn equal_numbers_are_one_key_and_close_ones_are_two() {
    let key = |number: Value| {
        prepared(json!({"mail": "a", "number": number}), None).expect("fits").keys[1].1.clone()
    };
    assert_eq!(key(json!(1)), key(json!(1.0)));
    assert_eq!(key(json!(0)), key(json!(-0.0)));
    assert_ne!(key(json!(9_007_199_254_740_993_i64)), key(json!(9_007_199_254_740_992_i64)));
}

#[test]
fn what_is_too_long_for_an_index_is_refused() {
    let fits = prepared(json!({"mail": "\u{1f980}".repeat(256)}), None);
    assert!(fits.is_ok());
    let error = prepared(json!({"mail": "a".repeat(257)}), None).expect_err("too long");
    assert_eq!(
        (error.code(), error.field_errors()[0].pointer.as_str()),
        ("too_long", "/properties/mail")
    );
    let error = prepared(json!({"mail": null}), None).expect_err("missing");
    assert_eq!(
        (error.code(), error.field_errors()[0].pointer.as_str()),
        ("missing_field", "/properties/mail")
    );
}
