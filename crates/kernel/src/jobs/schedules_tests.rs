use super::*;

fn at(seconds: i64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

#[test]
fn ticks_are_in_utc_and_after_the_moment() {
    // 1 January 1970 was a Thursday.
    let day = 86_400;
    for (expression, after, next) in [
        ("* * * * *", 0, 60),
        ("* * * * *", 59, 60),
        ("*/15 * * * *", 60, 900),
        ("23 * * * *", 0, 23 * 60),
        ("0 3 * * *", 3 * 3600, day + 3 * 3600),
        ("0 0 * * MON", 0, 4 * day),
        ("0 0 1 * *", 0, 31 * day),
    ] {
        let schedule = Schedule::new("test", expression, "test").expect("an expression");
        assert_eq!(schedule.after(at(after)), Some(at(next)), "{expression} after {after}");
    }
}

#[test]
fn a_pause_is_kept_whatever_the_clock_says() {
    let schedule = Schedule::after_each("test", Duration::from_secs(90), "test");
    assert_eq!((schedule.after(at(7)), &*schedule.expression), (Some(at(97)), "every 90 s"));
    let busy = Schedule::after_each("test", Duration::ZERO, "test");
    assert_eq!(busy.after(at(7)), Some(at(8)));
}

#[test]
fn what_never_ticks_and_what_is_none_is_told() {
    for wrong in ["", "nonsense", "60 * * * *", "* * * *", "0 25 * * *"] {
        assert!(Schedule::new("test", wrong, "test").is_err(), "{wrong}");
    }
    let never = Schedule::new("test", "0 0 30 2 *", "test");
    assert!(never.is_err() || never.is_ok_and(|one| one.after(at(0)).is_none()));
}
