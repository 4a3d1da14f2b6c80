use serde_json::json;

use super::*;

fn map(value: Value) -> JsonMap {
    serde_json::from_value(value).unwrap_or_default()
}

#[test]
fn a_logo_lives_in_the_metadata_of_its_group() {
    let stored = join(map(json!({ "plan": "pro" })), Some("https://a.example/l.png".to_owned()));
    let (logo, rest) = split(stored);
    assert_eq!(logo.as_deref(), Some("https://a.example/l.png"));
    assert_eq!(rest, Some(map(json!({ "plan": "pro" }))));
    assert_eq!(split(JsonMap::new()), (None, None));
    assert_eq!(split(map(json!({ "logo": 1 }))), (None, Some(map(json!({ "logo": 1 })))));
}

#[test]
fn replacing_metadata_is_a_merge_patch() {
    let from = map(json!({ "a": 1, "b": { "c": 1, "d": 2 }, "e": 3 }));
    let to = map(json!({ "b": { "c": 2 }, "e": { "f": 1 } }));
    let made = patch(&from, &to);
    assert_eq!(
        Value::Object(made),
        json!({ "a": null, "b": { "c": 2, "d": null }, "e": { "f": 1 } })
    );
}
