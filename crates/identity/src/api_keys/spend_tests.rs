use std::time::Duration;

use types::{ApiKeyId, Time};
use uuid::Uuid;

use super::{IDLE, KEYS, Uses};

fn key(number: u128) -> ApiKeyId {
    ApiKeyId(Uuid::from_u128(number))
}

fn times(uses: &[super::Use]) -> i64 {
    uses.iter().map(|one| one.times).sum()
}

#[test]
fn what_could_not_be_noted_is_noted_later() {
    let (uses, now) = (Uses::default(), Time::from_micros(1_000_000_000_000));
    uses.add(key(1), now);
    uses.add(key(1), now);
    let taken = uses.take(key(1), now);
    assert_eq!(times(&taken), 2);
    uses.add(key(1), now);
    uses.put_back(&taken);
    assert_eq!(times(&uses.take(key(1), now)), 3);
    assert_eq!(times(&uses.take(key(1), now)), 0);
}

#[test]
fn idle_keys_make_room() {
    let (uses, now) = (Uses::default(), Time::from_micros(1_000_000_000_000));
    for number in 0..KEYS {
        uses.add(key(number as u128), now);
    }
    let new = key(u128::MAX);
    uses.add(new, now);
    assert_eq!(times(&uses.take(new, now)), 0, "there is no room, and nobody is idle");
    let later = now.after(IDLE + Duration::from_secs(1));
    assert_eq!(times(&uses.take(new, later)), 100);
    uses.add(new, later);
    assert_eq!(times(&uses.take(new, now)), 1);
}
