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

/// What it has instead of a next tick, at a moment, all of them in seconds.
fn instead(schedule: &Schedule, next: i64, last: Option<i64>, now: i64) -> Option<i64> {
    let (name, expression) = (schedule.name.to_owned(), schedule.expression.to_string());
    let stored = Stored { name, expression, next: at(next), last: last.map(at) };
    schedule.instead_of(&stored, at(now)).map(Time::seconds)
}

#[test]
fn a_tick_that_no_right_clock_would_have_set_is_set_anew() {
    let schedule = Schedule::new("test", "0 3 * * *", "test").expect("an expression");
    let (hour, day) = (3600, 86_400);
    let (tick, later) = (3 * hour, 30 * day + 3 * hour);
    for (next, last, now, instead_of) in [
        (tick, None, 2 * hour, None),
        (later, None, 2 * hour, Some(tick)),
        (later, Some(later - day), 2 * hour, Some(tick)),
        // This one was made an hour ahead of its time, and is not made again.
        (tick + day, Some(tick), 2 * hour, None),
        (later, Some(tick), 2 * hour, Some(tick + day)),
        // Another node, whose clock is a little ahead, has made up for what was missed before.
        (tick + day, Some(0), tick - 30, None),
        (tick + day, Some(0), tick - 90, Some(tick)),
        // What was missed is made up for, whatever the clock.
        (0, None, later, None),
    ] {
        assert_eq!(instead(&schedule, next, last, now), instead_of, "{next} {last:?} {now}");
    }
    let pause = Schedule::after_each("test", Duration::from_secs(90), "test");
    assert_eq!(instead(&pause, 157, None, 7), None);
    assert_eq!(instead(&pause, 158, None, 7), Some(97));
}

#[test]
fn what_another_node_has_otherwise_is_left_to_it() {
    let pause = Schedule::after_each("test", Duration::from_secs(90), "test");
    let (name, expression) = ("test".to_owned(), "every 3600 s".to_owned());
    let stored = Stored { name, expression, next: at(3600), last: None };
    assert_eq!(pause.instead_of(&stored, at(0)), None);
}
