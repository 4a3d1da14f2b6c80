//! The tree in tiles (C2SP tlog-tiles): 256 hashes in a row, and above them those of full tiles.
//!
//! Only full subtrees are stored, so a hash that is there never changes: a tile grows to the right
//! and is then done with.

use std::collections::{BTreeSet, HashMap};

use super::tree::{self, Hash, Node, Span};

/// Hashes of a full tile.
pub const WIDTH: usize = 256;
/// Levels of the tree between two levels of tiles.
const HEIGHT: u32 = 8;
/// Levels of tiles: enough for as many leaves as there are places in a log.
pub const LEVELS: usize = 8;

/// Where a tile stands.
pub type Place = (u32, u64);

/// A tile with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// 0 for those of leaves.
    pub level: u32,
    /// How many of this level are before it.
    pub place: u64,
    /// Up to [`WIDTH`].
    pub hashes: Vec<Hash>,
}

/// The hashes of a stored tile; none, if it is damaged.
#[must_use]
pub fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    let good = rest.is_empty() && (1..=WIDTH).contains(&hashes.len());
    good.then(|| hashes.to_vec())
}

/// How many hashes the last tile of a level has, of a tree of this size; 0: it is full, or there is
/// none.
#[must_use]
pub fn width(size: u64, level: u32) -> usize {
    usize::try_from(count(size, level) % WIDTH as u64).unwrap_or_default()
}

/// How many hashes a level has.
#[must_use]
pub fn count(size: u64, level: u32) -> u64 {
    size.checked_shr(HEIGHT * level).unwrap_or_default()
}

/// Where the hash of a leaf stands: a tile, and its place in it.
fn of_leaf(leaf: u64) -> (Place, usize) {
    ((0, leaf / WIDTH as u64), within_tile(leaf))
}

/// Where the hash of a tile stands that is full in a tree of this size; none of one that is not.
fn parent((level, place): Place, size: u64) -> Option<(Place, usize)> {
    let full = place < count(size, level + 1);
    full.then(|| ((level + 1, place / WIDTH as u64), within_tile(place)))
}

fn within_tile(index: u64) -> usize {
    usize::try_from(index % WIDTH as u64).unwrap_or_default()
}

/// The right edge of a tree: on each level the hashes that do not fill a tile yet. It is all that
/// is needed to append to the tree, and to know its root.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    size: u64,
    levels: [Vec<Hash>; LEVELS],
}

impl Edge {
    /// The edge of a stored tree, of the hashes of the last tile of each level, as many of them as
    /// the size says; none, if there are fewer.
    #[must_use]
    pub fn of(size: u64, last: [Vec<Hash>; LEVELS]) -> Option<Self> {
        let mut levels = last;
        for (level, hashes) in (0..).zip(&mut levels) {
            let width = width(size, level);
            if hashes.len() < width {
                return None;
            }
            hashes.truncate(width);
        }
        Some(Self { size, levels })
    }

    /// Leaves of the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; what it fills goes to `full`.
    pub fn append(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
        self.size += 1;
        let mut hash = leaf;
        for (level, hashes) in (0..).zip(&mut self.levels) {
            hashes.push(hash);
            if hashes.len() < WIDTH {
                return;
            }
            let hashes = std::mem::take(hashes);
            hash = tree::perfect(&hashes);
            let place = count(self.size, level + 1).saturating_sub(1);
            full.push(Tile { level, place, hashes });
        }
    }

    /// The tiles that are not full, of the levels that changed since the tree had this size.
    #[must_use]
    pub fn partial(&self, since: u64) -> Vec<Tile> {
        let changed = |level: u32| count(self.size, level) != count(since, level);
        let tiles = (0..).zip(&self.levels).filter(|(_, hashes)| !hashes.is_empty());
        tiles
            .filter(|(level, _)| changed(*level))
            .map(|(level, hashes)| Tile {
                level,
                place: count(self.size, level + 1),
                hashes: hashes.clone(),
            })
            .collect()
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = Vec::new();
        for hashes in self.levels.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (peak, behind) = rest.split_at(1 << rest.len().ilog2());
                peaks.push(tree::perfect(peak));
                rest = behind;
            }
        }
        tree::joined(&peaks)
    }
}

/// Where the hashes are that a subtree is made of: a tile, the first of them in it, and how many.
fn within(node: Node) -> (Place, usize, usize) {
    let (level, height) = (node.height / HEIGHT, node.height % HEIGHT);
    let first = node.index << height;
    ((level, first / WIDTH as u64), within_tile(first), 1 << height)
}

/// Tiles that were read, to answer for what a proof names.
#[derive(Debug, Default)]
pub struct Tiles(
    /// By their places.
    pub HashMap<Place, Vec<Hash>>,
);

impl Tiles {
    /// The tiles these spans need, each once.
    #[must_use]
    pub fn needed(spans: &[Span]) -> Vec<Place> {
        let mut all: Vec<Place> =
            spans.iter().flat_map(|span| span.peaks()).map(|node| within(node).0).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The hash of leaves in a row; none, if a tile is missing or cut.
    #[must_use]
    pub fn hash(&self, span: Span) -> Option<Hash> {
        let mut peaks = Vec::new();
        for node in span.peaks() {
            let (place, start, count) = within(node);
            let hashes = self.0.get(&place)?;
            peaks.push(tree::perfect(hashes.get(start..start + count)?));
        }
        Some(tree::joined(&peaks))
    }

    /// The tiles that lead from these leaves to the root of a tree of this size.
    #[must_use]
    pub fn up_from(leaves: &[u64], size: u64) -> BTreeSet<Place> {
        let mut all: BTreeSet<Place> =
            Self::needed(&[Span { from: 0, to: size }]).into_iter().collect();
        for leaf in leaves.iter().filter(|leaf| **leaf < size) {
            let mut place = of_leaf(*leaf).0;
            while all.insert(place)
                && let Some((above, _)) = parent(place, size)
            {
                place = above;
            }
        }
        all
    }

    /// The hashes of leaves of the tree of this size and root; none, if the tiles are not its: each of
    /// them is held against the one above it, and the last ones against the root.
    #[must_use]
    pub fn signed(&self, leaves: &[u64], size: u64, root: &Hash) -> Option<Vec<Hash>> {
        if self.hash(Span { from: 0, to: size }) != Some(*root) {
            return None;
        }
        let at = |(place, index): (Place, usize)| self.0.get(&place)?.get(index).copied();
        for place in Self::up_from(leaves, size) {
            // What has no parent is a part of the root.
            if let Some(parent) = parent(place, size) {
                let hashes = self.0.get(&place).filter(|hashes| hashes.len() == WIDTH)?;
                at(parent).filter(|above| *above == tree::perfect(hashes))?;
            }
        }
        leaves.iter().map(|leaf| at(of_leaf(*leaf)).filter(|_| *leaf < size)).collect()
    }
}

#[cfg(test)]
#[path = "tiles_tests.rs"]
mod tests;
