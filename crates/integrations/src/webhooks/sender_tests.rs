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
