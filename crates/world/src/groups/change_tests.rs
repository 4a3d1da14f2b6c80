use serde_json::{Value, json};

use super::*;
use types::{Json, JsonMap};

fn group() -> Group {
    use super::super::model::{GroupStatus, GroupVisibility, JoinPolicy};
    Group {
        id: types::GroupId(uuid::Uuid::nil()),
        parent_group_id: None,
        slug: "acme".to_owned(),
        name: "Acme".to_owned(),
        kind: "business".to_owned(),
        description: Some("Anvils".to_owned()),
        settings: GroupSettings {
            visibility: GroupVisibility::Private,
            join_policy: JoinPolicy::InviteOnly,
            plan: "pro".to_owned(),
            limits: Some([("users".to_owned(), 3), ("things".to_owned(), 9)].into()),
        },
        metadata: Json::of(&json!({"a": {"b": 1}, "c": 2})).expect("JSON"),
        status: GroupStatus::Active,
        version: 4,
        created_at: Time::from_micros(0),
        updated_at: Time::from_micros(0),
    }
}

fn patched(patch: Value) -> (Group, Value) {
    let change: GroupChange = serde_json::from_value(patch).expect("a patch");
    let (after, changes) = apply(&group(), &change, Time::from_micros(1)).expect("applied");
    (after, json!(changes))
}

#[test]
fn what_is_absent_stays_and_null_removes() {
    let (after, changes) = patched(json!({"description": null, "name": "Acme"}));
    assert_eq!(after.description, None);
    assert_eq!(changes, json!({"description": {"from": "Anvils", "to": null}}));
    assert_eq!((after.version, after.name.as_str()), (5, "Acme"));
    assert!(patched(json!({})).1.as_object().is_some_and(JsonMap::is_empty));
}

#[test]
fn settings_and_metadata_are_merged() {
    let (after, changes) = patched(json!({
        "settings": {"visibility": "public", "limits": {"users": null, "connections": 7}},
        "metadata": {"a": {"b": null, "d": 3}, "c": 2}
    }));
    let limits = after.settings.limits.expect("limits");
    assert_eq!(limits, [("connections".to_owned(), 7), ("things".to_owned(), 9)].into());
    assert_eq!(after.settings.plan, "pro");
    assert_eq!(Value::Object(after.metadata.to_map()), json!({"a": {"d": 3}, "c": 2}));
    let mut fields: Vec<&String> = changes.as_object().expect("an object").keys().collect();
    fields.sort();
    assert_eq!(fields, ["metadata.a", "settings.limits", "settings.visibility"]);
    assert!(patched(json!({"settings": {"limits": null}})).0.settings.limits.is_none());
}

#[test]
fn large_values_are_not_repeated() {
    let (_, changes) = patched(json!({"metadata": {"text": "x".repeat(5000)}}));
    assert_eq!(changes, json!({"metadata.text": {"large": true}}));
}
