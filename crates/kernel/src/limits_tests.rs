use super::*;

const NOW: Time = Time::from_micros(1_800_000_000_000_000);
const LIMIT: Limit = Limit::per_minutes(5, 15);

fn later(seconds: u64) -> Time {
    NOW.after(Duration::from_secs(seconds))
}

#[test]
fn of_many_at_once_exactly_as_many_pass_as_the_limit_says() {
    let limits = Limits::default();
    let passed: usize = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..25).filter(|_| limits.take("sign-in", &["a"], LIMIT, NOW).is_ok()).count()
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(passed, 5);
}

#[test]
fn a_window_slides_and_says_how_long_to_wait() {
    let limits = Limits::default();
    for minute in 0..5 {
        assert!(limits.take("x", &["a"], LIMIT, later(minute * 60)).is_ok());
    }
    let error = limits.take("x", &["a"], LIMIT, later(300)).err().unwrap();
    assert_eq!((error.code(), error.retry_after_s()), ("rate_limited", Some(600)));
    assert!(limits.take("x", &["a"], LIMIT, later(900)).is_ok(), "the first one is out");
    assert!(limits.take("x", &["a"], LIMIT, later(900)).is_err());
}

#[test]
fn what_is_given_back_does_not_count_and_keys_do_not_mix() {
    let limits = Limits::default();
    for _ in 0..50 {
        let place = limits.take("x", &["a"], LIMIT, NOW).unwrap();
        place.give_back();
    }
    for _ in 0..5 {
        assert!(limits.take("x", &["a"], LIMIT, NOW).is_ok());
    }
    assert!(limits.take("x", &["a"], LIMIT, NOW).is_err());
    // Where one part ends and the next begins is part of the key.
    for other in [&["a", ""][..], &["", "a"], &["b"], &[]] {
        assert!(limits.take("x", other, LIMIT, NOW).is_ok());
    }
    assert!(limits.take("y", &["a"], LIMIT, NOW).is_ok());
    limits.clear("x", &["a"]);
    assert!(limits.take("x", &["a"], LIMIT, NOW).is_ok());
}

#[tokio::test]
async fn who_waits_for_an_outcome_takes_the_place_that_is_given_back() {
    let limits = Limits::default();
    async fn turn(limits: &Limits) -> Result<Place> {
        limits.take_in_turn("x", &["a"], LIMIT, || NOW, Duration::from_secs(30)).await
    }
    let mut pending = Vec::new();
    for _ in 0..5 {
        pending.push(turn(&limits).await.unwrap());
    }
    // Fifty wait; of those who hold a place one was right, four were wrong.
    let others: Vec<_> = (0..50)
        .map(|_| {
            let limits = limits.clone();
            tokio::spawn(async move { turn(&limits).await.map(drop).is_ok() })
        })
        .collect();
    tokio::task::yield_now().await;
    pending.pop().unwrap().give_back();
    drop(pending);
    let mut passed = 0;
    for other in others {
        passed += u32::from(other.await.unwrap());
    }
    assert_eq!(passed, 1, "five in all, and not one more");
    assert!(turn(&limits).await.is_err());
}
