use serde_json::json;

use super::*;

fn change(value: serde_json::Value) -> PreferencesChange {
    serde_json::from_value(value).unwrap()
}

fn at(text: &str) -> Time {
    Time::from_micros(text.parse::<Timestamp>().unwrap().as_microsecond())
}

#[test]
fn what_is_not_chosen_is_the_default() {
    let nothing = Choices::default();
    let all = nothing.preferences();
    assert_eq!(all.channels.len(), NotificationKind::ALL.len());
    assert_eq!(all.digest, DIGEST);
    let some = nothing
        .changed(&change(json!({
            "channels": {"mention": {"email": false}, "message": {"inApp": false}},
            "digest": {"hour": 22},
        })))
        .unwrap();
    let mention = some.channels(NotificationKind::Mention);
    assert_eq!(mention, Channels { in_app: true, email: false, webhook: true });
    assert!(!some.channels(NotificationKind::Message).in_app);
    assert_eq!(some.preferences().digest, Digest { frequency: Frequency::Daily, hour: 22 });
    // Kept as it was chosen, read as it was kept.
    let kept = serde_json::to_string(&some).unwrap();
    assert_eq!(serde_json::from_str::<Choices>(&kept).unwrap(), some);
    // Null is the default again, of one, of a kind, and of all.
    let back = some.changed(&change(json!({"channels": {"mention": {"email": null}}}))).unwrap();
    assert!(back.channels(NotificationKind::Mention).email);
    let back = some.changed(&change(json!({"channels": {"message": null}}))).unwrap();
    assert!(back.channels(NotificationKind::Message).in_app);
    let back = some.changed(&change(json!({"channels": null, "digest": null}))).unwrap();
    assert_eq!(back.preferences(), nothing.preferences());
}

#[test]
fn what_cannot_be_chosen_is_refused_where_it_stands() {
    let refused = |value| {
        let error = Choices::default().changed(&change(value)).unwrap_err();
        let field = &error.field_errors()[0];
        (field.pointer.clone(), field.code.clone().into_owned())
    };
    let unknown = refused(json!({"channels": {"a/b": {"email": true}}}));
    assert_eq!(unknown, ("/channels/a~1b".to_owned(), "unknown_kind".to_owned()));
    let late = refused(json!({"digest": {"hour": 24}}));
    assert_eq!(late, ("/digest/hour".to_owned(), "out_of_range".to_owned()));
}

#[test]
fn letters_come_by_the_clock_of_whoever_gets_them() {
    let daily =
        |hour: u8| Choices::default().changed(&change(json!({"digest": {"hour": hour}}))).unwrap();
    let next = |hour, now: &str, zone| daily(hour).next_letter(at(now), zone);
    assert_eq!(next(8, "2026-01-31T07:59:59Z", None), Some(at("2026-01-31T08:00:00Z")));
    assert_eq!(next(8, "2026-01-31T08:00:00Z", None), Some(at("2026-02-01T08:00:00Z")));
    let lisbon = Some("Europe/Lisbon");
    assert_eq!(next(8, "2026-07-01T06:30:00Z", lisbon), Some(at("2026-07-01T07:00:00Z")));
    let kathmandu = Some("Asia/Kathmandu");
    assert_eq!(next(0, "2026-07-01T18:00:00Z", kathmandu), Some(at("2026-07-01T18:15:00Z")));
    // Clocks in Berlin go from two to three: at half past two there is no two o'clock.
    let berlin = Some("Europe/Berlin");
    assert_eq!(next(2, "2026-03-29T00:30:00Z", berlin), Some(at("2026-03-29T01:00:00Z")));
    // Samoa had no 30 December 2011.
    let apia = Some("Pacific/Apia");
    assert!(next(8, "2011-12-29T20:00:00Z", apia).is_some());
    assert_eq!(next(8, "2026-01-31T07:00:00Z", Some("no zone")), Some(at("2026-01-31T08:00:00Z")));
}

#[test]
fn letters_come_as_often_as_was_chosen() {
    let every = |frequency: &str| {
        let change = change(json!({"digest": {"frequency": frequency}}));
        Choices::default().changed(&change).unwrap().next_letter(at("2026-01-31T07:30:00Z"), None)
    };
    assert_eq!(every("hourly"), Some(at("2026-01-31T08:00:00Z")));
    assert_eq!(every("instant"), Some(at("2026-01-31T07:30:00Z")));
    assert_eq!(every("off"), None);
    assert_eq!(
        Choices::default().without_letters().next_letter(at("2026-01-31T07:30:00Z"), None),
        None
    );
}
