use types::{GroupId, WebhookId};
use uuid::Uuid;

use super::*;

/// Webhooks that wait, by owner and since when; each has a group of its own.
fn heads(waiting: &[(u128, i64)]) -> Vec<Head> {
    let head = |(number, (owner, due)): (u128, &(u128, i64))| {
        let id = Uuid::from_u128(number);
        Head {
            webhook: WebhookId(id),
            group: GroupId(id),
            owner: PersonId(Uuid::from_u128(*owner)),
            ordered: false,
            due: Time::from_micros(*due),
        }
    };
    (1..).zip(waiting).map(head).collect()
}

fn due(outbox: &Outbox, heads: &[Head]) -> Vec<i64> {
    in_turn(outbox, heads.iter()).iter().map(|head| head.due.micros()).collect()
}

#[test]
fn people_take_turns_whoever_has_more_that_waits() {
    let outbox = Outbox::default();
    // Of the first one what has been due for longest, and the second one after it.
    let heads = heads(&[(1, 30), (1, 10), (2, 40), (1, 20), (2, 50)]);
    assert_eq!(due(&outbox, &heads), [10, 40, 20, 50, 30]);
}

#[test]
fn who_has_places_comes_after_who_has_none() {
    let outbox = Outbox::default();
    let heads = heads(&[(1, 10), (1, 20), (2, 30), (2, 40), (2, 50)]);
    let owner = heads[0].owner;
    let held: Vec<Place> = (100..100 + OF_WEBHOOK + 1)
        .filter_map(|number| {
            let id = Uuid::from_u128(number as u128);
            outbox.ask((WebhookId(id), GroupId(id), owner), false).ok()
        })
        .collect();
    assert_eq!(due(&outbox, &heads), [30, 40, 10, 50, 20]);
    drop(held);
    assert_eq!(due(&outbox, &heads), [10, 30, 20, 40, 50]);
}

#[test]
fn a_round_learns_whether_anybody_has_none_since_all_are_taken() {
    let outbox = Outbox::default();
    let waiting: Vec<(u128, i64)> =
        (1..=4).flat_map(|owner| [(owner, 10); ROUND / 4]).chain([(1, 20), (5, 30)]).collect();
    let all = heads(&waiting);
    let (first, own, other) = (&all[..ROUND], &all[ROUND..=ROUND], &all[ROUND + 1..]);
    let (mut held, mut later) = (Vec::new(), Vec::new());
    assert!(!places(&outbox, first[..ROUND / 4].iter(), &mut held));
    assert!(!places(&outbox, own.iter(), &mut later), "the part of one person is taken");
    assert!(!places(&outbox, first[ROUND / 4..].iter(), &mut held), "each has some");
    assert!(places(&outbox, other.iter(), &mut later), "those of four are all");
    assert!(!places(&outbox, other[..0].iter(), &mut later), "nobody asked");
    assert_eq!((held.len(), later.len()), (ROUND, 0));
    drop(held);
    assert!(!places(&outbox, other.iter(), &mut later));
    assert_eq!(later.len(), 1);
}

/// After a look that found nothing to do, with more behind it.
const NOTHING: Found = Found { last: at(2), some: false, full: false, enough: false };

const fn at(number: u128) -> Walk {
    Some(WebhookId(Uuid::from_u128(number)))
}

#[test]
fn a_round_goes_on_behind_what_it_looked_at_until_there_is_no_more() {
    assert_eq!(NOTHING.leads(None), (at(2), true));
    assert_eq!(Found { some: true, ..NOTHING }.leads(at(1)), (at(2), true));
    assert_eq!(Found { last: None, ..NOTHING }.leads(at(1)), (None, false));
    for ended in [Found { enough: true, ..NOTHING }, Found { full: true, ..NOTHING }] {
        assert_eq!(Found { some: true, ..ended }.leads(at(1)), (at(2), false), "{ended:?}");
    }
}

#[test]
fn who_found_no_place_is_looked_at_first_when_one_is_free() {
    for last in [None, at(2)] {
        let full = Found { last, full: true, ..NOTHING };
        for walk in [None, at(1)] {
            assert_eq!(full.leads(walk), (walk, false));
            assert!(!full.is_followed(walk, walk), "a place that becomes free tells it");
        }
    }
}

#[test]
fn a_walk_that_began_in_the_middle_begins_again_from_the_first() {
    let end = Found { last: None, ..NOTHING };
    assert!(end.is_followed(at(1), None));
    assert!(Found { some: true, ..end }.is_followed(at(1), None));
    assert!(!end.is_followed(None, None), "all were looked at");
    let full = Found { some: true, full: true, ..end };
    assert!(!full.is_followed(at(1), None), "a place that becomes free tells it");
    assert!(Found { some: true, enough: true, ..NOTHING }.is_followed(None, at(2)));
}
