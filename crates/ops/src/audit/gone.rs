//! Leaves without an event, for as long as nothing has told of their deletion: a bit for each.

use std::collections::BTreeMap;

/// Leaves whose bits lie together.
const WIDTH: u64 = 64;

/// A set of leaves. It has as many words as there are stretches of 64 leaves with one in it.
#[derive(Default)]
pub(crate) struct Gone(BTreeMap<u64, u64>);

impl Gone {
    pub(crate) fn insert(&mut self, leaf: u64) {
        *self.0.entry(leaf / WIDTH).or_default() |= 1 << (leaf % WIDTH);
    }

    /// Removes those from one leaf to another; how many there were.
    pub(crate) fn remove(&mut self, [first, last]: [u64; 2]) -> u64 {
        let mut removed = 0;
        for (place, word) in self.0.range_mut(first / WIDTH..=last / WIDTH) {
            let from = first.saturating_sub(place * WIDTH);
            let to = (last - place * WIDTH).min(WIDTH - 1);
            let mask = (u64::MAX << from) & (u64::MAX >> (WIDTH - 1 - to));
            removed += u64::from((*word & mask).count_ones());
            *word &= !mask;
        }
        removed
    }

    /// Those that are left, in their order.
    pub(crate) fn left(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|(place, word)| {
            (0..WIDTH).filter(move |bit| word >> bit & 1 == 1).map(move |bit| place * WIDTH + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(
            leaves in prop::collection::btree_set(0u64..400, 0..200),
            stretches in prop::collection::vec((0u64..400, 0u64..200), 0..20),
        ) {
            let (mut gone, mut expected) = (Gone::default(), leaves.clone());
            leaves.into_iter().for_each(|leaf| gone.insert(leaf));
            for (first, more) in stretches {
                let inside: BTreeSet<u64> = expected.range(first..=first + more).copied().collect();
                prop_assert_eq!(gone.remove([first, first + more]), inside.len() as u64);
                expected = &expected - &inside;
            }
            prop_assert!(gone.left().eq(expected));
        }
    }
}
