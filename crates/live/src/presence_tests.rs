use std::time::Duration;

use types::{PersonId, ThingId, Time};
use uuid::Uuid;

use super::*;

fn ids() -> (ThingId, PersonId, PersonId, Uuid) {
    let id = Uuid::from_u128;
    (ThingId(id(1)), PersonId(id(2)), PersonId(id(3)), id(4))
}

/// Another node, and its first roll call.
fn first(node: Uuid) -> Source {
    Source { node, call: 1 }
}

#[test]
fn people_are_counted_not_connections() {
    let (room, alice, bob, _) = ids();
    let (presence, now) = (Presence::default(), Time::from_micros(10));
    assert_eq!(presence.enter(room, alice, now), Change::Room);
    assert_eq!(presence.enter(room, alice, now), Change::Nothing);
    assert_eq!(presence.enter(room, bob, now), Change::Room);
    assert_eq!(presence.members(room).len(), 2);
    assert_eq!(presence.exit(room, alice), Change::Nothing);
    assert_eq!(presence.exit(room, alice), Change::Room);
    assert_eq!(presence.exit(room, alice), Change::Nothing);
    assert_eq!(presence.members(room).len(), 1);
}

#[test]
fn who_types_is_told_of_once_a_second_and_that_they_stopped_always() {
    let (room, alice, bob, _) = ids();
    let (presence, start) = (Presence::default(), Time::from_micros(10));
    presence.enter(room, alice, start);
    let told = |person, on, millis| {
        presence.types(room, person, on, start.after(Duration::from_millis(millis)))
    };
    assert!(told(alice, true, 0));
    assert!(!told(alice, true, 10) && !told(alice, true, 999));
    assert!(told(alice, true, 1_000));
    assert!(told(alice, false, 1_001), "that somebody stopped is not lost");
    assert!(!told(alice, false, 1_002) && !told(alice, true, 1_003));
    assert!(told(alice, true, 2_000) && told(alice, false, 2_001));
    // Once more does no harm, once a second.
    assert!(told(alice, false, 3_000) && !told(alice, false, 3_001));
    assert!(!told(bob, true, 5_000), "who is not there");
}

#[test]
fn somebody_on_another_node_is_still_there() {
    let (room, alice, _, node) = ids();
    let (presence, now) = (Presence::default(), Time::from_micros(10));
    let member = Member { person_id: alice, since: now };
    presence.node(node, now);
    assert!(presence.entered_on(first(node), room, &member));
    // Nobody in the room has to hear of it, but other nodes do: they would go on believing it.
    assert_eq!(presence.enter(room, alice, now), Change::Node);
    assert_eq!(presence.enter(room, alice, now), Change::Nothing);
    assert_eq!(presence.exit(room, alice), Change::Nothing);
    assert_eq!(presence.exit(room, alice), Change::Node);
    assert_eq!(presence.members(room), [member]);
    assert!(presence.exited_on(node, room, alice));
    assert!(presence.members(room).is_empty());
}

#[test]
fn a_node_that_died_takes_its_people_along() {
    let (room, alice, bob, node) = ids();
    let (presence, now) = (Presence::default(), Time::from_micros(1_000_000_000));
    presence.node(node, now);
    presence.on_node(first(node), bob, true);
    presence.entered_on(first(node), room, &Member { person_id: alice, since: now });
    assert!(presence.forget_quiet(now.after(Duration::from_secs(60))).is_empty());
    assert!(presence.is_on_another_node(bob));
    assert_eq!(presence.forget_quiet(now.after(Duration::from_secs(81))), [(room, alice)]);
    assert!(presence.members(room).is_empty() && !presence.is_on_another_node(bob));
}

/// A node on which there are two people, in a room, as it said in its first roll call.
fn told_of_two() -> (Presence, Source) {
    let (room, alice, bob, node) = ids();
    let presence = Presence::default();
    let source = first(node);
    for person in [alice, bob] {
        presence.on_node(source, person, true);
        let member = Member { person_id: person, since: Time::from_micros(10) };
        assert!(presence.entered_on(source, room, &member));
    }
    presence.called_part(source);
    assert!(presence.called(source, 1).is_empty());
    (presence, Source { call: 2, ..source })
}

/// That they left was lost on the way.
#[test]
fn who_is_not_named_in_a_roll_call_is_not_there() {
    let (room, alice, bob, _) = ids();
    let (presence, source) = told_of_two();
    let bobs = Member { person_id: bob, since: Time::from_micros(10) };
    presence.on_node(source, bob, true);
    presence.called_part(source);
    presence.entered_on(source, room, &bobs);
    presence.called_part(source);
    assert_eq!(presence.called(source, 2), [(room, alice)]);
    assert_eq!(presence.members(room), [bobs]);
    assert!(presence.is_on_another_node(bob) && !presence.is_on_another_node(alice));
    // The last of them takes the room along.
    let source = Source { call: 3, ..source };
    presence.called_part(source);
    assert_eq!(presence.called(source, 1), [(room, bob)]);
    assert!(presence.members(room).is_empty() && !presence.is_on_another_node(bob));
}

#[test]
fn a_roll_call_of_which_a_part_is_lost_ends_nothing() {
    let (room, ..) = ids();
    let (presence, source) = told_of_two();
    assert!(presence.called(source, 1).is_empty(), "nothing of it came");
    presence.called_part(source);
    assert!(presence.called(source, 2).is_empty());
    assert_eq!(presence.members(room).len(), 2);
    // What came of one is not counted for the next.
    let next = Source { call: 3, ..source };
    presence.called_part(next);
    assert!(presence.called(next, 2).is_empty());
    assert_eq!(presence.called(next, 1).len(), 2);
}

#[test]
fn who_comes_while_the_roll_is_called_is_there() {
    let (room, alice, bob, _) = ids();
    let (presence, source) = told_of_two();
    let member = |person_id| Member { person_id, since: Time::from_micros(20) };
    presence.called_part(source);
    // Too late to be named.
    presence.entered_on(source, room, &member(alice));
    presence.on_node(source, alice, true);
    // Named, and then what they said before it began is heard.
    presence.entered_on(source, room, &member(bob));
    presence.on_node(source, bob, true);
    let before = Source { call: 1, ..source };
    presence.entered_on(before, room, &member(bob));
    presence.on_node(before, bob, true);
    assert!(presence.called(source, 1).is_empty());
    assert_eq!(presence.members(room).len(), 2);
    assert!(presence.is_on_another_node(alice) && presence.is_on_another_node(bob));
}

/// Whoever left one node is still there if they are on another.
#[test]
fn who_is_not_named_by_one_node_may_be_on_another() {
    let (room, alice, bob, _) = ids();
    let (presence, source) = told_of_two();
    let other = first(Uuid::from_u128(5));
    let member = Member { person_id: alice, since: Time::from_micros(30) };
    assert!(!presence.entered_on(other, room, &member));
    presence.called_part(source);
    assert_eq!(presence.called(source, 1), [(room, bob)]);
    assert_eq!(presence.members(room), [member]);
}
