//! The statements that find whom an event concerns. They look across groups: whoever asks checks
//! what each of them may see.

use std::collections::{BTreeSet, HashMap};

use database::{Row, Sql, Tx, args};
use types::{AnyId, Error, GroupId, Json, Kind, PersonId, Result, ThingId, Time};
use uuid::Uuid;

use super::matters::Whom;

/// Bytes of the content of a thing that is read together with others.
const SMALL: i64 = 16 << 10;

/// A thing, as far as it says whom it concerns.
pub(super) struct Thing {
    pub(super) id: ThingId,
    pub(super) kind: String,
    pub(super) parent: Option<ThingId>,
    pub(super) owner: Option<PersonId>,
    pub(super) name: String,
    pub(super) properties: Json,
    pub(super) tier: String,
}

pub(super) async fn thing(tx: &mut Tx, id: ThingId) -> Result<Option<Thing>> {
    tx.maybe(
        "select id, type, parent_id, owner_id, name, properties, tier from things where id = $1",
        args![id],
        of_row,
    )
    .await
}

/// Those of `ids` that are there and no larger than most: as many large ones would be too much at
/// once.
pub(super) async fn small_things(tx: &mut Tx, ids: &[ThingId]) -> Result<HashMap<ThingId, Thing>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = Sql::new(
        "select id, type, parent_id, owner_id, name, properties, tier from things where id in ",
    );
    sql.bind_filled(ids.iter().copied()).push(" and bytes <= ").bind(SMALL);
    let things = tx.all(sql.text(), sql.args(), of_row).await?;
    Ok(things.into_iter().map(|thing| (thing.id, thing)).collect())
}

fn of_row(row: &Row<'_>) -> Result<Thing> {
    Ok(Thing {
        id: row.get(0)?,
        kind: row.get(1)?,
        parent: row.get(2)?,
        owner: row.get(3)?,
        name: row.get(4)?,
        properties: row.get(5)?,
        tier: row.get(6)?,
    })
}

/// A connection's type and ends.
pub(super) struct Connection {
    pub(super) kind: String,
    pub(super) from: AnyId,
    pub(super) to: AnyId,
}

pub(super) async fn connection(tx: &mut Tx, id: AnyId) -> Result<Option<Connection>> {
    tx.maybe(
        "select type, from_id, from_kind, to_id, to_kind from connections where id = $1",
        args![id],
        |row| {
            let end = |id: Uuid, kind: &str| {
                let kind = Kind::from_prefix(kind);
                let kind = kind.ok_or_else(|| Error::internal("an unknown kind is stored"))?;
                Ok::<_, Error>(AnyId { kind, uuid: id })
            };
            Ok(Connection {
                kind: row.get(0)?,
                from: end(row.get(1)?, row.text(2)?)?,
                to: end(row.get(3)?, row.text(4)?)?,
            })
        },
    )
    .await
}

/// Who proved that an open invitation's address is theirs.
pub(super) async fn invited(tx: &mut Tx, invitation: AnyId) -> Result<Option<PersonId>> {
    tx.maybe(
        "select p.id from invitations i join users u on u.email = i.email and u.email_verified \
         join people p on p.user_id = u.id where i.id = $1 and i.status = 'pending'",
        args![invitation],
        |row| row.get(0),
    )
    .await
}

/// Whose usernames these are; they are compared in lower case.
pub(super) async fn of_usernames(tx: &mut Tx, names: &BTreeSet<String>) -> Result<Vec<PersonId>> {
    let mut sql = Sql::new("select id from people where username in ");
    sql.bind_list(names.iter().map(String::as_str));
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// Up to `limit` of many people, after one of them in the order of their ids.
pub(super) async fn people(
    tx: &mut Tx,
    whom: Whom,
    after: Option<PersonId>,
    limit: i64,
) -> Result<Vec<PersonId>> {
    let after = after.unwrap_or(PersonId(Uuid::nil()));
    let read = |row: &Row<'_>| row.get(0);
    match whom {
        Whom::Owners(group) => {
            tx.all(
                "select person_id from memberships where group_id = $1 and status = 'active' \
                 and role in ('group_owner', 'platform_owner') and person_id > $2 \
                 order by person_id limit $3",
                args![group, after, limit],
                read,
            )
            .await
        }
        Whom::Members(group) => {
            tx.all(
                "select person_id from memberships where group_id = $1 and status = 'active' \
                 and person_id > $2 order by person_id limit $3",
                args![group, after, limit],
                read,
            )
            .await
        }
        Whom::Room(room) => {
            tx.all(
                "select person_id from (\
                   select owner_id as person_id from things where id = $1 and owner_id is not null \
                   union select from_id from connections where to_id = $1 and from_kind = 'person' \
                   union select to_id from connections where from_id = $1 and to_kind = 'person'\
                 ) as part where person_id > $2 order by person_id limit $3",
                args![room, after, limit],
                read,
            )
            .await
        }
    }
}

/// Somebody who can be told: they sign in, and their own group is there.
pub(super) struct Receiver {
    pub(super) person: PersonId,
    pub(super) home: GroupId,
    pub(super) name: String,
    /// Where letters go; none that nobody proved.
    pub(super) email: Option<String>,
    pub(super) chosen: Option<Json>,
    pub(super) preferences: Option<Json>,
}

/// Those of `people` who can be told.
pub(super) async fn receivers(
    tx: &mut Tx,
    people: &[PersonId],
    now: Time,
) -> Result<Vec<Receiver>> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        "select p.id, g.id, p.display_name, case when u.email_verified then u.email end, c.chosen, \
         p.preferences from people p join users u on u.id = p.user_id \
         join groups g on g.id = p.personal_group_id and g.status = 'active' \
         left join notification_choices c on c.person_id = p.id where (u.banned_at is null \
         or u.ban_expires_at <= ",
    );
    sql.bind(now).push(") and p.id in ").bind_filled(people.iter().copied());
    tx.all(sql.text(), sql.args(), |row| {
        Ok(Receiver {
            person: row.get(0)?,
            home: row.get(1)?,
            name: row.get(2)?,
            email: row.get(3)?,
            chosen: row.get(4)?,
            preferences: row.get(5)?,
        })
    })
    .await
}
