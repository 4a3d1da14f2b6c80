//! The statements of import, and those of roles on their way out. They look across groups: the
//! house itself imports.

use database::{Row, Sql, Tx, args};
use types::{GroupId, Json, KnowledgeId, PersonId, Result, ThingId, Time};
use uuid::Uuid;

use super::line::{GroupRoleLine, PersonLine};
use super::within::{LIVING, by_group};
use crate::ontology::model::Dimension;

/// Where a thing is and who sees it.
pub(super) struct Place {
    pub(super) group: GroupId,
    pub(super) visibility: String,
    pub(super) owner: Option<PersonId>,
}

pub(super) async fn place(tx: &mut Tx, id: ThingId) -> Result<Option<Place>> {
    tx.maybe("select group_id, visibility, owner_id from things where id = $1", args![id], |row| {
        Ok(Place { group: row.get(0)?, visibility: row.get(1)?, owner: row.get(2)? })
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
        "insert into people (id, email, username, display_name, bio, avatar, personal_group_id, \
         metadata, version, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        args![
            line.id,
            &line.email,
            &line.username,
            &line.display_name,
            &line.bio,
            &line.avatar,
            line.personal_group_id,
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

/// Whether any group is being deleted.
pub(super) async fn is_deleting(tx: &mut Tx) -> Result<bool> {
    let found =
        tx.maybe("select 1 from groups where status = 'deleting' limit 1", &[], |_| Ok(())).await?;
    Ok(found.is_some())
}

/// Selects the roles of all groups, or of those below one, behind a role: by group and name.
pub(super) fn roles(
    root: Option<GroupId>,
    deleting: bool,
    after: Option<&(GroupId, String)>,
) -> Sql<'_> {
    let mut sql = Sql::new(
        "select o.group_id, o.name, o.permissions, o.created_at, o.updated_at \
         from group_roles o where 1 = 1",
    );
    if let Some(root) = root {
        by_group(&mut sql, root);
    }
    if deleting {
        sql.push(LIVING);
    }
    if let Some((group, name)) = after {
        sql.push(" and (o.group_id, o.name) > (").bind(*group).push(", ").bind(name).push(")");
    }
    sql.push(" order by o.group_id, o.name");
    sql
}

/// Reads one of them.
pub(super) fn role(row: &Row<'_>) -> Result<GroupRoleLine> {
    Ok(GroupRoleLine {
        group_id: row.get(0)?,
        name: row.get(1)?,
        permissions: serde_json::from_str(row.get::<Json>(2)?.as_str())?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
    })
}

/// Stores a role; false when its group has one of this name.
pub(super) async fn insert_role(
    tx: &mut Tx,
    line: &GroupRoleLine,
    permissions: &Json,
    now: Time,
) -> Result<bool> {
    let stored = tx
        .run(
            "insert into group_roles (group_id, name, permissions, created_at, updated_at) \
             values ($1, $2, $3, $4, $5) on conflict (group_id, name) do nothing",
            args![
                line.group_id,
                &line.name,
                permissions,
                line.created_at.unwrap_or(now),
                line.updated_at.unwrap_or(now)
            ],
        )
        .await?;
    Ok(stored == 1)
}
