//! The statements about knowledge.

use database::{Row, Sql, Tx, args};
use filter::Given;
use kernel::access::Scope;
use types::{GroupId, KnowledgeId, PersonId, Result, ThingId, Time};

use super::model::{Knowledge, KnowledgeFilter, KnowledgeRole, KnowledgeType};
use super::rules::{SHOWN, carries};
use crate::listing::{Ask, Found, Names};

/// Hashes asked for at once.
const BATCH: usize = 512;

macro_rules! columns {
    ($text:literal) => {
        concat!(
            "select o.id, o.group_id, o.type, ",
            $text,
            " as text, o.source_thing_id, o.chunk, o.labels, o.metadata, o.content_hash, \
             o.deprecated, o.visibility, o.owner_id, o.created_at, o.updated_at from "
        )
    };
}

macro_rules! select {
    ($text:literal) => {
        concat!(columns!($text), "knowledge o")
    };
}

const LIST: &str = concat!(select!("substr(o.text, 1, 8192)"), " where 1 = 1");
/// The same with whole texts, for exports.
const WHOLE: &str = concat!(select!("o.text"), " where 1 = 1");
const LIST_OF: &str = concat!(
    columns!("substr(o.text, 1, 8192)"),
    "(select k.knowledge_id as id from thing_knowledge k where k.thing_id = "
);
const FIND: &str = concat!(select!("o.text"), " where o.id = $1");
const FIND_LABEL: &str =
    concat!(select!("o.text"), " where o.group_id = $1 and o.type = 'label' and o.text = $2");
const CHUNKS_OF: &str = concat!(
    select!("o.text"),
    " where o.source_thing_id = $1 and o.type = 'chunk' and o.chunk is not null order by o.id"
);
const CHUNKS_BY_HASH: &str = concat!(
    select!("o.text"),
    " where o.type = 'chunk' and o.source_thing_id is null and o.group_id = "
);

const _: () = assert!(SHOWN == 8192, "LIST says how much of a text it shows");

fn knowledge(row: &Row<'_>) -> Result<Knowledge> {
    let hash: Option<Vec<u8>> = row.get(8)?;
    Ok(Knowledge {
        id: row.get(0)?,
        group_id: row.get(1)?,
        kind: KnowledgeType::stored(row.text(2)?)?,
        text: row.get(3)?,
        source_thing_id: row.get(4)?,
        chunk: row.get(5)?,
        labels: row.get(6)?,
        metadata: row.get(7)?,
        content_hash: hash.map(|bytes| super::rules::hex(&bytes)),
        deprecated: row.get(9)?,
        visibility: row.get(10)?,
        owner: row.get(11)?,
        created_at: row.get(12)?,
        updated_at: row.get(13)?,
    })
}

/// Looks across groups: whoever asks must check what the caller may see of it.
pub(super) async fn find(tx: &mut Tx, id: KnowledgeId) -> Result<Option<Knowledge>> {
    tx.maybe(FIND, args![id], knowledge).await
}

pub(super) async fn find_label(
    tx: &mut Tx,
    group: GroupId,
    text: &str,
) -> Result<Option<Knowledge>> {
    tx.maybe(FIND_LABEL, args![group, text], knowledge).await
}

pub(super) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    given: Given,
    filter: &KnowledgeFilter,
    ask: &Ask,
) -> Result<Found<Knowledge>> {
    let quoted = filter.label.as_deref().map(serde_json::to_string).transpose()?;
    let quoted = quoted.as_deref();
    let Some(thing) = filter.source_thing_id else {
        let (part, head) = ((scope, given), if ask.is_patient() { WHOLE } else { LIST });
        return ask.over(tx, part, head, |sql| filters(sql, filter, quoted), knowledge).await;
    };
    // A thing has little knowledge, a group may have very much: the thing comes first.
    ask.of(
        tx,
        (given, Names::Table),
        |sql| {
            sql.push(LIST_OF).bind(thing);
            sql.push(" union select s.id from knowledge s where s.source_thing_id = ");
            sql.bind(thing).push(") about cross join knowledge o where o.id = about.id");
            scope.condition(sql, given.me);
            filters(sql, filter, quoted);
        },
        knowledge,
    )
    .await
}

