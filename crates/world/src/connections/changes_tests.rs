use serde_json::json;
use types::{AnyId, ConnectionId, GroupId, Kind};
use uuid::Uuid;

use super::*;

fn stored() -> Connection {
    let end = |number| AnyId { kind: Kind::Thing, uuid: Uuid::from_u128(number) };
    Connection {
        id: ConnectionId(Uuid::from_u128(1)),
        group_id: GroupId(Uuid::from_u128(2)),
        kind: "part_of".to_owned(),
        from_id: end(3),
        to_id: end(4),
        metadata: Json::of(&json!({"a": 1, "b": "x"})).expect("JSON"),
        strength: Some(0.5),
        valid_from: None,
        valid_to: None,
        created_at: Time::from_micros(1),
        updated_at: Time::from_micros(1),
        visibility: "group",
        owner: None,
        created_by: None,
    }
}

#[test]
fn what_is_absent_or_the_same_is_no_change() {
    let new = NewConnection { strength: Some(0.5), ..NewConnection::default() };
    assert!(apply(&stored(), &new, Time::from_micros(2)).expect("a change").1.is_empty());
    let metadata = json!({"b": "x", "a": 1}).as_object().cloned();
    let new = NewConnection { metadata, ..NewConnection::default() };
    assert!(apply(&stored(), &new, Time::from_micros(2)).expect("a change").1.is_empty());
}

#[test]
fn changes_name_each_field_with_both_values() {
    let new = NewConnection {
        metadata: json!({"a": 2, "c": null}).as_object().cloned(),
        valid_to: Some(Time::from_micros(0)),
        ..NewConnection::default()
    };
    let (after, changes) = apply(&stored(), &new, Time::from_micros(2)).expect("a change");
    assert_eq!(
        json!(changes),
        json!({
            "metadata.a": {"from": 1, "to": 2},
            "metadata.b": {"from": "x", "to": null},
            "validTo": {"from": null, "to": "1970-01-01T00:00:00.000Z"},
        })
    );
    assert_eq!((after.strength, after.updated_at.micros()), (Some(0.5), 2));
}

#[test]
fn large_values_are_not_repeated() {
    let metadata = json!({"a": "x".repeat(5000), "b": "x"}).as_object().cloned();
    let new = NewConnection { metadata, ..NewConnection::default() };
    let (_, changes) = apply(&stored(), &new, Time::from_micros(2)).expect("a change");
    assert_eq!(json!(changes), json!({"metadata.a": {"large": true}}));
}
