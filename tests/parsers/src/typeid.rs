//! Ids and times: what is read is written the same way, and read the same again.

use types::{AnyId, Kind, ThingId, Time};

/// A text.
pub fn typeid(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let any = AnyId::parse(text, Kind::Thing);
    if let Ok(id) = &any {
        let written = id.to_string();
        assert_eq!(AnyId::parse(&written, Kind::Group).as_ref(), Ok(id), "{text:?}");
        if text.contains('_') {
            assert_eq!(written, text, "an id has one spelling");
        } else {
            assert_eq!(id.uuid.hyphenated().to_string(), text.to_ascii_lowercase());
        }
    }
    let thing = text.parse::<ThingId>().ok();
    let expected = any.ok().filter(|id| id.kind == Kind::Thing).map(|id| ThingId(id.uuid));
    assert_eq!(thing, expected, "{text:?}: an id of one kind is an id of any");

    if let Ok(time) = text.parse::<Time>() {
        let written = time.to_string();
        let again: Time = written.parse().expect("what is written can be read");
        assert_eq!(again.millis(), time.millis(), "{text:?} is written {written:?}");
        assert_eq!(again.to_string(), written);
    }
}
