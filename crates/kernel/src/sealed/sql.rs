//! The statements about checkpoints and deletions. All of it is the house's own.

use std::collections::BTreeSet;

use database::{Row, Sql, Tx, args};
use types::{Result, Time};

use super::entry::{Event, WIDTH};
use super::tiles::{self, Place, Tiles};
use crate::event_columns;

/// The last checkpoint.
pub struct Head {
    /// How many leaves the tree has.
    pub size: u64,
    /// The signed note.
    pub note: String,
    /// When it was signed.
    pub created_at: Time,
}

impl Head {
    /// Reads `size, note, created_at`.
    ///
    /// # Errors
    /// Internal, when a column holds what no checkpoint has there.
    pub fn of(row: &Row<'_>) -> Result<Self> {
        Ok(Self { size: unsigned(row.get(0)?)?, note: row.get(1)?, created_at: row.get(2)? })
    }
}

/// The last checkpoint; none before there is one.
///
/// # Errors
/// As the store.
pub async fn head(tx: &mut Tx) -> Result<Option<Head>> {
    let sql = "select size, note, created_at from audit_checkpoints order by size desc limit 1";
    tx.maybe(sql, &[], Head::of).await
}

/// What the database remembers of the root key it is under.
///
/// # Errors
/// As the store.
pub async fn root_key(tx: &mut Tx) -> Result<Option<String>> {
    let sql = "select value from once where name = 'keys'";
    Ok(tx.maybe(sql, &[], |row| row.get::<Option<String>>(0)).await?.flatten())
}

/// What tells of leaves whose events were deleted, as it is stored.
pub struct Deletion {
    /// How many leaves the tree has that it is of; what stands there, whoever wrote it.
    pub size: i64,
    /// The first of its leaves.
    pub leaf: i64,
    /// The signed note.
    pub note: String,
}

impl Deletion {
    /// One that was signed.
    pub(super) fn new(size: u64, leaf: u64, note: String) -> Result<Self> {
        Ok(Self { size: signed(size)?, leaf: signed(leaf)?, note })
    }

    /// How many leaves the tree has; no tree has fewer than none.
    #[must_use]
    pub fn tree(&self) -> u64 {
        u64::try_from(self.size).unwrap_or_default()
    }
}

pub(super) async fn insert(tx: &mut Tx, deletion: &Deletion, now: Time) -> Result<()> {
    tx.run(
        "insert into audit_deletions (size, leaf, note, created_at) values ($1, $2, $3, $4)",
        args![deletion.size, deletion.leaf, &deletion.note, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, deletion: &Deletion) -> Result<()> {
    tx.run(
        "update audit_deletions set note = $3 where size = $1 and leaf = $2",
        args![deletion.size, deletion.leaf, &deletion.note],
    )
    .await?;
    Ok(())
}

/// Where deletions begin: before the first there can be.
pub const DELETIONS_BEGIN: (i64, i64) = (i64::MIN, i64::MIN);

/// Deletions behind one, by size and leaf, in that order.
///
/// # Errors
/// As the store.
pub async fn deletions(tx: &mut Tx, behind: (i64, i64), limit: i64) -> Result<Vec<Deletion>> {
    tx.all(
        "select size, leaf, note from audit_deletions where (size, leaf) > ($1, $2) \
         order by size, leaf limit $3",
        args![behind.0, behind.1, limit],
        |row| Ok(Deletion { size: row.get(0)?, leaf: row.get(1)?, note: row.get(2)? }),
    )
    .await
}

/// An event as it is there, with its leaf.
pub(super) struct Sealed {
    pub(super) leaf: u64,
    pub(super) event: Event,
}

/// Those of these events that are sealed, by their leaves.
pub(super) async fn sealed(tx: &mut Tx, seqs: &[i64]) -> Result<Vec<Sealed>> {
    let mut sql = Sql::new(concat!(
        "select ",
        event_columns!(),
        ", l.place, l.blind from event_leaves l join events o on o.seq = l.seq where l.seq in "
    ));
    sql.bind_filled(seqs.iter().copied()).push(" order by l.place");
    tx.all(sql.text(), sql.args(), |row| {
        let blind: Vec<u8> = row.get(WIDTH + 1)?;
        let event = Event::of(row)?.blinded(&blind);
        Ok(Sealed { leaf: unsigned(row.get(WIDTH)?)?, event })
    })
    .await
}

/// Tiles, as they are stored; those that are missing or damaged are left out.
pub(super) async fn tiles(tx: &mut Tx, places: &BTreeSet<Place>) -> Result<Tiles> {
    let places: Vec<Place> = places.iter().copied().collect();
    let mut tiles = Tiles::default();
    for some in places.chunk_by(|one, other| one.0 == other.0) {
        let level = some.first().map_or(0, |place| place.0);
        let of_level = some.iter().map(|place| signed(place.1)).collect::<Result<Vec<_>>>()?;
        let mut sql = Sql::new("select place, hashes from audit_tiles where level = ");
        sql.bind(level).push(" and place in ").bind_filled(of_level);
        let found: Vec<(i64, Vec<u8>)> =
            tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?))).await?;
        for (place, bytes) in found {
            if let Some(hashes) = tiles::hashes(&bytes) {
                tiles.0.insert((level, unsigned(place)?), hashes);
            }
        }
    }
    Ok(tiles)
}

/// Deletes what these events were blinded with.
pub(super) async fn let_go(tx: &mut Tx, seqs: &[i64]) -> Result<()> {
    let mut sql = Sql::new("delete from event_leaves where seq in ");
    sql.bind_filled(seqs.iter().copied());
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

fn unsigned(number: i64) -> Result<u64> {
    Ok(u64::try_from(number)?)
}

fn signed(number: u64) -> Result<i64> {
    Ok(i64::try_from(number)?)
}
