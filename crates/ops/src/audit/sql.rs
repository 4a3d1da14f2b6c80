//! The statements about the sealed log. All of it is the house's own.

use database::seams::tail::{self, Position};
use database::{Sql, Tx, Value, args};
use kernel::event_columns;
use kernel::sealed::tiles::{self, LEVELS, Place, Tile};
use kernel::sealed::tree::Hash;
use kernel::sealed::{Event, Head, WIDTH};
use types::{EventId, Result, Time};

use super::check::Seen;

/// The follower of the log.
pub(super) const NAME: &str = "audit";

fn unsigned(number: i64) -> Result<u64> {
    Ok(u64::try_from(number)?)
}

fn signed(number: u64) -> Result<i64> {
    Ok(i64::try_from(number)?)
}

/// Checkpoints of more leaves than that, the smallest first.
pub(super) async fn checkpoints_from(tx: &mut Tx, size: u64, limit: i64) -> Result<Vec<Head>> {
    let sql = "select size, note, created_at from audit_checkpoints where size > $1 \
               order by size limit $2";
    tx.all(sql, args![signed(size)?, limit], Head::of).await
}

/// Checkpoints of fewer leaves than that, the largest first.
pub(super) async fn checkpoints_before(
    tx: &mut Tx,
    size: Option<i64>,
    limit: i64,
) -> Result<Vec<Head>> {
    let sql = "select size, note, created_at from audit_checkpoints where size < $1 \
               order by size desc limit $2";
    tx.all(sql, args![size.unwrap_or(i64::MAX), limit], Head::of).await
}

