use super::*;

fn at(minute: i64) -> Time {
    Time::from_micros(1_769_860_800_000_000 + minute * 60_000_000)
}

fn outcome(kind: Kind, ok: bool, minute: i64) -> Outcome {
    Outcome {
        started_at: at(minute),
        finished_at: at(minute),
        kind,
        ok,
        name: None,
        bytes: None,
        place: "folder".to_owned(),
        error_code: None,
        error: None,
    }
}

#[test]
fn what_somebody_asked_for_says_nothing_of_the_schedule() {
    let mut state = State::default();
    state.take(outcome(Kind::Scheduled, true, 1));
    state.take(outcome(Kind::Scheduled, false, 2));
    state.take(outcome(Kind::Manual, true, 3));
    let of = |outcome: &Option<Outcome>| outcome.as_ref().map(|one| one.started_at);
    assert_eq!(of(&state.last), Some(at(3)));
    assert_eq!(of(&state.last_good), Some(at(3)));
    assert_eq!(of(&state.last_scheduled), Some(at(2)));
    assert_eq!(of(&state.last_good_scheduled), Some(at(1)));
}

#[test]
fn a_schedule_owes_from_its_beginning_or_its_last_good_one() {
    let every = "15 3 * * *";
    let mut state = State::default();
    assert_eq!(state.owed_since(every, at(60)), None, "no server knows it");
    state.schedule = Some(Since { every: every.to_owned(), at: at(5) });
    assert_eq!(state.owed_since("0 0 * * *", at(60)), None);
    assert_eq!(state.owed_since(every, at(60)), Some(at(5)));
    state.take(outcome(Kind::Scheduled, true, 1));
    assert_eq!(state.owed_since(every, at(60)), Some(at(5)), "that was another schedule's");
    state.take(outcome(Kind::Manual, true, 7));
    state.take(outcome(Kind::Scheduled, false, 8));
    assert_eq!(state.owed_since(every, at(60)), Some(at(5)));
    state.take(outcome(Kind::Scheduled, true, 9));
    assert_eq!(state.owed_since(every, at(60)), Some(at(9)));
}

#[test]
fn what_a_clock_made_that_was_ahead_is_not_waited_for() {
    let every = "15 3 * * *";
    let schedule = Some(Since { every: every.to_owned(), at: at(5) });
    let mut state = State { schedule, ..State::default() };
    state.take(outcome(Kind::Scheduled, true, 9000));
    assert_eq!(state.owed_since(every, at(10)), Some(at(5)), "as if there was none");
    assert_eq!(state.owed_since(every, at(9001)), Some(at(9000)));
    // The next good one is the last one.
    state.take(outcome(Kind::Scheduled, true, 20));
    assert_eq!(state.owed_since(every, at(21)), Some(at(20)));
}

#[test]
fn a_schedule_does_not_begin_in_the_future() {
    let every = "15 3 * * *";
    let folder = std::env::temp_dir().join(format!("sixfold-backups-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let begun = || State::read(&folder).schedule.map(|schedule| schedule.at);
    State::begin(&folder, every, at(9000)).expect("it is noted");
    let state = State::read(&folder);
    assert_eq!(state.owed_since(every, at(10)), Some(at(10)));
    // With the next start it has begun, or with what comes of the next one.
    State::begin(&folder, every, at(20)).expect("it is noted");
    assert_eq!(begun(), Some(at(20)));
    State::begin(&folder, every, at(30)).expect("it is noted");
    assert_eq!(begun(), Some(at(20)), "that was before");
    State::remember(&folder, outcome(Kind::Scheduled, false, 15)).expect("it is noted");
    assert_eq!(begun(), Some(at(15)));
    let _ = fs::remove_dir_all(&folder);
}