fn filters<'a>(sql: &mut Sql<'a>, filter: &'a KnowledgeFilter, quoted: Option<&'a str>) {
    sql.and_equals("o.type", filter.kind.map(KnowledgeType::name))
        .and_equals("o.deprecated", filter.deprecated);
    if let Some((label, quoted)) = filter.label.as_deref().zip(quoted) {
        carries(sql, label, quoted);
    }
}

/// The chunks that were cut from a thing; those that somebody made otherwise are not among them.
pub(super) async fn chunks_of(tx: &mut Tx, thing: ThingId) -> Result<Vec<Knowledge>> {
    tx.all(CHUNKS_OF, args![thing], knowledge).await
}

/// Chunks of a group that say any of this and were cut from a text, not from a thing.
pub(super) async fn chunks_by_hash(
    tx: &mut Tx,
    group: GroupId,
    hashes: &[[u8; 32]],
) -> Result<Vec<Knowledge>> {
    let mut found = Vec::new();
    for part in hashes.chunks(BATCH) {
        let mut sql = Sql::new(CHUNKS_BY_HASH);
        sql.bind(group).push(" and o.content_hash in ").bind_filled(part);
        found.extend(tx.all(sql.text(), sql.args(), knowledge).await?);
    }
    Ok(found)
}

/// Does nothing for a label when somebody else was faster; then PostgreSQL runs the transaction
/// again, which finds theirs.
pub(super) async fn insert(tx: &mut Tx, one: &Knowledge, hash: Option<&[u8; 32]>) -> Result<bool> {
    let rows = tx
        .run(
            "insert into knowledge (id, group_id, type, text, source_thing_id, chunk, labels, \
         metadata, content_hash, deprecated, visibility, owner_id, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         on conflict (group_id, text) where type = 'label' do nothing",
            args![
                one.id,
                one.group_id,
                one.kind.name(),
                &one.text,
                one.source_thing_id,
                &one.chunk,
                &one.labels,
                &one.metadata,
                hash,
                one.deprecated,
                &one.visibility,
                one.owner,
                one.created_at,
                one.updated_at
            ],
        )
        .await?;
    Ok(rows == 1)
}

pub(super) async fn deprecate(
    tx: &mut Tx,
    id: KnowledgeId,
    deprecated: bool,
    now: Time,
) -> Result<()> {
    tx.run(
        "update knowledge set deprecated = $2, updated_at = $3 where id = $1",
        args![id, deprecated, now],
    )
    .await?;
    Ok(())
}

/// What joins it to things goes with it.
pub(super) async fn delete(tx: &mut Tx, id: KnowledgeId) -> Result<()> {
    tx.run("delete from knowledge where id = $1", args![id]).await?;
    Ok(())
}

/// Tells of each its group and the bytes of its text.
pub(super) async fn delete_of(tx: &mut Tx, thing: ThingId) -> Result<Vec<(GroupId, i64)>> {
    tx.all(
        "delete from knowledge where source_thing_id = $1 \
         returning group_id, cast(coalesce(octet_length(text), 0) as bigint)",
        args![thing],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

pub(super) async fn follow(
    tx: &mut Tx,
    thing: ThingId,
    visibility: &str,
    owner: Option<PersonId>,
) -> Result<()> {
    tx.run(
        "update knowledge set visibility = $2, owner_id = $3 where source_thing_id = $1",
        args![thing, visibility, owner],
    )
    .await?;
    Ok(())
}

pub(super) async fn is_joined(
    tx: &mut Tx,
    thing: ThingId,
    knowledge: KnowledgeId,
    role: KnowledgeRole,
) -> Result<bool> {
    let found = tx
        .maybe(
            "select 1 from thing_knowledge where thing_id = $1 and knowledge_id = $2 and role = $3",
            args![thing, knowledge, role.name()],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

pub(super) async fn join(
    tx: &mut Tx,
    thing: ThingId,
    knowledge: KnowledgeId,
    role: KnowledgeRole,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into thing_knowledge (thing_id, knowledge_id, role, created_at) \
         values ($1, $2, $3, $4) on conflict (thing_id, knowledge_id, role) do nothing",
        args![thing, knowledge, role.name(), now],
    )
    .await?;
    Ok(())
}

pub(super) async fn is_in_use(tx: &mut Tx, id: KnowledgeId) -> Result<bool> {
    let found = tx
        .maybe("select 1 from thing_knowledge where knowledge_id = $1 limit 1", args![id], |_| {
            Ok(())
        })
        .await?;
    Ok(found.is_some())
}
