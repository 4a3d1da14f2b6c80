//! What is stored of a thing's properties beside the thing: those its type indexes, so that lists
//! run along them, and those no two things may share. An archived thing has neither: it is in no
//! list by its properties, and what it kept for itself is free.

use database::{Tx, Value, args};
use types::{Error, Field, GroupId, Json, Result, ThingId};

use super::model::Thing;
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
    let rows: Vec<_> = values(id, group, kind, prepared).collect();
    tx.insert_each(VALUES, "", WIDTH, &rows).await?;
    Ok(())
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
    let rows: Vec<_> = things
        .flat_map(|(thing, prepared)| values(thing.id, thing.group_id, &thing.kind, prepared))
        .collect();
    tx.insert_each(VALUES, "", WIDTH, &rows).await?;
    Ok(())
}

const VALUES: &str =
    "insert into thing_values (thing_id, property, group_id, type, number, text) values ";
/// Columns of [`VALUES`].
const WIDTH: usize = 6;

fn values<'a>(
    id: ThingId,
    group: GroupId,
    kind: &'a str,
    prepared: &'a Prepared,
) -> impl Iterator<Item = Value<'a>> {
    prepared.values.iter().flat_map(move |(property, value)| {
        let (number, text) = match value {
            Indexed::Number(number) => (Some(*number), None),
            Indexed::Text(text) => (None, Some(text.as_str())),
        };
        [id.into(), property.into(), group.into(), kind.into(), number.into(), text.into()]
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
