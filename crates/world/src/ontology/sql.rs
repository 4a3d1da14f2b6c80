//! The statements about registered types. A type is known in the group that registered it and in
//! every group below, so each one looks along the ancestors of the group it is asked for.

use std::collections::HashMap;

use database::{Row, Sql, Tx, args};
use kernel::access::{Scope, Sight};
use types::{GroupId, Json, PersonId, Result, Time};

use super::model::{Dimension, RegisteredType, TypeSummary, TypeVersion};

/// Objects that are counted at most.
const COUNTED: i64 = 100_000;

/// A type somebody registered.
pub(super) struct Registered {
    pub(super) group: GroupId,
    pub(super) dimension: Dimension,
    pub(super) name: String,
    pub(super) definition: Json,
    pub(super) version: i64,
    pub(super) count: i64,
}

/// The definition that counts in `group`: the nearest ancestor's.
pub(super) async fn find(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
) -> Result<Option<Json>> {
    tx.maybe(
        "select t.definition from group_ancestors a \
         join registered_types t on t.group_id = a.ancestor_id \
         where a.group_id = $1 and t.dimension = $2 and t.name = $3 order by a.depth limit 1",
        args![group, dimension.name(), name],
        |row| row.get(0),
    )
    .await
}

/// Every registered type that counts in `group`, in the order of names; of those with one name,
/// the nearest ancestor's comes first.
pub(super) async fn list(tx: &mut Tx, group: GroupId) -> Result<Vec<Registered>> {
    let rows = tx
        .all(
            "select t.group_id, t.dimension, t.definition, t.name, t.version from group_ancestors a \
             join registered_types t on t.group_id = a.ancestor_id \
             where a.group_id = $1 order by t.dimension, t.name, a.depth limit 10000",
            args![group],
            |row| {
                let Some(dimension) = Dimension::named(row.text(1)?) else { return Ok(None) };
                Ok(Some(Registered {
                    group: row.get(0)?,
                    dimension,
                    definition: row.get(2)?,
                    name: row.get(3)?,
                    version: row.get(4)?,
                    count: 0,
                }))
            },
        )
        .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// Looks across groups, for whoever is at the machine itself.
pub(super) async fn group_called(tx: &mut Tx, slug: &str) -> Result<Option<GroupId>> {
    tx.maybe("select id from groups where slug = $1", args![slug], |row| row.get(0)).await
}

/// How many types the group itself has registered.
pub(super) async fn count(tx: &mut Tx, group: GroupId) -> Result<i64> {
    tx.one("select count(*) from registered_types where group_id = $1", args![group], |row| {
        row.get(0)
    })
    .await
}

/// How many objects of these types the group has that somebody sees, by type; [`COUNTED`] at most
/// are looked at.
pub(super) async fn count_of(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    sight: Sight,
    me: Option<PersonId>,
    names: &[&str],
) -> Result<HashMap<String, i64>> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = Sql::new("select type, count(*) from (select o.type from ");
    sql.push(table(dimension)).push(" o where o.type in ").bind_list(names.iter().copied());
    Scope::Group(group, sight).condition(&mut sql, me);
    sql.push(" limit ").bind(COUNTED).push(") as counted group by type");
    let rows = tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?))).await?;
    Ok(rows.into_iter().collect())
}

const fn table(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Thing => "things",
        Dimension::Connection => "connections",
        Dimension::Event => "events",
    }
}

/// Whether anything is of this type by the definition of `group`: in it or below, where no nearer
/// group has a definition of its own.
pub(super) async fn in_use(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
) -> Result<bool> {
    let mut sql = Sql::new("select 1 from group_ancestors a join ");
    sql.push(table(dimension)).push(
        " o on o.group_id = a.group_id where not exists (select 1 from registered_types r \
         join group_ancestors b on b.ancestor_id = r.group_id \
         where b.group_id = o.group_id and b.depth < a.depth and r.name = o.type",
    );
    sql.and_equals("r.dimension", Some(dimension.name())).push(")");
    sql.and_equals("a.ancestor_id", Some(group)).and_equals("o.type", Some(name));
    sql.push(" limit ").bind(1_i64);
    Ok(tx.maybe(sql.text(), sql.args(), |_| Ok(())).await?.is_some())
}

