//! Which backups of the schedule are kept: the newest ones, and the newest of so many days, weeks
//! and months.

use std::collections::HashSet;

use types::Time;

/// How many of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    pub(super) last: usize,
    pub(super) daily: usize,
    pub(super) weekly: usize,
    pub(super) monthly: usize,
}

/// Which of these, the newest first, have had their time. Never the first.
pub(super) fn over(made: &[Time], keep: Keep) -> Vec<usize> {
    let mut kept: HashSet<usize> = (0..keep.last.max(1).min(made.len())).collect();
    let periods: [(usize, fn(Time) -> i64); 3] =
        [(keep.daily, day), (keep.weekly, week), (keep.monthly, month)];
    for (most, of) in periods {
        let mut seen = HashSet::new();
        for (index, at) in made.iter().enumerate() {
            if seen.len() == most {
                break;
            }
            if seen.insert(of(*at)) {
                kept.insert(index);
            }
        }
    }
    (0..made.len()).filter(|index| !kept.contains(index)).collect()
}

fn day(at: Time) -> i64 {
    at.seconds().div_euclid(86_400)
}

/// From Monday to Sunday.
fn week(at: Time) -> i64 {
    (day(at) + 3).div_euclid(7)
}

fn month(at: Time) -> i64 {
    // `2026-01-31T…`
    let text = at.to_string();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse().ok());
    number(0, 4).unwrap_or(0) * 12 + number(5, 7).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Keep = Keep { last: 0, daily: 0, weekly: 0, monthly: 0 };

    fn at(text: &str) -> Time {
        text.parse().expect("a time")
    }

    /// One a day at noon, back from the end of January.
    fn days(count: i64) -> Vec<Time> {
        let newest = at("2026-01-31T12:00:00.000Z");
        (0..count).map(|back| Time::from_micros(newest.micros() - back * 86_400_000_000)).collect()
    }

    #[test]
    fn the_newest_is_always_kept() {
        assert_eq!(over(&days(3), NOTHING), [1, 2]);
        assert!(over(&[], NOTHING).is_empty());
    }

    #[test]
    fn the_newest_of_each_period_is_kept() {
        let kept = |keep: Keep, count| {
            let all = days(count);
            let gone = over(&all, keep);
            let kept = all.iter().enumerate().filter(|(index, _)| !gone.contains(index));
            kept.map(|(_, at)| at.to_string()[..10].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(kept(Keep { last: 2, ..NOTHING }, 9), ["2026-01-31", "2026-01-30"]);
        assert_eq!(
            kept(Keep { daily: 3, ..NOTHING }, 9),
            ["2026-01-31", "2026-01-30", "2026-01-29"]
        );
        // The last of January 2026 is a Saturday.
        assert_eq!(
            kept(Keep { weekly: 3, ..NOTHING }, 30),
            ["2026-01-31", "2026-01-25", "2026-01-18"]
        );
        assert_eq!(
            kept(Keep { monthly: 3, ..NOTHING }, 80),
            ["2026-01-31", "2025-12-31", "2025-11-30"]
        );
    }

    #[test]
    fn of_one_day_the_newest_stands_for_it() {
        let all = [at("2026-01-31T18:00:00.000Z"), at("2026-01-31T12:00:00.000Z")];
        assert_eq!(over(&all, Keep { daily: 5, ..NOTHING }), [1]);
    }
}
