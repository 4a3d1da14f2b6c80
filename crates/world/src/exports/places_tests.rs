use uuid::Uuid;

use super::*;

fn person(number: u128) -> Option<PersonId> {
    Some(PersonId(Uuid::from_u128(number)))
}

fn refusal(places: &Places, number: u128) -> (ErrorKind, Option<u32>) {
    let error = places.take(person(number)).err().unwrap();
    (error.kind(), error.retry_after_s())
}

#[test]
fn there_are_so_many_places_and_each_person_has_one() {
    let places = Places::default();
    let (first, writing) = places.take(person(1)).unwrap();
    assert_eq!(refusal(&places, 1), (ErrorKind::TooFast, Some(LATER)));
    let second = places.take(person(2)).unwrap();
    assert_eq!(refusal(&places, 3), (ErrorKind::Overloaded, Some(LATER)));
    // Who only reads what was written is in nobody's way.
    drop(writing);
    let third = places.take(person(3)).unwrap();
    assert_eq!(refusal(&places, 1), (ErrorKind::TooFast, Some(LATER)));
    assert_eq!(refusal(&places, 4), (ErrorKind::Overloaded, Some(LATER)));
    drop((first, second, third));
    assert!(places.take(person(1)).is_ok());
}

#[test]
fn there_are_so_many_files() {
    let places = Places::default();
    let all: Vec<Place> = (0..READ).map(|at| places.take(person(at as u128)).unwrap().0).collect();
    assert_eq!(refusal(&places, 99), (ErrorKind::Overloaded, Some(LATER)));
    assert_eq!(places.take(None).err().unwrap().shortage(), Some(Shortage::Exports));
    drop(all);
    assert!(places.take(person(99)).is_ok());
}
