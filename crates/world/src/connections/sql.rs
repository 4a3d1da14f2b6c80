//! The statements about connections.

use database::{Row, Sql, Tx, args};
use filter::Given;
use kernel::access::{Everywhere, Scope};
use types::{AnyId, ConnectionId, Error, GroupId, Kind, PersonId, Result, ThingId};
use uuid::Uuid;

use super::model::Connection;
use crate::listing::{Ask, Found, Names, Slice};

macro_rules! columns {
    () => {
        "o.id, o.group_id, o.type, o.from_id, o.from_kind, o.to_id, o.to_kind, o.metadata, \
         o.strength, o.valid_from, o.valid_to, o.visibility, o.owner_id, o.created_by, \
         o.created_at, o.updated_at"
    };
}

const HEAD: &str = concat!("select ", columns!(), " from connections o where 1 = 1");
const FIND: &str = concat!("select ", columns!(), " from connections o where o.id = $1");
const FIND_EDGE: &str = concat!(
    "select ",
    columns!(),
    " from connections o where o.from_id = $1 and o.type = $2 and o.to_id = $3"
);
const FROM: &str = concat!("select ", columns!(), " from connections o where o.from_id");
const TO: &str = concat!("select ", columns!(), " from connections o where o.to_id");

fn end(row: &Row<'_>, index: usize) -> Result<AnyId> {
    let kind = Kind::from_prefix(row.text(index + 1)?)
        .ok_or_else(|| Error::internal("an unknown kind of end is stored"))?;
    Ok(AnyId { kind, uuid: row.get(index)? })
}

pub(super) fn connection(row: &Row<'_>) -> Result<Connection> {
    Ok(Connection {
        id: row.get(0)?,
        group_id: row.get(1)?,
        kind: row.get(2)?,
        from_id: end(row, 3)?,
        to_id: end(row, 5)?,
        metadata: row.get(7)?,
        strength: row.get(8)?,
        valid_from: row.get(9)?,
        valid_to: row.get(10)?,
        visibility: if row.text(11)? == "private" { "private" } else { "group" },
        owner: row.get(12)?,
        created_by: row.get(13)?,
        created_at: row.get(14)?,
        updated_at: row.get(15)?,
    })
}

/// Looks across groups: whoever asks must check what the caller may see of it.
pub(super) async fn find(tx: &mut Tx, id: ConnectionId) -> Result<Option<Connection>> {
    tx.maybe(FIND, args![id], connection).await
}

/// The one of this type between these ends. Looks across groups, as [`find`].
pub(super) async fn find_edge(
    tx: &mut Tx,
    from: AnyId,
    kind: &str,
    to: AnyId,
) -> Result<Option<Connection>> {
    tx.maybe(FIND_EDGE, args![from, kind, to], connection).await
}

/// Which connections are meant, beside what is asked of every list.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plain<'q> {
    pub(super) kind: Option<&'q str>,
    pub(super) from: Option<AnyId>,
    pub(super) to: Option<AnyId>,
}

pub(super) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    given: Given,
    plain: Plain<'_>,
    ask: &Ask,
) -> Result<Found<Connection>> {
    ask.over(
        tx,
        (scope, given),
        HEAD,
        |sql| {
            sql.and_equals("o.type", plain.kind)
                .and_equals("o.from_id", plain.from)
                .and_equals("o.to_id", plain.to);
        },
        connection,
    )
    .await
}

/// Which way to look from an object.
#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    From,
    To,
}

impl Direction {
    /// Selects the connections whose near end is what follows.
    pub(super) const fn head(self) -> &'static str {
        match self {
            Self::From => FROM,
            Self::To => TO,
        }
    }
}

pub(super) async fn list_of(
    tx: &mut Tx,
    (node, direction): (AnyId, Direction),
    seen: &Everywhere,
    given: Given,
    kind: Option<&str>,
    ask: &Ask,
) -> Result<Found<Connection>> {
    ask.of(
        tx,
        (given, Names::Table),
        |sql| {
            sql.push(direction.head()).push(" = ").bind(node).and_equals("o.type", kind);
            seen.condition(sql, given.me);
        },
        connection,
    )
    .await
}

/// Both ways, merged by id: each way runs along an index. No connection is in both, because none
/// ends where it starts.
pub(super) async fn list_around(
    tx: &mut Tx,
    node: AnyId,
    seen: &Everywhere,
    me: Option<PersonId>,
    slice: Slice,
) -> Result<Vec<Connection>> {
    let mut sql = Sql::new("select * from (select * from (");
    one_way(&mut sql, node, Direction::From, seen, me, slice);
    sql.push(") as out_of union all select * from (");
    one_way(&mut sql, node, Direction::To, seen, me, slice);
    sql.push(") as into_it) as merged ").push(slice.merged()).push(" limit ");
    sql.bind(slice.limit.probe());
    tx.all(sql.text(), sql.args(), connection).await
}

fn one_way<'a>(
    sql: &mut Sql<'a>,
    node: AnyId,
    direction: Direction,
    seen: &'a Everywhere,
    me: Option<PersonId>,
    slice: Slice,
) {
    sql.push(direction.head()).push(" = ").bind(node);
    seen.condition(sql, me);
    slice.finish(sql, "o.id");
}

