use proptest::prelude::*;

use super::*;
use crate::Keys;

fn signer(root: u8) -> Signer {
    Signer::of(&Keys::new([root; 32], [9; 32])).unwrap()
}

fn head(signer: &Signer) -> Checkpoint {
    Checkpoint::parse(&signer.sign(30, &[3; 32])).unwrap()
}

fn note(signer: &Signer, line: &str) -> String {
    signer.sign_with(&head(signer), line)
}

#[test]
fn a_note_is_a_checkpoint_that_names_leaves() {
    let own = signer(1);
    let note = Deleted::sign(&own, &head(&own), &[12, 13, 14, 20, 29]);
    let read = Deleted::parse(&note).unwrap();
    assert_eq!(read.leaves, [[12, 14], [20, 20], [29, 29]]);
    assert_eq!((read.checkpoint.size(), read.checkpoint.root()), (30, &[3; 32]));
    assert!(read.checkpoint.is_by(own.verifier()));
    let more = Deleted::parse(&note.replacen("12-14", "11-14", 1)).unwrap();
    assert!(!more.checkpoint.is_by(own.verifier()));
    // Without the line it is any checkpoint.
    assert_eq!(Deleted::parse(head(&own).note()), None);
    let both = Checkpoint::parse(&note).unwrap();
    let new = Signer::of(&Keys::new([1; 32], [9; 32]).under([2; 32])).unwrap();
    let anew = Deleted::parse(&new.sign_anew(&both)).unwrap();
    assert_eq!(anew.leaves, read.leaves);
    assert!(anew.checkpoint.is_by(new.verifier()) && !anew.checkpoint.is_by(own.verifier()));
}

#[test]
fn what_names_no_leaves_of_its_tree_is_no_note() {
    let own = signer(1);
    for line in [
        "deleted ",
        "deleted",
        "deleted 30",
        "deleted 5-30",
        "deleted 5-4",
        "deleted 5,5",
        "deleted 5,4",
        "deleted 1-3,3-4",
        "deleted 05",
        "deleted +5",
        "deleted -5",
        "deleted 5-",
        "deleted 1,,2",
        "deleted 1 2",
        "deleted 99999999999999999999",
        "Deleted 1",
        "deleted 1\ndeleted 2",
    ] {
        assert_eq!(Deleted::parse(&note(&own, line)), None, "{line}");
    }
    assert!(Deleted::parse(&note(&own, "deleted 0-29")).is_some());
}

proptest! {
    #[test]
    fn leaves_that_are_written_are_read(leaves in prop::collection::btree_set(0u64..2000, 1..MOST)) {
        let leaves: Vec<u64> = leaves.into_iter().collect();
        let read = stretches(&text(&leaves)).unwrap();
        let all: Vec<u64> = read.iter().flat_map(|[first, last]| *first..=*last).collect();
        prop_assert_eq!(all, leaves);
        let apart = read.windows(2).all(|pair| pair[0][1] + 1 < pair[1][0]);
        prop_assert!(apart, "{:?}", read);
    }

    /// The longest notes there can be are read by everybody.
    #[test]
    fn no_note_is_too_long(first in (u64::from(u32::MAX) * 1000)..(u64::MAX / 2)) {
        let leaves: Vec<u64> = (0..MOST as u64).map(|at| first + at * 2).collect();
        let own = signer(1);
        let head = Checkpoint::parse(&own.sign(u64::MAX / 2 + 5000, &[3; 32])).unwrap();
        let note = Deleted::sign(&own, &head, &leaves);
        prop_assert!(Deleted::parse(&note).is_some(), "{}", note.len());
    }
}