pub(super) async fn insert_checkpoint(tx: &mut Tx, size: u64, note: &str, now: Time) -> Result<()> {
    tx.run(
        "insert into audit_checkpoints (size, note, created_at) values ($1, $2, $3)",
        args![signed(size)?, note, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn update_checkpoint(tx: &mut Tx, size: u64, note: &str) -> Result<()> {
    tx.run("update audit_checkpoints set note = $2 where size = $1", args![signed(size)?, note])
        .await?;
    Ok(())
}

/// A note with more than one signature, by which an old key vouches for the one after it: such a
/// checkpoint stays.
const VOUCHES: &str = "%\n\u{2014} %\n\u{2014} %";

/// Forgets the checkpoints between two moments that are of fewer leaves than the last one.
pub(super) async fn thin_out(tx: &mut Tx, from: Time, to: Time, last: u64) -> Result<()> {
    tx.run(
        "delete from audit_checkpoints where created_at >= $1 and created_at < $2 and size < $3 \
         and note not like $4",
        args![from, to, signed(last)?, VOUCHES],
    )
    .await?;
    Ok(())
}

/// Forgets one checkpoint.
pub(super) async fn delete_checkpoint(tx: &mut Tx, size: u64) -> Result<()> {
    tx.run(
        "delete from audit_checkpoints where size = $1 and note not like $2",
        args![signed(size)?, VOUCHES],
    )
    .await?;
    Ok(())
}

/// The public keys that checkpoints are and were signed with.
pub(super) async fn keys(tx: &mut Tx) -> Result<Vec<String>> {
    tx.all("select key from audit_keys order by created_at, key limit 1000", &[], |row| row.get(0))
        .await
}

pub(super) async fn insert_key(tx: &mut Tx, key: &str, now: Time) -> Result<()> {
    tx.run(
        "insert into audit_keys (key, created_at) values ($1, $2) on conflict (key) do nothing",
        args![key, now],
    )
    .await?;
    Ok(())
}

const UNSEALED: &str = concat!(
    event_columns!(),
    ", cast(case when exists (select 1 from event_leaves l where l.seq = o.seq) then 1 else 0 end \
     as bigint)"
);

/// Events behind a position, in commit order; none for one that has a leaf already.
pub(super) async fn after(
    tx: &mut Tx,
    position: Position,
    limit: i64,
) -> Result<Vec<(Position, Option<Event>)>> {
    let width = WIDTH + 1;
    tail::after(tx, UNSEALED, width, position, limit, |row| {
        let has_leaf = row.get::<i64>(WIDTH)? == 1;
        if has_leaf { Ok(None) } else { Event::of(row).map(Some) }
    })
    .await
}

/// Notes the leaves of events.
pub(super) async fn insert_leaves(
    tx: &mut Tx,
    first: u64,
    leaves: &[(i64, [u8; 16])],
) -> Result<()> {
    let mut rows = Vec::with_capacity(leaves.len() * 3);
    for (place, (seq, blind)) in (signed(first)?..).zip(leaves) {
        rows.extend([Value::Int(*seq), Value::Int(place), Value::Bytes(blind)]);
    }
    tx.insert_each("insert into event_leaves (seq, place, blind) values ", "", 3, &rows).await?;
    Ok(())
}

/// The leaf of an event that is there.
pub(super) async fn leaf_of(tx: &mut Tx, id: EventId) -> Result<Option<u64>> {
    let sql = "select l.place from event_leaves l join events e on e.seq = l.seq where e.id = $1";
    let found = tx.maybe(sql, args![id], |row| row.get::<i64>(0)).await?;
    found.map(unsigned).transpose()
}

const LEAVES: &str = concat!(
    "select ",
    event_columns!(),
    ", l.place, l.seq, l.blind from event_leaves l left join events o on o.seq = l.seq \
     where l.place >= $1 and l.place < $2 order by l.place"
);

/// The leaves of a tile whose events are there, or should be.
pub(super) async fn leaves(tx: &mut Tx, from: u64, to: u64) -> Result<Vec<(u64, Seen)>> {
    tx.all(LEAVES, args![signed(from)?, signed(to)?], |row| {
        let (place, seq): (i64, i64) = (row.get(WIDTH)?, row.get(WIDTH + 1)?);
        let blind = row.get::<Vec<u8>>(WIDTH + 2);
        let seen = match (row.get::<Option<i64>>(0), Event::of(row), blind) {
            (Ok(None), _, _) => Seen::Missing(seq),
            (_, Ok(event), Ok(blind)) => Seen::Event(Box::new(event.blinded(&blind))),
            _ => Seen::Damaged(Some(seq)),
        };
        Ok((unsigned(place)?, seen))
    })
    .await
}

/// The event of a leaf, blinded as it was sealed; none, if it is gone.
pub(super) async fn entry(tx: &mut Tx, leaf: u64) -> Result<Option<Event>> {
    let mut found = leaves(tx, leaf, leaf.saturating_add(1)).await?;
    Ok(found.pop().and_then(|(_, seen)| match seen {
        Seen::Event(event) => Some(*event),
        _ => None,
    }))
}

/// How many leaves are noted from a place on.
pub(super) async fn leaves_from(tx: &mut Tx, place: u64) -> Result<u64> {
    let sql = "select count(*) from event_leaves where place >= $1";
    unsigned(tx.one(sql, args![signed(place)?], |row| row.get(0)).await?)
}

/// The hashes of a tile, as they are stored; none where there is none.
pub(super) async fn tile(tx: &mut Tx, (level, place): Place) -> Result<Option<Vec<u8>>> {
    let sql = "select hashes from audit_tiles where level = $1 and place = $2";
    tx.maybe(sql, args![level, signed(place)?], |row| row.get(0)).await
}

/// How many tiles each level has.
pub(super) async fn tile_counts(tx: &mut Tx) -> Result<Vec<(i64, u64)>> {
    let sql = "select level, count(*) from audit_tiles group by level order by level limit 100";
    tx.all(sql, &[], |row| Ok((row.get(0)?, unsigned(row.get(1)?)?))).await
}

/// The last tiles of a tree of this size; one that is damaged is as empty as one that is missing.
pub(super) async fn last_tiles(tx: &mut Tx, size: u64) -> Result<[Vec<Hash>; LEVELS]> {
    let mut last: [Vec<Hash>; LEVELS] = std::array::from_fn(|_| Vec::new());
    for (level, hashes) in (0..).zip(&mut last) {
        if tiles::width(size, level) > 0
            && let Some(bytes) = tile(tx, (level, tiles::count(size, level + 1))).await?
        {
            *hashes = tiles::hashes(&bytes).unwrap_or_default();
        }
    }
    Ok(last)
}

pub(super) async fn put_tile(tx: &mut Tx, tile: &Tile) -> Result<()> {
    let bytes = tile.hashes.as_flattened();
    tx.run(
        "insert into audit_tiles (level, place, hashes) values ($1, $2, $3) \
         on conflict (level, place) do update set hashes = excluded.hashes",
        args![tile.level, signed(tile.place)?, bytes],
    )
    .await?;
    Ok(())
}

const NO_LEAF: &str = " from events o where not exists \
                       (select 1 from event_leaves l where l.seq = o.seq)";

/// Events without a leaf that the sealer has passed.
pub(super) async fn passed_over(tx: &mut Tx, at: Position, limit: i64) -> Result<Vec<i64>> {
    let mut sql = Sql::new("select o.seq");
    sql.push(NO_LEAF);
    tail::up_to(tx, &mut sql, at);
    sql.push(" order by o.seq limit ").bind(limit);
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// How many events there are without a leaf.
pub(super) async fn waiting(tx: &mut Tx) -> Result<u64> {
    let mut sql = Sql::new("select count(*)");
    sql.push(NO_LEAF);
    unsigned(tx.one(sql.text(), sql.args(), |row| row.get(0)).await?)
}

/// Whether the schema knows of any of this.
pub(super) async fn is_known(tx: &mut Tx) -> Result<bool> {
    let sql = "select count(*) from migrations where name = '0037_audit_deletions'";
    Ok(tx.one(sql, &[], |row| row.get::<i64>(0)).await? == 1)
}
