//! What is stored of a thing's properties beside the thing: those its type indexes, so that lists
//! run along them, and those no two things may share. An archived thing has neither: it is in no
//! list by its properties, and what it kept for itself is free.

use database::{Engine, Tx, Value, args};
use types::{Error, Field, GroupId, Json, Result, ThingId};

use super::model::Thing;
use super::others;
use crate::ontology::prepare::{Indexed, Prepared};

/// What a thing counts for in `storageBytes`: its properties, the hidden ones too, as they are
/// written. Without any it takes nothing.
pub(super) fn bytes(properties: &Json, hidden: Option<&Json>) -> i64 {
    let written = |json: &Json| match json.as_str() {
        "{}" => 0,
        text => i64::try_from(text.len()).unwrap_or(i64::MAX),
    };
    written(properties).saturating_add(hidden.map_or(0, written))
}

/// Stores what the type of a thing indexes and keeps unique; for most types nothing.
///
/// # Errors
/// 409 `duplicate_key` when another thing of the group has the same value, with its pointer.
pub(crate) async fn store_content(
    tx: &mut Tx,
    id: ThingId,
    group: GroupId,
    kind: &str,
    prepared: &Prepared,
) -> Result<()> {
    for (property, value) in &prepared.keys {
        if !take_key(tx, id, group, kind, (property, value)).await? {
            return Err(duplicate(property));
        }
    }
    let others = others::of(&prepared.values)?;
    let rows: Vec<_> = values(id, group, kind, prepared, &others).collect();
    insert_values(tx, &rows).await
}

/// The same for many new things at once.
///
/// # Errors
/// 409 `duplicate_key` when one of them has the same value as another thing: which one, shows when
/// they are stored one by one.
pub(crate) async fn store_contents<'a>(
    tx: &mut Tx,
    things: impl Iterator<Item = (&'a Thing, &'a Prepared)> + Clone,
) -> Result<()> {
    let keys = things.clone().flat_map(|(thing, prepared)| {
        let keys = prepared.keys.iter();
        keys.flat_map(move |(name, value)| key(thing.id, thing.group_id, &thing.kind, name, value))
    });
    let keys: Vec<_> = keys.collect();
    let made = tx.insert_each(KEYS, UNLESS_TAKEN, KEY_WIDTH, &keys).await?;
    if usize::try_from(made)? * KEY_WIDTH != keys.len() {
        return Err(duplicate("key"));
    }
    let others = things.clone().map(|(_, prepared)| others::of(&prepared.values));
    let others = others.collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> = things
        .zip(&others)
        .flat_map(|((thing, prepared), others)| {
            values(thing.id, thing.group_id, &thing.kind, prepared, others)
        })
        .collect();
    insert_values(tx, &rows).await
}

macro_rules! insert_values {
    ($rows:literal) => {
        concat!(
            "insert into thing_values \
             (thing_id, property, group_id, type, number, text, others) ",
            $rows
        )
    };
}
/// Columns of `insert_values`.
const WIDTH: usize = 7;

async fn insert_values(tx: &mut Tx, rows: &[Value<'_>]) -> Result<()> {
    let (head, tail) = match tx.engine() {
        // Packed, it is read without being parsed, as any JSON is on PostgreSQL.
        Engine::Sqlite => (
            insert_values!(
                "select column1, column2, column3, column4, column5, column6, jsonb(column7) \
                 from (values "
            ),
            ")",
        ),
        Engine::Postgres => (insert_values!("values "), ""),
    };
    tx.insert_each(head, tail, WIDTH, rows).await?;
    Ok(())
}

fn values<'a>(
    id: ThingId,
    group: GroupId,
    kind: &'a str,
    prepared: &'a Prepared,
    others: &'a [Option<Json>],
) -> impl Iterator<Item = Value<'a>> {
    prepared.values.iter().zip(others).flat_map(move |((property, value), others)| {
        let (number, text) = match value {
            Indexed::Number(number) => (Some(*number), None),
            Indexed::Text(text) => (None, Some(text.as_str())),
        };
        [
            id.into(),
            property.into(),
            group.into(),
            kind.into(),
            number.into(),
            text.into(),
            others.into(),
        ]
    })
}

const KEYS: &str = "insert into thing_keys (group_id, type, property, value, thing_id) values ";
const UNLESS_TAKEN: &str = " on conflict (group_id, type, property, value) do nothing";
/// Columns of [`KEYS`].
const KEY_WIDTH: usize = 5;

fn key<'a>(
    id: ThingId,
    group: GroupId,
    kind: &'a str,
    property: &'a str,
    value: &'a str,
) -> [Value<'a>; KEY_WIDTH] {
    [group.into(), kind.into(), property.into(), value.into(), id.into()]
}

/// Removes what [`store_content`] stored.
///
/// # Errors
/// As [`Tx::run`].
pub(crate) async fn clear_content(tx: &mut Tx, id: ThingId) -> Result<()> {
    tx.run("delete from thing_values where thing_id = $1", args![id]).await?;
    tx.run("delete from thing_keys where thing_id = $1", args![id]).await?;
    Ok(())
}

/// False when another thing has the value; writers at the same time wait for each other here, so
/// one of them gets it.
async fn take_key(
    tx: &mut Tx,
    id: ThingId,
    group: GroupId,
    kind: &str,
    (property, value): (&str, &str),
) -> Result<bool> {
    let row = key(id, group, kind, property, value);
    let rows = tx.insert_each(KEYS, UNLESS_TAKEN, KEY_WIDTH, &row).await?;
    Ok(rows == 1)
}

fn duplicate(property: &str) -> Error {
    let message = "is the same as another thing's of this type in the group.";
    Error::conflict(
        "duplicate_key",
        format!("`{property}` {message} Choose another value, or change that thing."),
    )
    .about(vec![Field {
        pointer: format!("/properties/{}", property.replace('~', "~0").replace('/', "~1")),
        code: "duplicate_key".into(),
        message: message.to_owned(),
    }])
}
