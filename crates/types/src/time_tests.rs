use super::*;
use proptest::prelude::*;

#[test]
fn well_known_moments_have_their_text() {
    assert_eq!(Time::from_micros(0).to_string(), "1970-01-01T00:00:00.000Z");
    assert_eq!(Time::from_micros(-1).to_string(), "1969-12-31T23:59:59.999Z");
    assert_eq!(Time::from_micros(951_782_400_000_000).to_string(), "2000-02-29T00:00:00.000Z");
    assert_eq!(Time::from_micros(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
}

#[test]
fn offsets_are_read_and_nonsense_is_refused() {
    let noon: Time = "2026-01-31T13:00:00+01:00".parse().expect("a time");
    assert_eq!(noon.to_string(), "2026-01-31T12:00:00.000Z");
    for text in ["", "2026-01-31", "2026-13-01T00:00:00Z", "yesterday", "1767225600"] {
        assert!(text.parse::<Time>().is_err(), "{text:?} must be refused");
    }
}

proptest! {
    #[test]
    fn text_keeps_the_millisecond(micros in MIN_MICROS..=MAX_MICROS) {
        let time = Time::from_micros(micros);
        let again: Time = time.to_string().parse().expect("its own text");
        prop_assert_eq!(again.millis(), time.millis());
    }
}