/// Does nothing when somebody else was faster; then PostgreSQL runs the transaction again, which
/// finds theirs.
pub(super) async fn insert(tx: &mut Tx, connection: &Connection) -> Result<bool> {
    let rows = tx
        .run(
            "insert into connections (id, group_id, type, from_id, from_kind, to_id, to_kind, \
             metadata, strength, valid_from, valid_to, visibility, owner_id, created_by, \
             created_at, updated_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
             on conflict (from_id, type, to_id) do nothing",
            args![
                connection.id,
                connection.group_id,
                &connection.kind,
                connection.from_id,
                connection.from_id.kind.prefix(),
                connection.to_id,
                connection.to_id.kind.prefix(),
                &connection.metadata,
                connection.strength,
                connection.valid_from,
                connection.valid_to,
                connection.visibility,
                connection.owner,
                connection.created_by,
                connection.created_at,
                connection.updated_at
            ],
        )
        .await?;
    Ok(rows == 1)
}

pub(super) async fn update(tx: &mut Tx, connection: &Connection) -> Result<()> {
    tx.run(
        "update connections set metadata = $2, strength = $3, valid_from = $4, valid_to = $5, \
         updated_at = $6 where id = $1",
        args![
            connection.id,
            &connection.metadata,
            connection.strength,
            connection.valid_from,
            connection.valid_to,
            connection.updated_at
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: ConnectionId) -> Result<()> {
    tx.run("delete from connections where id = $1", args![id]).await?;
    Ok(())
}

/// Of each that is deleted, its group. Two statements, each along an index; one with `or` would
/// scan.
pub(super) async fn delete_of(tx: &mut Tx, thing: ThingId) -> Result<Vec<GroupId>> {
    let from = "delete from connections where from_id = $1 returning group_id";
    let mut groups: Vec<GroupId> = tx.all(from, args![thing], |row| row.get(0)).await?;
    let to = "delete from connections where to_id = $1 returning group_id";
    groups.extend(tx.all(to, args![thing], |row| row.get::<GroupId>(0)).await?);
    Ok(groups)
}

/// Private when an end is; its owner is then the owner of the private ends, if they agree.
macro_rules! follow {
    ($end:literal) => {
        concat!(
            "update connections set \
             visibility = case when exists (select 1 from things t \
               where t.id in (connections.from_id, connections.to_id) \
               and t.visibility = 'private') then 'private' else 'group' end, \
             owner_id = case when exists (select 1 from things t \
               where t.id in (connections.from_id, connections.to_id) \
               and t.visibility = 'private') \
             then (select t.owner_id from things t \
               where t.id in (connections.from_id, connections.to_id) \
               and t.visibility = 'private' and not exists (select 1 from things u \
                 where u.id in (connections.from_id, connections.to_id) \
                 and u.visibility = 'private' and u.owner_id is distinct from t.owner_id) \
               limit 1) \
             when connections.from_kind = 'person' then connections.from_id \
             when connections.to_kind = 'person' then connections.to_id end \
             where ",
            $end,
            " = $1"
        )
    };
}

/// Makes the connections of a thing as visible as their ends are now.
pub(super) async fn follow(tx: &mut Tx, thing: ThingId) -> Result<()> {
    tx.run(follow!("from_id"), args![thing]).await?;
    tx.run(follow!("to_id"), args![thing]).await?;
    Ok(())
}

/// Edges of one type that start at any of `nodes`: where they start and where they end.
pub(super) async fn next(tx: &mut Tx, kind: &str, nodes: &[AnyId]) -> Result<Vec<(Uuid, AnyId)>> {
    if nodes.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        Sql::new("select o.from_id, o.to_id, o.to_kind from connections o where o.type = ");
    sql.bind(kind).push(" and o.from_id in ").bind_filled(nodes.iter().copied());
    tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, end(row, 1)?))).await
}

/// Whether a person belongs to any group of a tree. `cross join` keeps the order: a person has few
/// groups, a tree may have very many.
pub(super) async fn belongs(tx: &mut Tx, person: AnyId, root: GroupId) -> Result<bool> {
    let found = tx
        .maybe(
            "select 1 from memberships m cross join group_ancestors a \
             where m.person_id = $1 and m.status = 'active' \
             and a.group_id = m.group_id and a.ancestor_id = $2 limit 1",
            args![person, root],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Groups of one person in whose tree another one has a group too, oldest membership first. Groups
/// of one tree have an ancestor in common.
pub(super) async fn shared(tx: &mut Tx, one: AnyId, other: AnyId) -> Result<Vec<GroupId>> {
    tx.all(
        "select m.group_id from memberships m \
         where m.person_id = $1 and m.status = 'active' and exists (\
           select 1 from memberships n cross join group_ancestors theirs \
           cross join group_ancestors ours \
           where n.person_id = $2 and n.status = 'active' and theirs.group_id = n.group_id \
           and ours.group_id = m.group_id and ours.ancestor_id = theirs.ancestor_id) \
         order by m.created_at, m.group_id limit 100",
        args![one, other],
        |row| row.get(0),
    )
    .await
}
