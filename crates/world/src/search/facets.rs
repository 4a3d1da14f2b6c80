//! Counts over everything that is found, put together from both kinds.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use database::seams::search::{Facet, MOST};

use super::model::{FacetCount, Facets};

/// Values of one facet that are told.
const TOLD: usize = 50;

/// Adds up the counts of each kind that was looked through.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counted: i64,
    cut: bool,
    kinds: BTreeMap<String, i64>,
    labels: BTreeMap<String, i64>,
    months: BTreeMap<(i64, u8), i64>,
}

impl Tally {
    pub(super) fn add(&mut self, facets: Vec<Facet>) {
        let mut all = 0;
        for facet in facets {
            match facet {
                Facet::Made(kind, day, count) => {
                    all += count;
                    *self.kinds.entry(kind).or_default() += count;
                    *self.months.entry(month(day)).or_default() += count;
                }
                Facet::Label(label, count) => *self.labels.entry(label).or_default() += count,
            }
        }
        self.cut |= all > MOST;
        self.counted += all.min(MOST);
    }

    pub(super) fn told(self) -> Facets {
        let months = self.months.into_iter().rev().take(TOLD);
        Facets {
            counted: self.counted,
            complete: !self.cut,
            kind: most(self.kinds),
            label: most(self.labels),
            month: months
                .map(|((year, month), count)| FacetCount {
                    value: format!("{year:04}-{month:02}"),
                    count,
                })
                .collect(),
        }
    }
}

fn most(counts: BTreeMap<String, i64>) -> Vec<FacetCount> {
    let mut counts: Vec<FacetCount> =
        counts.into_iter().map(|(value, count)| FacetCount { value, count }).collect();
    // Stable: of as many, the first by name comes first.
    counts.sort_by_key(|one| Reverse(one.count));
    counts.truncate(TOLD);
    counts
}

/// Year and month of a day counted from 1970-01-01, in the proleptic Gregorian calendar (Howard
/// Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn month(day: i64) -> (i64, u8) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_in_its_month() {
        let days = [
            (0, (1970, 1)),
            (30, (1970, 1)),
            (31, (1970, 2)),
            (-1, (1969, 12)),
            (19_782, (2024, 2)),
            (19_783, (2024, 3)),
            (20_776, (2026, 11)),
        ];
        for (day, expected) in days {
            assert_eq!(month(day), expected, "day {day}");
        }
    }

    #[test]
    fn counts_of_both_kinds_are_added_up() {
        let mut tally = Tally::default();
        tally.add(vec![Facet::Made("course".into(), 31, 3)]);
        tally.add(vec![
            Facet::Made("course".into(), 32, 1),
            Facet::Made("label".into(), 0, MOST),
            Facet::Label("topic:a".into(), 2),
        ]);
        let told = tally.told();
        assert_eq!((told.counted, told.complete), (3 + MOST, false));
        let count = |value: &str, count| FacetCount { value: value.into(), count };
        assert_eq!(told.month, [count("1970-02", 4), count("1970-01", MOST)]);
        assert_eq!(told.kind, [count("label", MOST), count("course", 4)]);
        assert_eq!(told.label, [count("topic:a", 2)]);
    }
}
