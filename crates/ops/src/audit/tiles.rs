//! The tree in tiles (C2SP tlog-tiles): 256 hashes in a row, and above them those of full tiles.
//!
//! Only full subtrees are stored, so a hash that is there never changes: a tile grows to the right
//! and is then done with.

use std::collections::HashMap;

use super::tree::{self, Hash, Node, Span};

/// Hashes of a full tile.
pub(crate) const WIDTH: usize = 256;
/// Levels of the tree between two levels of tiles.
const HEIGHT: u32 = 8;
/// Levels of tiles: enough for as many leaves as there are places in a log.
pub(crate) const LEVELS: usize = 8;

/// Where a tile stands.
pub(crate) type Place = (u32, u64);

/// A tile with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) level: u32,
    pub(crate) place: u64,
    pub(crate) hashes: Vec<Hash>,
}

/// The hashes of a stored tile; none, if it is damaged.
pub(crate) fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    let good = rest.is_empty() && (1..=WIDTH).contains(&hashes.len());
    good.then(|| hashes.to_vec())
}

/// How many hashes the last tile of a level has, of a tree of this size; 0: it is full, or there is
/// none.
pub(crate) fn width(size: u64, level: u32) -> usize {
    usize::try_from(count(size, level) % WIDTH as u64).unwrap_or_default()
}

/// How many hashes a level has.
pub(crate) fn count(size: u64, level: u32) -> u64 {
    size.checked_shr(HEIGHT * level).unwrap_or_default()
}

/// The right edge of a tree: on each level the hashes that do not fill a tile yet. It is all that
/// is needed to append to the tree, and to know its root.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edge {
    size: u64,
    levels: [Vec<Hash>; LEVELS],
}

impl Edge {
    /// The edge of a stored tree, of the hashes of the last tile of each level, as many of them as
    /// the size says; none, if there are fewer.
    pub(crate) fn of(size: u64, last: [Vec<Hash>; LEVELS]) -> Option<Self> {
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
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; what it fills goes to `full`.
    pub(crate) fn append(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
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
    pub(crate) fn partial(&self, since: u64) -> Vec<Tile> {
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
    pub(crate) fn root(&self) -> Hash {
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
    let start = usize::try_from(first % WIDTH as u64).unwrap_or_default();
    ((level, first / WIDTH as u64), start, 1 << height)
}

/// Tiles that were read, to answer for what a proof names.
#[derive(Debug, Default)]
pub(crate) struct Tiles(pub(crate) HashMap<Place, Vec<Hash>>);

impl Tiles {
    /// The tiles these spans need, each once.
    pub(crate) fn needed(spans: &[Span]) -> Vec<Place> {
        let mut all: Vec<Place> =
            spans.iter().flat_map(|span| span.peaks()).map(|node| within(node).0).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The hash of leaves in a row; none, if a tile is missing or cut.
    pub(crate) fn hash(&self, span: Span) -> Option<Hash> {
        let mut peaks = Vec::new();
        for node in span.peaks() {
            let (place, start, count) = within(node);
            let hashes = self.0.get(&place)?;
            peaks.push(tree::perfect(hashes.get(start..start + count)?));
        }
        Some(tree::joined(&peaks))
    }
}

#[cfg(test)]
#[path = "tiles_tests.rs"]
mod tests;
