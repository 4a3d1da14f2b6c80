use uuid::Uuid;

use super::*;

fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

/// A place for a webhook of a group of its own.
fn place(outbox: &Outbox, now: Instant, owner: u128, number: u128) -> Option<Place> {
    let id = Uuid::from_u128(owner * 1_000 + number);
    outbox.ask_at(now, (WebhookId(id), GroupId(id), person(owner)), false).ok()
}

/// As many places as there are for that many groups of one person, each with one webhook.
fn places(outbox: &Outbox, now: Instant, owner: u128, groups: u128) -> Vec<Place> {
    (0..groups).filter_map(|number| place(outbox, now, owner, number)).collect()
}

/// How many of them were told to end.
fn ended(places: &mut [Place]) -> usize {
    places.iter_mut().filter_map(|place| place.ended.try_recv().ok()).count()
}

#[test]
fn one_person_has_a_part_of_the_places_however_many_groups_are_theirs() {
    let (outbox, now) = (Outbox::default(), Instant::now());
    let held = places(&outbox, now, 1, 300);
    assert_eq!((held.len(), outbox.of(person(1))), (OF_OWNER, OF_OWNER));
    assert!(outbox.is_waited_for());
    assert_eq!(places(&outbox, now, 2, 3).len(), 3);
    drop(held);
    let taken = outbox.taken();
    assert!(taken.each.is_empty() && taken.held.is_empty());
}

#[test]
fn a_group_and_a_webhook_have_a_part_of_their_owners_places() {
    let outbox = Outbox::default();
    let (group, owner) = (GroupId(Uuid::from_u128(1)), person(1));
    let all = |number: u128, ordered: bool| -> Vec<Place> {
        let webhook = WebhookId(Uuid::from_u128(number));
        std::iter::from_fn(|| outbox.ask((webhook, group, owner), ordered).ok()).collect()
    };
    assert_eq!((all(1, false).len(), all(2, true).len()), (OF_WEBHOOK, 1));
    outbox.note(WebhookId(Uuid::from_u128(1)), true);
    assert_eq!(all(1, false).len(), 1);
    let held: Vec<Place> = (2..9).flat_map(|number| all(number, false)).collect();
    assert_eq!(held.len(), OF_GROUP);
}

#[test]
fn of_webhooks_that_are_gone_nothing_is_remembered() {
    let outbox = Outbox::default();
    let webhook = |number: u128| WebhookId(Uuid::from_u128(number));
    for number in 0..1_000 {
        outbox.note(webhook(number), true);
    }
    outbox.keep(&HashSet::from([webhook(1), webhook(2), webhook(5_000)]));
    assert_eq!(outbox.taken().failing, HashSet::from([webhook(1), webhook(2)]));
}

#[test]
fn while_others_wait_what_is_slow_has_half_of_the_places() {
    let (outbox, began) = (Outbox::default(), Instant::now());
    let mut all: Vec<Vec<Place>> = (1..=4).map(|owner| places(&outbox, began, owner, 64)).collect();
    for place in all.iter().flatten() {
        place.mark(Some(began));
    }
    assert_eq!(outbox.taken().held.len(), IN_ALL);
    // What is quick may go on, however many wait.
    assert!(places(&outbox, began, 5, 100).is_empty());
    assert_eq!(all.iter_mut().map(|places| ended(places)).sum::<usize>(), 0);
    let later = began + SLOW_AFTER;
    assert!(place(&outbox, later, 5, 0).is_none());
    assert_eq!(all.iter_mut().map(|places| ended(places)).sum::<usize>(), 1);
    // One for each that waits, until half of them are left, as many of each person.
    assert!(places(&outbox, later, 5, 300).is_empty());
    assert_eq!(all.iter_mut().map(|places| ended(places)).sum::<usize>(), IN_ALL - OF_SLOW - 1);
    let left = |places: &Vec<Place>| {
        let taken = outbox.taken();
        let here = |place: &&Place| taken.held[&place.number].end.is_some();
        places.iter().filter(here).count()
    };
    assert!(all.iter().all(|places| left(places) == OF_SLOW / 4));
    all.clear();
    assert!(place(&outbox, later, 5, 0).is_some());
}

#[test]
fn whoever_has_few_that_are_slow_keeps_them() {
    let (outbox, began) = (Outbox::default(), Instant::now());
    let later = began + SLOW_AFTER;
    let mut few = places(&outbox, began, 4, 64);
    for (number, place) in few.iter().enumerate() {
        place.mark(Some(if number < 4 { began } else { later }));
    }
    let mut many: Vec<Place> =
        (1..=3).flat_map(|owner| places(&outbox, began, owner, 64)).collect();
    for place in &many {
        place.mark(Some(began));
    }
    assert!(places(&outbox, later, 5, 300).is_empty());
    assert_eq!((ended(&mut few), ended(&mut many)), (0, 3 * 64 + 4 - OF_SLOW));
}

#[test]
fn what_is_not_under_way_yet_is_not_slow() {
    let (outbox, began) = (Outbox::default(), Instant::now());
    let mut all: Vec<Place> = (1..=4).flat_map(|owner| places(&outbox, began, owner, 64)).collect();
    assert!(places(&outbox, began + SLOW_AFTER, 5, 300).is_empty());
    assert_eq!((all.len(), ended(&mut all)), (IN_ALL, 0));
}

#[tokio::test]
async fn a_request_that_is_ended_comes_to_nothing() {
    let outbox = Outbox::default();
    let mut place = place(&outbox, Instant::now(), 1, 1).expect("a place");
    assert_eq!(place.carry(std::future::ready(7)).await, Some(7));
    assert!(outbox.taken().held.values().all(|held| held.since.is_none()));
    let end = outbox.taken().held.values_mut().find_map(|held| held.end.take());
    end.expect("it can be ended").send(()).expect("it is there");
    assert_eq!(place.carry(std::future::pending::<u8>()).await, None);
}
