use super::Level;

#[test]
fn the_marks_are_those_of_the_facts() {
    for (used, level) in [
        (0, Level::Ok),
        (79, Level::Ok),
        (80, Level::Warning),
        (94, Level::Warning),
        (95, Level::Critical),
        (99, Level::Critical),
        (100, Level::Exceeded),
        (300, Level::Exceeded),
    ] {
        assert_eq!(Level::of(used, 100), level, "{used}");
    }
    // Of three, two are two thirds: no warning before nothing is left.
    assert_eq!((Level::of(2, 3), Level::of(3, 3)), (Level::Ok, Level::Exceeded));
    assert_eq!(Level::of(0, 0), Level::Exceeded);
    assert_eq!(Level::of(i64::MAX / 2, i64::MAX), Level::Ok);
}

#[test]
fn a_level_rises_at_once_and_falls_with_some_distance() {
    assert_eq!(Level::Ok.after(80, 100), Level::Warning);
    assert_eq!(Level::Warning.after(79, 100), Level::Warning);
    assert_eq!(Level::Warning.after(75, 100), Level::Warning);
    assert_eq!(Level::Warning.after(74, 100), Level::Ok);
    assert_eq!(Level::Exceeded.after(96, 100), Level::Exceeded);
    assert_eq!(Level::Exceeded.after(94, 100), Level::Critical);
    assert_eq!(Level::Exceeded.after(10, 100), Level::Ok);
}

#[test]
fn nothing_is_told_up_to_the_next_mark() {
    assert_eq!(Level::Ok.quiet_up_to(100), 79);
    assert_eq!(Level::Warning.quiet_up_to(100), 94);
    assert_eq!(Level::Critical.quiet_up_to(100), 99);
    assert_eq!(Level::Exceeded.quiet_up_to(100), 100);
}
