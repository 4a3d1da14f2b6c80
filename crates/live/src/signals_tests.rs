use super::*;

/// What PostgreSQL carries, as the store takes it.
const CARRIED: usize = 7_900;

fn people(count: u128) -> Vec<PersonId> {
    (0..count).map(|number| PersonId(Uuid::from_u128(u128::MAX - number))).collect()
}

fn places(count: u128) -> Vec<(ThingId, Member)> {
    let room = |number: u128| ThingId(Uuid::from_u128(u128::MAX - number));
    let since = Time::from_micros(1_234_567_890_123_000);
    let people = people(count).into_iter().zip(0..);
    people.map(|(person_id, number)| (room(number), Member { person_id, since })).collect()
}

#[test]
fn a_roll_call_names_everybody_in_signals_that_are_carried() {
    let (people, places) = (people(120), places(120));
    let parts = roll(u64::MAX, &people, &places);
    assert_eq!(parts.len(), 6);
    let (mut here, mut inside) = (Vec::new(), Vec::new());
    for signal in parts {
        let envelope = Envelope { node: Uuid::from_u128(u128::MAX), signal };
        let text = serde_json::to_string(&envelope).expect("JSON");
        assert!(text.len() <= CARRIED, "{} bytes", text.len());
        let heard: Envelope = serde_json::from_str(&text).expect("what was said");
        assert_eq!(heard.node, envelope.node);
        match heard.signal {
            Signal::Here { call: u64::MAX, people } => here.extend(people),
            Signal::Inside { call: u64::MAX, places } => inside.extend(places),
            other => panic!("{other:?} is no part of a roll call"),
        }
    }
    assert_eq!((here, inside), (people, places));
}

#[test]
fn a_node_where_nobody_is_says_so() {
    let parts = roll(1, &[], &[]);
    assert!(matches!(parts.as_slice(), [Signal::Here { call: 1, people }] if people.is_empty()));
}
