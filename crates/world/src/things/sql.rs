//! The statements about things.

use database::{Row, Sql, Tx, Value, args};
use types::{GroupId, Json, Result, ThingId};
use uuid::Uuid;

use super::content;
use super::model::{Status, Thing, Tier, Visibility};

macro_rules! columns {
    () => {
        "o.id, o.group_id, o.parent_id, o.type, o.name, o.properties, o.status, o.owner_id, \
         o.visibility, o.tier, o.version, o.deleted_at, o.created_at, o.updated_at"
    };
}

/// What whoever loses to others is told.
pub(super) const CHANGED: &str = "This thing is being changed by others; try again.";

/// Lists over the table.
pub(super) const HEAD: &str = concat!("select ", columns!(), " from things o where 1 = 1");
/// Lists along the index of a property, with what is sorted by: nothing else that the index does
/// not hold, or each entry would be looked up in its table. `cross join` keeps the order of the two
/// on SQLite.
macro_rules! along {
    ($value:literal) => {
        concat!(
            "select ",
            columns!(),
            $value,
            " from thing_values v cross join things o where o.id = v.thing_id"
        )
    };
}
pub(super) const ALONG: &str = along!("");
pub(super) const ALONG_NUMBERS: &str = along!(", v.number");
pub(super) const ALONG_TEXTS: &str = along!(", v.text");
/// The same over few rows, which the index of another property `w` leaves.
macro_rules! few {
    ($value:literal) => {
        concat!(
            "select ",
            columns!(),
            $value,
            " from thing_values w cross join thing_values v cross join things o \
             where v.thing_id = w.thing_id and o.id = w.thing_id"
        )
    };
}
pub(super) const FEW_NUMBERS: &str = few!(", v.number");
pub(super) const FEW_TEXTS: &str = few!(", v.text");
/// Lists over few rows of the table.
pub(super) const HEAD_FEW: &str = concat!(
    "select ",
    columns!(),
    " from thing_values w cross join things o where o.id = w.thing_id"
);
const FIND: &str = concat!("select ", columns!(), " from things o where o.id = $1");

/// Reads a thing from the first 14 columns.
pub(super) fn thing(row: &Row<'_>) -> Result<Thing> {
    Ok(Thing {
        id: row.get(0)?,
        group_id: row.get(1)?,
        parent_id: row.get(2)?,
        kind: row.get(3)?,
        name: row.get(4)?,
        properties: row.get(5)?,
        status: Status::stored(row.text(6)?)?,
        owner_id: row.get(7)?,
        visibility: Visibility::stored(row.text(8)?)?,
        tier: Tier::stored(row.text(9)?)?,
        version: row.get::<i64>(10)?.unsigned_abs(),
        deleted_at: row.get(11)?,
        created_at: row.get(12)?,
        updated_at: row.get(13)?,
    })
}

/// Looks across groups: whoever asks must check what the caller may see of it.
pub(super) async fn find(tx: &mut Tx, id: ThingId) -> Result<Option<Thing>> {
    tx.maybe(FIND, args![id], thing).await
}

/// The write-only properties, for who changes them; nothing that answers reads them.
pub(super) async fn hidden(tx: &mut Tx, id: ThingId) -> Result<Option<Json>> {
    let found =
        tx.maybe("select hidden from things where id = $1", args![id], |row| row.get(0)).await?;
    Ok(found.flatten())
}

pub(super) async fn set_hidden(tx: &mut Tx, id: ThingId, hidden: &Option<Json>) -> Result<()> {
    tx.run("update things set hidden = $2 where id = $1", args![id, hidden]).await?;
    Ok(())
}

/// Things that are of this type by the definition of `group`, with their write-only properties: in
/// it or below, where no nearer group has a definition of its own.
pub(crate) async fn of_type(
    tx: &mut Tx,
    group: GroupId,
    kind: &str,
    after: Option<ThingId>,
    limit: i64,
) -> Result<Vec<(Thing, Option<Json>)>> {
    let mut sql = Sql::new(concat!(
        "select ",
        columns!(),
        ", o.hidden from group_ancestors a join things o on o.group_id = a.group_id \
         where not exists (select 1 from registered_types r \
         join group_ancestors b on b.ancestor_id = r.group_id where b.group_id = o.group_id \
         and b.depth < a.depth and r.dimension = 'thing' and r.name = o.type)",
    ));
    sql.and_equals("a.ancestor_id", Some(group)).and_equals("o.type", Some(kind));
    if let Some(after) = after {
        sql.push(" and o.id > ").bind(after);
    }
    sql.push(" order by o.id limit ").bind(limit);
    tx.all(sql.text(), sql.args(), |row| Ok((thing(row)?, row.get(14)?))).await
}

macro_rules! insert {
    () => {
        "insert into things (id, group_id, parent_id, type, name, properties, status, owner_id, \
         visibility, tier, version, created_at, updated_at, deleted_at, hidden, bytes) \
         values "
    };
}
const INSERT: &str = insert!();
const UNLESS_THERE: &str = " on conflict (id) do nothing";
macro_rules! insert_one {
    ($unless:literal) => {
        concat!(
            insert!(),
            "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            $unless
        )
    };
}
const INSERT_NEW: &str = insert_one!("");
const INSERT_ONE: &str = insert_one!(" on conflict (id) do nothing");

