//! What is stored of a thing's properties beside the thing: those its type indexes, so that lists
//! run along them, and those no two things may share. An archived thing has neither: it is in no
//! list by its properties, and what it kept for itself is free.

use database::{Sql, Tx, Value, args};
use types::{Error, Field, GroupId, Result, ThingId};

use crate::ontology::prepare::{Indexed, Prepared};

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
    if prepared.values.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new(
        "insert into thing_values (thing_id, property, group_id, type, number, text) values ",
    );
    for (index, (property, value)) in prepared.values.iter().enumerate() {
        let (number, text) = match value {
            Indexed::Number(number) => (Some(*number), None),
            Indexed::Text(text) => (None, Some(text.as_str())),
        };
        sql.push(if index == 0 { "(" } else { ", (" }).bind(id);
        sql.push(", ").bind(property).push(", ").bind(group).push(", ").bind(kind);
        sql.push(", ").bind(Value::from(number)).push(", ").bind(Value::from(text)).push(")");
    }
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
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
    let rows = tx
        .run(
            "insert into thing_keys (group_id, type, property, value, thing_id) \
             values ($1, $2, $3, $4, $5) on conflict (group_id, type, property, value) do nothing",
            args![group, kind, property, value, id],
        )
        .await?;
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
