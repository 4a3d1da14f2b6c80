use super::*;

fn event() -> Event {
    Event {
        actor_id: None,
        blind: String::new(),
        group_id: Uuid::from_u128(1),
        id: Uuid::from_u128(2),
        impersonator_id: None,
        metadata: r#"{"name": "\u00e9", "n": 1.0}"#.to_owned(),
        occurred_at: 1_800_000_000_000_000,
        other_thing_id: None,
        owner_id: Some(Uuid::from_u128(3)),
        request_id: Some("a\u{1}\u{2028}é\"\\\n".to_owned()),
        seq: 7,
        target_id: None,
        target_kind: None,
        thing_id: None,
        kind: "thing_created".to_owned(),
        v: 1,
        visibility: "group".to_owned(),
    }
    .blinded(&[0xab; 2])
}

/// A change of this text is another version of the form, and `docs/audit.md` has it.
#[test]
fn the_canonical_form_is_this_one() {
    let expected = concat!(
        r#"{"actorId":null,"blind":"abab","groupId":"00000000-0000-0000-0000-000000000001","#,
        r#""id":"00000000-0000-0000-0000-000000000002","impersonatorId":null,"#,
        r#""metadata":"{\"name\": \"\\u00e9\", \"n\": 1.0}","occurredAt":1800000000000000,"#,
        r#""otherThingId":null,"ownerId":"00000000-0000-0000-0000-000000000003","#,
        "\"requestId\":\"a\\u0001\u{2028}é\\\"\\\\\\n\",",
        r#""seq":7,"targetId":null,"targetKind":null,"thingId":null,"type":"thing_created","v":1,"#,
        r#""visibility":"group"}"#
    );
    let text = event().text().unwrap();
    assert_eq!(text, expected);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert!(names.is_sorted(), "{names:?}");
    let read: Event = serde_json::from_str(&text).unwrap();
    assert_eq!(read.text().unwrap(), text);
    assert_eq!(read.leaf().unwrap(), leaf(expected.as_bytes()));
}
