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
    assert!(presence.enter(room, alice, now));
    assert!(!presence.enter(room, alice, now));
    assert!(presence.enter(room, bob, now));
    assert_eq!(presence.members(room).len(), 2);
    assert!(!presence.exit(room, alice));
    assert!(presence.exit(room, alice));
    assert!(!presence.exit(room, alice));
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
    assert!(presence.entered_on(node, room, &member));
    assert!(!presence.enter(room, alice, now));
    assert!(!presence.exit(room, alice));
    assert_eq!(presence.members(room), [member]);
    assert!(presence.exited_on(node, room, alice));
    assert!(presence.members(room).is_empty());
}

#[test]
fn a_node_that_died_takes_its_people_along() {
    let (room, alice, bob, node) = ids();
    let (presence, now) = (Presence::default(), Time::from_micros(1_000_000_000));
    presence.node(node, now);
    presence.on_node(node, bob, true);
    presence.entered_on(node, room, &Member { person_id: alice, since: now });
    assert!(presence.forget_quiet(now.after(Duration::from_secs(60))).is_empty());
    assert!(presence.is_on_another_node(bob));
    assert_eq!(presence.forget_quiet(now.after(Duration::from_secs(81))), [(room, alice)]);
    assert!(presence.members(room).is_empty() && !presence.is_on_another_node(bob));
}
