use super::*;
use proptest::prelude::*;

#[test]
fn the_examples_of_the_typeid_specification_hold() {
    // https://github.com/jetify-com/typeid/blob/main/spec/valid.yml
    for (text, uuid) in [
        ("00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
        ("00000000000000000000000001", "00000000-0000-0000-0000-000000000001"),
        ("0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"),
        ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ("0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
    ] {
        let uuid = Uuid::parse_str(uuid).expect("a UUID");
        assert_eq!(decode(text), Some(uuid));
        assert_eq!(encode(uuid), text.as_bytes());
    }
}

#[test]
fn what_is_not_an_id_is_refused() {
    for text in [
        "",
        "thing_",
        "_",
        "thing_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "thing_0123456789ABCDEFGHJKMNPQRS",
        "thing_0123456789abcdefghjkmnpqri",
        "person_00000000000000000000000001",
        "00000000000000000000000000000001",
        "thing-00000000000000000000000001",
        "{00000000-0000-0000-0000-00000000000}",
    ] {
        assert!(text.parse::<ThingId>().is_err(), "{text:?} must be refused");
    }
}

proptest! {
    #[test]
    fn every_id_survives_its_text(bits in any::<u128>()) {
        let id = ThingId(Uuid::from_u128(bits));
        prop_assert_eq!(id.to_string().parse::<ThingId>(), Ok(id));
        prop_assert_eq!(id.0.to_string().parse::<ThingId>(), Ok(id));
        prop_assert_eq!(AnyId::parse(&id.to_string(), Kind::Group), Ok(AnyId::from(id)));
    }

    #[test]
    fn ids_sort_like_their_text(a in any::<u128>(), b in any::<u128>()) {
        let (a, b) = (ThingId(Uuid::from_u128(a)), ThingId(Uuid::from_u128(b)));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,40}") {
        let _ = text.parse::<ThingId>();
        let _ = AnyId::parse(&text, Kind::Thing);
    }
}