/// Under an id that was made just now.
pub(super) async fn insert_new(tx: &mut Tx, thing: &Thing, hidden: &Option<Json>) -> Result<()> {
    tx.run_later(INSERT_NEW, &inserted(thing, hidden)).await
}

/// False when the id is taken.
pub(super) async fn insert(tx: &mut Tx, thing: &Thing, hidden: &Option<Json>) -> Result<bool> {
    Ok(tx.run(INSERT_ONE, &inserted(thing, hidden)).await? == 1)
}

/// False when an id is taken.
pub(super) async fn insert_all<'a>(
    tx: &mut Tx,
    things: impl Iterator<Item = (&'a Thing, &'a Option<Json>)>,
) -> Result<bool> {
    let rows: Vec<_> = things.flat_map(|(thing, hidden)| inserted(thing, hidden)).collect();
    let made = tx.insert_each(INSERT, UNLESS_THERE, COLUMNS, &rows).await?;
    Ok(usize::try_from(made)? * COLUMNS == rows.len())
}

/// Columns of a new row.
const COLUMNS: usize = 16;

fn inserted<'a>(thing: &'a Thing, hidden: &'a Option<Json>) -> [Value<'a>; COLUMNS] {
    [
        thing.id.into(),
        thing.group_id.into(),
        thing.parent_id.into(),
        (&thing.kind).into(),
        (&thing.name).into(),
        (&thing.properties).into(),
        thing.status.name().into(),
        thing.owner_id.into(),
        thing.visibility.name().into(),
        thing.tier.name().into(),
        thing.version.cast_signed().into(),
        thing.created_at.into(),
        thing.updated_at.into(),
        thing.deleted_at.into(),
        hidden.into(),
        content::bytes(&thing.properties, hidden.as_ref()).into(),
    ]
}

/// Those of `ids` that are taken, in whichever group.
pub(super) async fn there(tx: &mut Tx, ids: &[ThingId]) -> Result<Vec<ThingId>> {
    let mut sql = Sql::new("select id from things where id in ");
    sql.bind_filled(ids.iter().copied());
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// The thing of a type in a group that has this value for itself.
pub(super) async fn with_key(
    tx: &mut Tx,
    group: GroupId,
    kind: &str,
    property: &str,
    value: &str,
) -> Result<Option<ThingId>> {
    tx.maybe(
        "select thing_id from thing_keys \
         where group_id = $1 and type = $2 and property = $3 and value = $4",
        args![group, kind, property, value],
        |row| row.get(0),
    )
    .await
}

/// What a thing counts for in `storageBytes`.
pub(super) async fn bytes(tx: &mut Tx, id: ThingId) -> Result<i64> {
    let sql = "select bytes from things where id = $1";
    let bytes = tx.maybe(sql, args![id], |row| row.get(0)).await?;
    bytes.ok_or_else(|| tx.lost(CHANGED))
}

/// Writes what can change, one version on from `before`, and with the properties what they count
/// for; false when somebody was faster.
pub(super) async fn update(
    tx: &mut Tx,
    thing: &Thing,
    before: u64,
    bytes: Option<i64>,
) -> Result<bool> {
    let rows = tx
        .run(
            "update things set parent_id = $3, name = $4, properties = $5, status = $6, \
             visibility = $7, version = $8, updated_at = $9, deleted_at = $10, \
             bytes = coalesce($11, bytes) where id = $1 and version = $2",
            args![
                thing.id,
                before.cast_signed(),
                thing.parent_id,
                &thing.name,
                &thing.properties,
                thing.status.name(),
                thing.visibility.name(),
                thing.version.cast_signed(),
                thing.updated_at,
                thing.deleted_at,
                bytes
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Tells what it counted for.
pub(super) async fn delete(tx: &mut Tx, id: ThingId) -> Result<i64> {
    remember_private(tx, [id.0]).await?;
    let sql = "delete from things where id = $1 returning bytes";
    let bytes = tx.maybe(sql, args![id], |row| row.get(0)).await?;
    bytes.ok_or_else(|| tx.lost(CHANGED))
}

/// What the log told of these things stays bounded when they are gone: those that are private are
/// remembered as such.
pub(crate) async fn remember_private(
    tx: &mut Tx,
    things: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    let mut sql = Sql::new(
        "insert into removed_things (id, owner_id) \
         select id, owner_id from things where visibility = 'private' and id in ",
    );
    sql.bind_list(things).push(" on conflict (id) do update set owner_id = excluded.owner_id");
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

pub(super) async fn has_children(tx: &mut Tx, id: ThingId) -> Result<bool> {
    let child = tx
        .maybe("select 1 from things where parent_id = $1 limit 1", args![id], |_| Ok(()))
        .await?;
    Ok(child.is_some())
}

/// A thing and what it belongs to, from it upwards; at most `limit` of them.
pub(super) async fn line_of(tx: &mut Tx, id: ThingId, limit: usize) -> Result<Vec<ThingId>> {
    let limit = i64::try_from(limit)?;
    tx.all(
        "with recursive up (id, parent_id, depth) as (\
           select t.id, t.parent_id, 1 from things t where t.id = $1 \
           union all \
           select t.id, t.parent_id, up.depth + 1 from up join things t on t.id = up.parent_id \
           where up.depth < $2) \
         select id from up order by depth",
        args![id, limit],
        |row| row.get(0),
    )
    .await
}
