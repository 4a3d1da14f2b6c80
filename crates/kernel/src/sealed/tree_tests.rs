use proptest::prelude::*;

use super::*;

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn hash(text: &str) -> Hash {
    unhex(text).try_into().unwrap()
}

/// The eight leaves that implementations of RFC 6962 are tested with.
fn leaves() -> Vec<Hash> {
    let entries = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    entries.iter().map(|entry| leaf(&unhex(entry))).collect()
}

fn hashes(leaves: &[Hash], spans: &[Span]) -> Vec<Hash> {
    let at = |place: u64| usize::try_from(place).unwrap();
    spans.iter().map(|span| mth(&leaves[at(span.from)..at(span.to)])).collect()
}

/// How a client checks an inclusion proof (RFC 9162, 2.1.3.2): the root it leads to.
fn led_by_inclusion(leaf: u64, size: u64, hash: Hash, path: &[Hash]) -> Option<Hash> {
    let (mut index, mut last, mut root) = (leaf, size.checked_sub(1)?, hash);
    for step in path {
        if last == 0 {
            return None;
        }
        if index & 1 == 1 || index == last {
            root = node(step, &root);
            while index & 1 == 0 && index != 0 {
                (index, last) = (index >> 1, last >> 1);
            }
        } else {
            root = node(&root, step);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// How a client checks a consistency proof (RFC 9162, 2.1.4.2).
fn is_consistent(old: u64, new: u64, old_root: Hash, new_root: Hash, path: &[Hash]) -> bool {
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    let mut path = path.to_vec();
    if old.is_power_of_two() {
        path.insert(0, old_root);
    }
    let (mut index, mut last) = (old - 1, new - 1);
    while index & 1 == 1 {
        (index, last) = (index >> 1, last >> 1);
    }
    let Some((first, rest)) = path.split_first() else { return false };
    let (mut of_old, mut of_new) = (*first, *first);
    for step in rest {
        if last == 0 {
            return false;
        }
        if index & 1 == 1 || index == last {
            (of_old, of_new) = (node(step, &of_old), node(step, &of_new));
            while index & 1 == 0 && index != 0 {
                (index, last) = (index >> 1, last >> 1);
            }
        } else {
            of_new = node(&of_new, step);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    last == 0 && of_old == old_root && of_new == new_root
}

#[test]
fn roots_are_those_everybody_computes() {
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let leaves = leaves();
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(mth(&leaves[..size]), hash(root), "{size}");
    }
}

#[test]
fn inclusion_proofs_are_those_everybody_computes() {
    let known: [(u64, u64, &[&str]); 5] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    let leaves = leaves();
    for (leaf, size, path) in known {
        let path: Vec<Hash> = path.iter().map(|text| hash(text)).collect();
        let spans = inclusion(leaf, size).unwrap();
        assert_eq!(hashes(&leaves, &spans), path, "{leaf} in {size}");
    }
    for (leaf, size) in [(0, 0), (1, 1), (9, 8)] {
        assert_eq!(inclusion(leaf, size), None);
    }
}

#[test]
fn consistency_proofs_are_those_everybody_computes() {
    let known: [(u64, u64, &[&str]); 4] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    let leaves = leaves();
    for (old, new, path) in known {
        let path: Vec<Hash> = path.iter().map(|text| hash(text)).collect();
        let spans = consistency(old, new).unwrap();
        assert_eq!(hashes(&leaves, &spans), path, "{old} to {new}");
    }
    for (old, new) in [(0, 0), (0, 5), (6, 5)] {
        assert_eq!(consistency(old, new), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_leaf_is_proven_and_no_other(size in 1u64..700, pick in any::<u64>(), wrong in any::<u64>()) {
        let all: Vec<Hash> = (0..size).map(|at| leaf(&at.to_be_bytes())).collect();
        let (at, other) = (pick % size, wrong % size);
        let path = hashes(&all, &inclusion(at, size).unwrap());
        let root = mth(&all);
        let hash = |at: u64| all[usize::try_from(at).unwrap()];
        prop_assert_eq!(led_by_inclusion(at, size, hash(at), &path), Some(root));
        if other != at {
            prop_assert_ne!(led_by_inclusion(at, size, hash(other), &path), Some(root));
            prop_assert_ne!(led_by_inclusion(other, size, hash(at), &path), Some(root));
        }
    }

    #[test]
    fn every_beginning_is_proven_and_no_other(new in 1u64..700, pick in any::<u64>()) {
        let all: Vec<Hash> = (0..new).map(|at| leaf(&at.to_be_bytes())).collect();
        let old = pick % new + 1;
        let (of_old, of_new) = (mth(&all[..usize::try_from(old).unwrap()]), mth(&all));
        let path = hashes(&all, &consistency(old, new).unwrap());
        prop_assert!(is_consistent(old, new, of_old, of_new, &path));
        let other = leaf(b"other");
        prop_assert!(!is_consistent(old, new, other, of_new, &path));
        prop_assert!(!is_consistent(old, new, of_old, other, &path));
    }
}
