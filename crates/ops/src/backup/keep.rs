//! Which backups of the schedule are kept: the newest ones, and the newest of so many days, weeks
//! and months.

use std::collections::HashSet;

use kernel::Keys;
use types::Time;

use super::manifest::{Kind, Manifest};
use super::place::Found;

/// The number of the period a moment is in.
type Period = fn(Time) -> i64;

/// How many of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    pub(super) last: usize,
    pub(super) daily: usize,
    pub(super) weekly: usize,
    pub(super) monthly: usize,
}

/// The names of those that have had their time after one was made: of the schedule, of the same
/// installation, and neither younger nor of a longer log: after an older backup was restored, those
/// from before are the only ones of what was lost. What cannot be read, was renamed, or does not show that these keys
/// wrote it is not ours to delete, and none of ours is deleted for its sake.
pub(super) fn had_their_time(
    found: Vec<Found>,
    newest: &Manifest,
    keys: &Keys,
    keep: Keep,
) -> Vec<String> {
    let (mut ours, mut later) = (Vec::new(), 0_usize);
    for Found { name, manifest, .. } in found {
        let Ok(manifest) = manifest else { continue };
        let is_ours =
            manifest.installation == newest.installation && is_own(&name, &manifest, keys);
        let is_beyond =
            manifest.created_at > newest.created_at || manifest.event_seq > newest.event_seq;
        if is_ours && is_beyond {
            later += 1;
        } else if is_ours {
            ours.push((manifest.created_at, name));
        }
    }
    if later > 0 {
        tracing::warn!(
            later,
            "there are backups from after this one, or of more events, which stay: is the clock \
             right, or was an older one restored?"
        );
    }
    ours.sort_by(|one, other| other.cmp(one));
    let made: Vec<Time> = ours.iter().map(|(at, _)| *at).collect();
    let gone = over(&made, keep).into_iter().filter_map(|index| ours.get(index));
    gone.map(|(_, name)| name.clone()).filter(|name| *name != newest.name).collect()
}

/// The newest one that the schedule of this installation made.
pub(super) fn newest(found: &[Found], keys: &Keys) -> Option<Manifest> {
    let heads = found.iter().filter_map(|one| Some((&one.name, one.manifest.as_ref().ok()?)));
    let own = heads.filter(|(name, manifest)| is_own(name, manifest, keys));
    own.map(|(_, manifest)| manifest).max_by_key(|manifest| manifest.created_at).cloned()
}

/// Whether the schedule of whoever has these keys made it, and it is called what it was called then.
fn is_own(name: &str, manifest: &Manifest, keys: &Keys) -> bool {
    manifest.kind == Kind::Scheduled
        && manifest.name == name
        && manifest.installation.is_some()
        && manifest.is_proven(keys)
}

/// Which of these, the newest first, have had their time. Never the first.
fn over(made: &[Time], keep: Keep) -> Vec<usize> {
    let mut kept: HashSet<usize> = (0..keep.last.max(1).min(made.len())).collect();
    let periods: [(usize, Period); 3] =
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
    use super::super::manifest::tests::manifest;
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

    fn keys() -> Keys {
        Keys::new([1; 32], [2; 32])
    }

    /// One of the schedule, made at this minute; its head is by who has these keys.
    fn scheduled(minute: i64, keys: &Keys) -> Manifest {
        let mut head = manifest();
        head.kind = Kind::Scheduled;
        head.name = format!("sixfold-20260131T12{minute:02}00Z-00000000.backup");
        head.created_at = Time::from_micros(1_769_860_800_000_000 + minute * 60_000_000);
        head.installation = Some("group_of_the_platform".to_owned());
        head.prove(keys).expect("a proof");
        head
    }

    fn at_a_place(heads: &[Manifest]) -> Vec<Found> {
        let found = |head: &Manifest| Found {
            name: head.name.clone(),
            bytes: 1,
            manifest: Ok(head.clone()),
        };
        heads.iter().map(found).collect()
    }

    #[test]
    fn of_ours_the_older_ones_go() {
        let heads: Vec<_> = (1..=4).map(|minute| scheduled(minute, &keys())).collect();
        let keep = Keep { last: 2, ..NOTHING };
        let gone = had_their_time(at_a_place(&heads), &heads[3], &keys(), keep);
        assert_eq!(gone, [heads[1].name.clone(), heads[0].name.clone()]);
    }

    #[test]
    fn a_restore_of_an_older_one_costs_nobody_the_newer_ones() {
        let mut heads: Vec<_> = (1..=4).map(|minute| scheduled(minute, &keys())).collect();
        // The fourth was made after the first had been restored.
        for (head, seq) in heads.iter_mut().zip([10, 20, 30, 12]) {
            head.event_seq = seq;
            head.prove(&keys()).expect("a proof");
        }
        let keep = Keep { last: 1, ..NOTHING };
        let gone = had_their_time(at_a_place(&heads), &heads[3], &keys(), keep);
        assert_eq!(gone, [heads[0].name.clone()]);
    }

    #[test]
    fn the_newest_is_one_that_these_keys_have_written() {
        let mut heads = vec![scheduled(1, &keys()), scheduled(2, &keys())];
        heads.push(scheduled(3, &Keys::new([7; 32], [2; 32])));
        heads.push(Manifest { kind: Kind::Manual, ..scheduled(4, &keys()) });
        let found = newest(&at_a_place(&heads), &keys()).map(|head| head.name);
        assert_eq!(found.as_ref(), Some(&heads[1].name));
        assert!(newest(&at_a_place(&heads[2..]), &keys()).is_none());
    }

    #[test]
    fn heads_that_others_wrote_neither_go_nor_make_ours_go() {
        let foreign = Keys::new([7; 32], [2; 32]);
        let mut heads: Vec<_> = (1..=2).map(|minute| scheduled(minute, &keys())).collect();
        heads.extend((3..=9).map(|minute| scheduled(minute, &foreign)));
        // With what was proven of another one.
        heads.push(Manifest { proof: heads[0].proof.clone(), ..scheduled(10, &foreign) });
        // And one of ours under another name.
        let mut found = at_a_place(&heads);
        found.extend(at_a_place(&heads[..1]).into_iter().map(|one| Found {
            name: "sixfold-20260131T120200Z-ffffffff.backup".to_owned(),
            ..one
        }));
        let newest = scheduled(20, &keys());
        found.extend(at_a_place(std::slice::from_ref(&newest)));
        let gone = had_their_time(found, &newest, &keys(), Keep { last: 3, ..NOTHING });
        assert!(gone.is_empty(), "{gone:?}");
    }

    #[test]
    fn a_clock_that_was_ahead_costs_nobody_a_backup() {
        let heads: Vec<_> = [1, 2, 50, 51].map(|minute| scheduled(minute, &keys())).into();
        // The clock is right again: the one just made is older than two that are there.
        let newest = &heads[1];
        let found = at_a_place(&heads);
        let gone = had_their_time(found, newest, &keys(), Keep { last: 2, ..NOTHING });
        assert!(gone.is_empty(), "{gone:?}");
        let found = at_a_place(&heads);
        let gone = had_their_time(found, newest, &keys(), Keep { last: 1, ..NOTHING });
        assert_eq!(gone, [heads[0].name.clone()], "never the one that was just made");
    }
}
