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
    assert_eq!(state.owed_since(every), None, "no server knows it");
    state.schedule = Some(Since { every: every.to_owned(), at: at(5) });
    assert_eq!(state.owed_since("0 0 * * *"), None);
    assert_eq!(state.owed_since(every), Some(at(5)));
    state.take(outcome(Kind::Scheduled, true, 1));
    assert_eq!(state.owed_since(every), Some(at(5)), "that was another schedule's");
    state.take(outcome(Kind::Manual, true, 7));
    state.take(outcome(Kind::Scheduled, false, 8));
    assert_eq!(state.owed_since(every), Some(at(5)));
    state.take(outcome(Kind::Scheduled, true, 9));
    assert_eq!(state.owed_since(every), Some(at(9)));
}
