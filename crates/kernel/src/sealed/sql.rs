//! The statements about checkpoints and deletions. All of it is the house's own.

use database::{Row, Sql, Tx, Value, args};
use types::{Result, Time};

use super::entry::{Event, WIDTH};
use super::note::Hash;
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
    /// How many leaves the tree has that it is of.
    pub size: u64,
    /// The first of its leaves.
    pub leaf: u64,
    /// The signed note.
    pub note: String,
}

pub(super) async fn insert(tx: &mut Tx, deletion: &Deletion, now: Time) -> Result<()> {
    tx.run(
        "insert into audit_deletions (size, leaf, note, created_at) values ($1, $2, $3, $4)",
        args![signed(deletion.size)?, signed(deletion.leaf)?, &deletion.note, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, deletion: &Deletion) -> Result<()> {
    tx.run(
        "update audit_deletions set note = $3 where size = $1 and leaf = $2",
        args![signed(deletion.size)?, signed(deletion.leaf)?, &deletion.note],
    )
    .await?;
    Ok(())
}

/// Deletions behind one, by size and leaf, in that order.
///
/// # Errors
/// As the store.
pub async fn deletions(
    tx: &mut Tx,
    behind: Option<(u64, u64)>,
    limit: i64,
) -> Result<Vec<Deletion>> {
    let (size, leaf) = match behind {
        Some((size, leaf)) => (signed(size)?, signed(leaf)?),
        None => (-1, -1),
    };
    tx.all(
        "select size, leaf, note from audit_deletions where (size, leaf) > ($1, $2) \
         order by size, leaf limit $3",
        args![size, leaf, limit],
        |row| {
            let (size, leaf) = (unsigned(row.get(0)?)?, unsigned(row.get(1)?)?);
            Ok(Deletion { size, leaf, note: row.get(2)? })
        },
    )
    .await
}

/// An event with its leaf.
pub(super) struct Sealed {
    pub(super) leaf: u64,
    /// What was sealed.
    pub(super) hash: Hash,
    /// What is there.
    pub(super) event: Event,
}

/// Those of these events that are sealed, by their leaves.
pub(super) async fn sealed(tx: &mut Tx, seqs: &[i64]) -> Result<Vec<Sealed>> {
    let mut sql = Sql::new(concat!(
        "select ",
        event_columns!(),
        ", l.place, l.blind, substr(t.hashes, cast(l.place % 256 * 32 + 1 as integer), 32) \
         from event_leaves l join events o on o.seq = l.seq \
         left join audit_tiles t on t.level = 0 and t.place = l.place / 256 where l.seq in "
    ));
    sql.bind_list(filled(seqs)).push(" order by l.place");
    tx.all(sql.text(), sql.args(), |row| {
        let blind: Vec<u8> = row.get(WIDTH + 1)?;
        // What is missing or damaged is no hash of anything.
        let hash: Option<Vec<u8>> = row.get(WIDTH + 2)?;
        let hash = hash.and_then(|hash| hash.try_into().ok()).unwrap_or_default();
        let event = Event::of(row)?.blinded(&blind);
        Ok(Sealed { leaf: unsigned(row.get(WIDTH)?)?, hash, event })
    })
    .await
}

/// Deletes what these events were blinded with.
pub(super) async fn let_go(tx: &mut Tx, seqs: &[i64]) -> Result<()> {
    let mut sql = Sql::new("delete from event_leaves where seq in ");
    sql.bind_list(filled(seqs));
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

/// Few lengths of lists, so few statements to prepare: the last one fills up.
fn filled(seqs: &[i64]) -> impl ExactSizeIterator<Item = Value<'_>> {
    let length = if seqs.is_empty() { 0 } else { seqs.len().next_power_of_two() };
    (0..length).map(|at| Value::Int(seqs.get(at).or(seqs.last()).copied().unwrap_or_default()))
}

fn unsigned(number: i64) -> Result<u64> {
    Ok(u64::try_from(number)?)
}

fn signed(number: u64) -> Result<i64> {
    Ok(i64::try_from(number)?)
}
