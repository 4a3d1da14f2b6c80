//! The statements of import. They look across groups: the house itself imports.

use database::{Tx, args};
use types::{GroupId, Json, KnowledgeId, PersonId, Result, ThingId, Time};
use uuid::Uuid;

use super::line::{KnowledgeLine, PersonLine};
use crate::ontology::model::Dimension;

/// Who sees a thing.
pub(super) async fn sight(tx: &mut Tx, id: ThingId) -> Result<Option<(String, Option<PersonId>)>> {
    tx.maybe("select visibility, owner_id from things where id = $1", args![id], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .await
}

pub(super) async fn exists(tx: &mut Tx, table: &'static str, id: Uuid) -> Result<bool> {
    let sql = match table {
        "groups" => "select 1 from groups where id = $1",
        "people" => "select 1 from people where id = $1",
        _ => "select 1 from things where id = $1",
    };
    Ok(tx.maybe(sql, args![id], |_| Ok(())).await?.is_some())
}

pub(super) async fn platform(tx: &mut Tx) -> Result<Option<GroupId>> {
    tx.maybe("select id from groups where slug = 'platform'", &[], |row| row.get(0)).await
}

pub(super) async fn definition(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
) -> Result<Option<Json>> {
    tx.maybe(
        "select definition from registered_types \
         where group_id = $1 and dimension = $2 and name = $3",
        args![group, dimension.name(), name],
        |row| row.get(0),
    )
    .await
}

pub(super) async fn insert_person(tx: &mut Tx, line: &PersonLine, now: Time) -> Result<()> {
    let metadata = Json::of(&line.metadata)?;
    tx.run(
        "insert into people (id, email, username, display_name, bio, avatar, metadata, version, \
         created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            line.id,
            &line.email,
            &line.username,
            &line.display_name,
            &line.bio,
            &line.avatar,
            &metadata,
            line.version.unwrap_or(1).cast_signed(),
            line.created_at.unwrap_or(now),
            line.updated_at.unwrap_or(now)
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn group_of_knowledge(tx: &mut Tx, id: KnowledgeId) -> Result<Option<GroupId>> {
    tx.maybe("select group_id from knowledge where id = $1", args![id], |row| row.get(0)).await
}

pub(super) async fn insert_knowledge(
    tx: &mut Tx,
    id: KnowledgeId,
    line: &KnowledgeLine,
    visibility: &str,
    owner: Option<PersonId>,
    hash: Option<Vec<u8>>,
    now: Time,
) -> Result<bool> {
    let (labels, metadata) = (Json::of(&line.labels)?, Json::of(&line.metadata)?);
    let chunk = line.chunk.as_ref().map(Json::of).transpose()?;
    let rows = tx
        .run(
            "insert into knowledge (id, group_id, type, text, source_thing_id, chunk, labels, \
             metadata, content_hash, deprecated, visibility, owner_id, created_at, updated_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
             on conflict (id) do nothing",
            args![
                id,
                line.group_id,
                &line.r#type,
                &line.text,
                line.source_thing_id,
                &chunk,
                &labels,
                &metadata,
                hash.as_deref(),
                line.deprecated,
                visibility,
                owner,
                line.created_at.unwrap_or(now),
                line.updated_at.unwrap_or(now)
            ],
        )
        .await?;
    Ok(rows == 1)
}
