//! What somebody owns in groups of others, and what they wrote to groups: first what the log tells
//! of it, then what hangs on it, then itself. Each round removes some.

use database::seams::search;
use kernel::Work;
use kernel::erasure::{Arg, Rooms};
use kernel::events::NewEvent;
use kernel::usage::{self, Metric};
use serde_json::json;
use types::{GroupId, Json, Result};
use uuid::Uuid;

use super::sql;
use crate::events::erasing::remove_about;
use crate::knowledge;
use crate::things::sql::remember_private;

/// Rows of one kind removed in a round.
const MOST: i64 = 500;

/// Adds what becomes of it.
pub(super) fn erasing(rooms: Rooms) -> Rooms {
    rooms
        .rows(sql::LETTERS, &[Arg::Email], |work, _, ids| Box::pin(remove_things(work, ids)))
        .rows(sql::THINGS, &[Arg::Owner], |work, _, ids| Box::pin(remove_things(work, ids)))
        .rows(sql::REMOVED_THINGS, &[Arg::Owner], |work, _, ids| {
            Box::pin(remove_about(work, ids, MOST))
        })
        .rows(sql::CONNECTIONS, &[Arg::Owner], |work, _, ids| {
            Box::pin(remove_connections(work, ids))
        })
        .rows(sql::KNOWLEDGE, &[Arg::Owner], |work, _, ids| Box::pin(remove_knowledge(work, ids)))
}

async fn remove_things(work: &mut Work<'_>, ids: &[Uuid]) -> Result<i64> {
    let told = remove_about(work, ids, MOST).await?;
    if told > 0 {
        return Ok(told);
    }
    let connections = sql::connections_of(work.tx, ids, MOST).await?;
    if !connections.is_empty() {
        return remove_connections(work, &connections).await;
    }
    let made = sql::knowledge_of(work.tx, ids, MOST).await?;
    if !made.is_empty() {
        return remove_knowledge(work, &made).await;
    }
    sql::orphan(work.tx, ids).await?;
    remember_private(work.tx, ids.iter().copied()).await?;
    let gone = sql::delete_things(work.tx, ids).await?;
    search::remove_all(work.tx, ids).await?;
    knowledge::rules::give_back(work, gone.iter().map(|one| (one.group, one.bytes)).collect())
        .await?;
    for one in &gone {
        usage::take(work, one.group, Metric::Things, -1).await?;
        // Whatever follows the log learns that it is not there any more.
        let metadata = Json::of(&json!({ "type": one.kind, "reason": "person_erased" }))?;
        let event = NewEvent::new(one.group, "thing_deleted", Some(one.id.into()), &metadata);
        work.record(event.about(&one.visibility, one.owner)).await?;
    }
    Ok(i64::try_from(gone.len())?)
}

async fn remove_connections(work: &mut Work<'_>, ids: &[Uuid]) -> Result<i64> {
    let told = remove_about(work, ids, MOST).await?;
    if told > 0 {
        return Ok(told);
    }
    let mut groups = sql::delete_connections(work.tx, ids).await?;
    groups.sort_unstable();
    for of_one in groups.chunk_by(|one, other| one == other) {
        take(work, of_one).await?;
    }
    Ok(i64::try_from(groups.len())?)
}

async fn take(work: &mut Work<'_>, of_one: &[GroupId]) -> Result<()> {
    let Some(group) = of_one.first() else { return Ok(()) };
    usage::take(work, *group, Metric::Connections, -i64::try_from(of_one.len())?).await
}

async fn remove_knowledge(work: &mut Work<'_>, ids: &[Uuid]) -> Result<i64> {
    let told = remove_about(work, ids, MOST).await?;
    if told > 0 {
        return Ok(told);
    }
    let gone = sql::delete_knowledge(work.tx, ids).await?;
    let count = i64::try_from(gone.len())?;
    knowledge::rules::give_back(work, gone).await?;
    search::remove_all(work.tx, ids).await?;
    Ok(count)
}
