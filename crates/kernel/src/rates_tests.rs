use std::time::Duration;

use types::{PersonId, Time};
use uuid::Uuid;

use super::{Rate, RateSettings, Rates};
use crate::Identity;

const NOW: Time = Time::from_micros(1_800_000_000_000_000);

fn person(number: u128) -> Identity {
    Identity { person: Some(PersonId(Uuid::from_u128(number))), ..Identity::default() }
}

#[test]
fn a_bucket_lets_through_a_window_at_once_and_then_evenly() {
    let rates = Rates::new(&RateSettings { person_per_minute: 60, ..RateSettings::default() });
    let first = rates.take(&person(1), NOW);
    let rate = Rate { name: "person", most: 60, window_s: 60, left: 59, reset_s: 1 };
    assert_eq!(first.rates[0], Some(rate));
    for _ in 1..60 {
        assert!(rates.take(&person(1), NOW).refused.is_none());
    }
    let refused = rates.take(&person(1), NOW);
    assert_eq!(refused.rates[0].map(|rate| (rate.left, rate.reset_s)), Some((0, 60)));
    let error = refused.refused.unwrap();
    assert_eq!((error.code(), error.retry_after_s()), ("rate_limited", Some(1)));
    let later = NOW.after(Duration::from_secs(1));
    assert!(rates.take(&person(1), later).refused.is_none(), "one a second");
    assert!(rates.take(&person(1), later).refused.is_some());
    assert!(rates.take(&person(2), NOW).refused.is_none(), "each has their own");
}

#[test]
fn of_many_at_once_exactly_as_many_pass() {
    let rates = Rates::new(&RateSettings { person_per_minute: 50, ..RateSettings::default() });
    let passes = || (0..25).filter(|_| rates.take(&person(1), NOW).refused.is_none()).count();
    let passed: usize = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(passes)).collect();
        all.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(passed, 50);
}

#[test]
fn what_is_asked_live_is_counted_for_itself() {
    let settings =
        RateSettings { person_per_minute: 1, live_per_minute: 2, ..RateSettings::default() };
    let rates = Rates::new(&settings);
    assert!(rates.take(&person(1), NOW).refused.is_none());
    assert!(rates.take_live(&person(1), NOW).is_ok() && rates.take_live(&person(1), NOW).is_ok());
    let error = rates.take_live(&person(1), NOW).unwrap_err();
    assert_eq!((error.code(), error.retry_after_s()), ("rate_limited", Some(30)));
    assert!(rates.take_live(&person(2), NOW).is_ok(), "each has their own");
    assert_eq!(rates.refused(), [("key", 0), ("person", 0), ("group", 0), ("live", 1)]);
}

#[test]
fn without_a_number_there_is_no_rate() {
    let rates = Rates::new(&RateSettings { person_per_minute: 0, ..RateSettings::default() });
    let verdict = rates.take(&person(1), NOW);
    assert!(verdict.refused.is_none() && verdict.rates == [None; 3]);
}
