//! Merkle trees as of RFC 6962, section 2.1: what their nodes hash, and which of them a proof names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};

pub use super::entry::leaf;
pub use super::note::Hash;

/// The hash of two nodes side by side.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A hash as text.
#[must_use]
pub fn base64(hash: &Hash) -> String {
    BASE64.encode(hash)
}

/// The hash of a text, if it is one.
#[must_use]
pub fn unbase64(text: &str) -> Option<Hash> {
    BASE64.decode(text).ok()?.try_into().ok()
}

/// The root of a tree without leaves.
#[must_use]
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// The root of a perfect subtree: of as many nodes as a power of two; of none it is the empty tree.
#[must_use]
pub fn perfect(nodes: &[Hash]) -> Hash {
    match nodes {
        [] => empty(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            node(&perfect(left), &perfect(right))
        }
    }
}

/// The root over perfect subtrees that stand side by side, each smaller than the one before.
#[must_use]
pub fn joined(peaks: &[Hash]) -> Hash {
    let mut peaks = peaks.iter().rev();
    let Some(last) = peaks.next() else { return empty() };
    peaks.fold(*last, |right, left| node(left, &right))
}

/// A perfect subtree: the `index`-th of this height, where leaves have height 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Levels below it.
    pub height: u32,
    /// How many of this height are before it.
    pub index: u64,
}

/// Leaves in a row, from one up to before another, that a proof names by one hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first leaf.
    pub from: u64,
    /// The leaf behind the last one.
    pub to: u64,
}

impl Span {
    const fn len(self) -> u64 {
        self.to - self.from
    }

    /// The first leaf of its right half: behind the largest power of two that is less than all.
    const fn middle(self) -> u64 {
        self.from + (1 << (u64::BITS - 1 - (self.len() - 1).leading_zeros()))
    }

    const fn halves(self) -> (Self, Self) {
        let at = self.middle();
        (Self { from: self.from, to: at }, Self { from: at, to: self.to })
    }

    /// The perfect subtrees it consists of, from left to right.
    #[must_use]
    pub fn peaks(self) -> Vec<Node> {
        let (mut from, mut peaks) = (self.from, Vec::new());
        while from < self.to {
            let height = u64::BITS - 1 - (self.to - from).leading_zeros();
            peaks.push(Node { height, index: from >> height });
            from += 1 << height;
        }
        peaks
    }
}

/// What proves that a leaf is in the tree of this size, from the bottom up (RFC 6962, 2.1.1); none
/// where it is not.
#[must_use]
pub fn inclusion(leaf: u64, size: u64) -> Option<Vec<Span>> {
    if leaf >= size {
        return None;
    }
    let (mut path, mut whole) = (Vec::new(), Span { from: 0, to: size });
    while whole.len() > 1 {
        let (left, right) = whole.halves();
        let (inside, beside) = if leaf < right.from { (left, right) } else { (right, left) };
        path.push(beside);
        whole = inside;
    }
    path.reverse();
    Some(path)
}

/// What proves that the tree of size `new` has that of size `old` as its beginning (RFC 6962,
/// 2.1.2); none where it cannot.
#[must_use]
pub fn consistency(old: u64, new: u64) -> Option<Vec<Span>> {
    if old == 0 || old > new {
        return None;
    }
    let (mut path, mut whole) = (Vec::new(), Span { from: 0, to: new });
    while whole.to != old {
        let (left, right) = whole.halves();
        let (inside, beside) = if old <= right.from { (left, right) } else { (right, left) };
        path.push(beside);
        whole = inside;
    }
    // Else it is the old tree itself, whose root whoever asks has.
    if whole.from > 0 {
        path.push(whole);
    }
    path.reverse();
    Some(path)
}

/// The definition of a root, word for word (RFC 6962, 2.1).
#[cfg(test)]
pub(crate) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty(),
        [one] => *one,
        many => {
            let mut k = 1;
            while k * 2 < many.len() {
                k *= 2;
            }
            node(&mth(&many[..k]), &mth(&many[k..]))
        }
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
