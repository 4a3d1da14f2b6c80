use std::time::Duration;

use types::{PersonId, ThingId, Time};
use uuid::Uuid;

use super::*;

fn ids() -> (ThingId, PersonId, PersonId, Uuid) {
    let id = Uuid::from_u128;
    (ThingId(id(1)), PersonId(id(2)), PersonId(id(3)), id(4))
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
    assert!(presence.entered_on(node, room, &member, None));
    // Nobody in the room has to hear of it, but other nodes do: they would go on believing it.
    assert_eq!(presence.enter(room, alice, now), Change::Node);
    assert_eq!(presence.enter(room, alice, now), Change::Nothing);
    assert_eq!(presence.exit(room, alice), Change::Nothing);
    assert_eq!(presence.exit(room, alice), Change::Node);
    assert_eq!(presence.members(room), [member]);
    assert!(presence.exited_on(node, room, alice));
    assert!(presence.members(room).is_empty());
}

/// A node that has just started hears of people who leave before it has heard that they were there.
#[test]
fn of_who_was_not_known_to_be_there_nobody_is_told_that_they_left() {
    let (room, alice, bob, node) = ids();
    let (presence, now) = (Presence::default(), Time::from_micros(10));
    assert!(!presence.exited_on(node, room, alice), "no such node");
    presence.node(node, now);
    assert!(!presence.exited_on(node, room, alice), "no such room");
    presence.entered_on(node, room, &Member { person_id: alice, since: now }, None);
    assert!(!presence.exited_on(node, room, bob));
    assert!(presence.exited_on(node, room, alice) && !presence.exited_on(node, room, alice));
}

#[test]
fn a_node_that_died_takes_its_people_along() {
    let (room, alice, bob, node) = ids();
    let (presence, now) = (Presence::default(), Time::from_micros(1_000_000_000));
    presence.node(node, now);
    presence.on_node(node, bob, None);
    presence.entered_on(node, room, &Member { person_id: alice, since: now }, None);
    assert!(presence.forget_quiet(now.after(Duration::from_secs(55))).is_empty());
    assert!(presence.is_on_another_node(bob));
    assert_eq!(presence.forget_quiet(now.after(Duration::from_secs(56))), [(room, alice)]);
    assert!(presence.members(room).is_empty() && !presence.is_on_another_node(bob));
}

#[test]
fn a_node_that_stops_takes_those_along_who_are_nowhere_else() {
    let (room, alice, bob, node) = ids();
    let (presence, now, other) = (Presence::default(), Time::from_micros(10), Uuid::from_u128(5));
    let member = |person_id| Member { person_id, since: now };
    for person in [alice, bob] {
        presence.on_node(node, person, None);
        presence.entered_on(node, room, &member(person), None);
    }
    presence.entered_on(other, room, &member(bob), None);
    assert_eq!(presence.forget(node), [(room, alice)]);
    assert_eq!(presence.members(room), [member(bob)]);
    assert!(!presence.is_on_another_node(alice) && presence.forget(node).is_empty());
}

/// A node on which there are two people, in a room, as it said in its first roll call.
fn told_of_two() -> (Presence, Call) {
    let (room, alice, bob, node) = ids();
    let presence = Presence::default();
    let first = Call { node, call: 1 };
    for person_id in [alice, bob] {
        let member = Member { person_id, since: Time::from_micros(10) };
        assert!(name(&presence, first, room, &member));
    }
    presence.called_part(first);
    assert!(presence.called(first, 1).is_empty());
    (presence, Call { call: 2, ..first })
}

/// Somebody is named in a roll call; whether they were not in the room before.
fn name(presence: &Presence, Call { node, call }: Call, room: ThingId, member: &Member) -> bool {
    presence.on_node(node, member.person_id, Some(call));
    presence.entered_on(node, room, member, Some(call))
}

/// That they left was lost on the way.
#[test]
fn who_is_not_named_in_a_roll_call_is_not_there() {
    let (room, alice, bob, _) = ids();
    let (presence, second) = told_of_two();
    let bobs = Member { person_id: bob, since: Time::from_micros(10) };
    assert!(!name(&presence, second, room, &bobs));
    presence.called_part(second);
    presence.called_part(second);
    assert_eq!(presence.called(second, 2), [(room, alice)]);
    assert_eq!(presence.members(room), [bobs]);
    assert!(presence.is_on_another_node(bob) && !presence.is_on_another_node(alice));
    // The last of them takes the room along.
    let third = Call { call: 3, ..second };
    presence.called_part(third);
    assert_eq!(presence.called(third, 1), [(room, bob)]);
    assert!(presence.members(room).is_empty() && !presence.is_on_another_node(bob));
}

#[test]
fn a_roll_call_of_which_a_part_is_lost_ends_nothing() {
    let (room, ..) = ids();
    let (presence, second) = told_of_two();
    assert!(presence.called(second, 1).is_empty(), "nothing of it came");
    presence.called_part(second);
    assert!(presence.called(second, 2).is_empty());
    assert_eq!(presence.members(room).len(), 2);
    // What came of one is not counted for the next.
    let next = Call { call: 3, ..second };
    presence.called_part(next);
    assert!(presence.called(next, 2).is_empty());
    assert_eq!(presence.called(next, 1).len(), 2);
}

/// Who comes says so before a roll call, which names them then, or after it.
#[test]
fn who_comes_between_two_roll_calls_is_there_until_one_does_not_name_them() {
    let (room, alice, bob, node) = ids();
    let presence = Presence::default();
    let member = |person_id| Member { person_id, since: Time::from_micros(20) };
    for person in [alice, bob] {
        presence.on_node(node, person, None);
        assert!(presence.entered_on(node, room, &member(person), None));
    }
    let first = Call { node, call: 1 };
    assert!(!name(&presence, first, room, &member(alice)));
    presence.called_part(first);
    assert_eq!(presence.called(first, 1), [(room, bob)], "that they left was lost");
    // And once more, after it.
    presence.on_node(node, bob, None);
    assert!(presence.entered_on(node, room, &member(bob), None));
    assert_eq!(presence.members(room).len(), 2);
    presence.off_node(node, alice);
    assert!(!presence.is_on_another_node(alice) && presence.is_on_another_node(bob));
}

/// Whoever left one node is still there if they are on another.
#[test]
fn who_is_not_named_by_one_node_may_be_on_another() {
    let (room, alice, bob, _) = ids();
    let (presence, second) = told_of_two();
    let other = Uuid::from_u128(5);
    let member = Member { person_id: alice, since: Time::from_micros(30) };
    assert!(!presence.entered_on(other, room, &member, None));
    presence.called_part(second);
    assert_eq!(presence.called(second, 1), [(room, bob)]);
    assert_eq!(presence.members(room), [member]);
}
