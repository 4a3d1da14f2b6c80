use proptest::prelude::*;

use super::super::tree::{consistency, inclusion, leaf, mth};
use super::*;

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|at| leaf(&at.to_be_bytes())).collect()
}

/// Appends in batches, as the sealer does; what is stored then.
fn stored(leaves: &[Hash], batch: usize) -> (Edge, Tiles) {
    let (mut edge, mut tiles) = (Edge::default(), Tiles::default());
    for batch in leaves.chunks(batch) {
        let mut last: [Vec<Hash>; LEVELS] = std::array::from_fn(|_| Vec::new());
        for (level, hashes) in (0..).zip(&mut last) {
            let found = tiles.0.get(&(level, count(edge.size(), level + 1)));
            *hashes = found.cloned().unwrap_or_default();
        }
        edge = Edge::of(edge.size(), last).unwrap();
        let (since, mut changed) = (edge.size(), Vec::new());
        for leaf in batch {
            edge.append(*leaf, &mut changed);
        }
        changed.extend(edge.partial(since));
        for tile in changed {
            tiles.0.insert((tile.level, tile.place), tile.hashes);
        }
    }
    (edge, tiles)
}

#[test]
fn a_tree_of_several_levels_is_the_tree_of_its_leaves() {
    let all = leaves(66_000);
    let (edge, tiles) = stored(&all, 1000);
    assert_eq!((edge.size(), edge.root()), (66_000, mth(&all)));
    assert_eq!(tiles.0.get(&(2, 0)).map(Vec::len), Some(1));
    assert_eq!(tiles.0.get(&(1, 0)).map(Vec::len), Some(WIDTH));
    assert_eq!(tiles.0.get(&(0, 257)).map(Vec::len), Some(66_000 - 257 * 256));
    for span in consistency(65_537, 66_000).unwrap() {
        let at = |place: u64| usize::try_from(place).unwrap();
        assert_eq!(tiles.hash(span).unwrap(), mth(&all[at(span.from)..at(span.to)]));
    }
}

#[test]
fn what_is_no_tile_is_refused() {
    for bytes in [&[][..], &[0; 31], &[0; 33], &[0; 257 * 32]] {
        assert!(hashes(bytes).is_none(), "{}", bytes.len());
    }
    assert_eq!(hashes(&[7; 64]).unwrap(), [[7; 32]; 2]);
    let none: [Vec<Hash>; LEVELS] = std::array::from_fn(|_| Vec::new());
    assert!(Edge::of(1, none.clone()).is_none());
    assert_eq!(Edge::of(0, none).unwrap().root(), tree::empty());
    assert!(Tiles::default().hash(Span { from: 0, to: 1 }).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn however_it_grew_it_is_the_same_tree(size in 0u64..1200, batch in 20usize..700, pick in any::<u64>()) {
        let all = leaves(size);
        let (edge, tiles) = stored(&all, batch);
        prop_assert_eq!(edge.root(), mth(&all));
        prop_assert_eq!(edge.size(), size);
        if size > 0 {
            let at = pick % size;
            let spans = inclusion(at, size).unwrap().into_iter();
            for span in spans.chain(consistency(at + 1, size).unwrap()) {
                let place = |at: u64| usize::try_from(at).unwrap();
                let needed = Tiles::needed(&[span]);
                prop_assert!(needed.iter().all(|place| tiles.0.contains_key(place)));
                let wanted = mth(&all[place(span.from)..place(span.to)]);
                prop_assert_eq!(tiles.hash(span).unwrap(), wanted);
            }
        }
    }
}

/// Only the tiles that are asked for.
fn some(all: &Tiles, places: &BTreeSet<Place>) -> Tiles {
    Tiles(places.iter().filter_map(|at| Some((*at, all.0.get(at)?.clone()))).collect())
}

#[test]
fn leaves_are_those_of_the_root_through_each_level() {
    let all = leaves(66_000);
    let (edge, tiles) = stored(&all, 1000);
    for (size, asked) in [
        (66_000, vec![0, 1, 255, 256, 65_535, 65_536, 65_999]),
        (65_536, vec![7, 65_535]),
        (257, vec![3, 256]),
        (256, vec![255]),
        (1, vec![0]),
    ] {
        let at = |leaf: &u64| usize::try_from(*leaf).unwrap();
        let root = if size == 66_000 { edge.root() } else { mth(&all[..at(&size)]) };
        let expected: Vec<Hash> = asked.iter().map(|leaf| all[at(leaf)]).collect();
        let places = Tiles::up_from(&asked, size);
        let read = some(&tiles, &places);
        assert_eq!(read.signed(&asked, size, &root), Some(expected), "{size}");
        assert_eq!(read.signed(&asked, size, &[9; 32]), None, "{size}: another root");
        assert_eq!(read.signed(&[size], size, &root), None, "{size}: a leaf behind it");
        for place in &places {
            let mut cut = some(&tiles, &places);
            cut.0.remove(place);
            assert_eq!(cut.signed(&asked, size, &root), None, "{size}: without {place:?}");
            let (level, first) = *place;
            let width = usize::try_from(count(size, level) - first * WIDTH as u64).unwrap();
            for index in [0, width.min(WIDTH) - 1] {
                let mut changed = some(&tiles, &places);
                changed.0.get_mut(place).unwrap()[index][5] ^= 1;
                assert_eq!(changed.signed(&asked, size, &root), None, "{size}: {place:?} {index}");
            }
        }
    }
}