macro_rules! columns {
    () => {
        "o.dimension, o.name, o.group_id, o.version, o.created_at, o.updated_at, o.definition"
    };
}

fn registered_type(row: &Row<'_>) -> Result<Option<RegisteredType>> {
    let Some(dimension) = Dimension::named(row.text(0)?) else { return Ok(None) };
    let summary = TypeSummary {
        dimension,
        name: row.get(1)?,
        group_id: row.get(2)?,
        version: row.get::<i64>(3)?.unsigned_abs(),
        count: 0,
        created_at: row.get(4)?,
        updated_at: row.get(5)?,
    };
    Ok(Some(RegisteredType { summary, definition: row.get(6)? }))
}

/// A type the group itself has registered.
pub(super) async fn own(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
) -> Result<Option<RegisteredType>> {
    let found = tx
        .maybe(
        concat!(
            "select ",
            columns!(),
            " from registered_types o where o.group_id = $1 and o.dimension = $2 and o.name = $3"
        ),
        args![group, dimension.name(), name],
        registered_type,
    ).await?;
    Ok(found.flatten())
}

/// Every type the group itself has registered, in the order of dimensions and names.
pub(super) async fn all_own(
    tx: &mut Tx,
    group: GroupId,
    dimension: Option<Dimension>,
) -> Result<Vec<TypeSummary>> {
    let mut sql = Sql::new(concat!("select ", columns!(), " from registered_types o where 1 = 1"));
    sql.and_equals("o.group_id", Some(group))
        .and_equals("o.dimension", dimension.map(Dimension::name))
        .push(" order by o.dimension, o.name limit ")
        .bind(10_000_i64);
    let rows = tx.all(sql.text(), sql.args(), registered_type).await?;
    Ok(rows.into_iter().flatten().map(|one| one.summary).collect())
}

/// The definitions a type has had, newest first.
pub(super) async fn versions(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<TypeVersion>> {
    tx.all(
        "select version, definition, actor_id, created_at from type_versions \
         where group_id = $1 and dimension = $2 and name = $3 and version < $4 \
         order by version desc limit $5",
        args![group, dimension.name(), name, before.unwrap_or(i64::MAX), limit],
        |row| {
            Ok(TypeVersion {
                version: row.get::<i64>(0)?.unsigned_abs(),
                definition: row.get(1)?,
                actor_id: row.get(2)?,
                created_at: row.get(3)?,
            })
        },
    )
    .await
}

/// Stores a definition, in the place of an earlier one with this name, and keeps it as a version
/// of its own: the number of the version.
pub(super) async fn define(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
    definition: &Json,
    (actor, now): (Option<PersonId>, Time),
) -> Result<i64> {
    let version: i64 = tx
        .one(
            "insert into type_versions (group_id, dimension, name, version, definition, \
             created_at, actor_id) select $1, $2, $3, coalesce(max(v.version), 0) + 1, $4, $5, $6 \
             from type_versions v where v.group_id = $1 and v.dimension = $2 and v.name = $3 \
             returning version",
            args![group, dimension.name(), name, definition, now, actor],
            |row| row.get(0),
        )
        .await?;
    tx.run(
        "insert into registered_types (group_id, dimension, name, definition, created_at, \
         updated_at, version) values ($1, $2, $3, $4, $5, $5, $6) \
         on conflict (group_id, dimension, name) do update set definition = excluded.definition, \
         updated_at = excluded.updated_at, version = excluded.version",
        args![group, dimension.name(), name, definition, now, version],
    )
    .await?;
    Ok(version)
}

/// Forgets a type; its versions stay.
pub(super) async fn delete(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
) -> Result<()> {
    tx.run(
        "delete from registered_types where group_id = $1 and dimension = $2 and name = $3",
        args![group, dimension.name(), name],
    )
    .await?;
    Ok(())
}
