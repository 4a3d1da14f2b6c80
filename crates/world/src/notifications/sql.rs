//! The statements about notifications. Each person's are in their own group.

use database::{Row, Sql, Tx, args};
use types::{AnyId, EventId, GroupId, Json, Kind, PersonId, Result, ThingId, Time};
use uuid::Uuid;

use super::model::{NotificationKind, NotificationQuery};

macro_rules! columns {
    () => {
        "n.thing_id, n.kind, n.count, n.event_id, n.event_type, n.source_group_id, n.actor_id, \
         n.target_id, n.target_kind, n.told_at, n.read_at, n.version, t.name, t.properties, \
         t.created_at"
    };
}

macro_rules! list {
    () => {
        concat!(
            "select ",
            columns!(),
            " from notifications n join things t on t.id = n.thing_id \
             where t.deleted_at is null and n.person_id = "
        )
    };
}

/// A notification as it is stored, with its thing.
pub(super) struct Stored {
    pub(super) id: ThingId,
    pub(super) kind: NotificationKind,
    pub(super) count: i64,
    pub(super) event: EventId,
    pub(super) event_type: String,
    pub(super) group: GroupId,
    pub(super) actor: Option<PersonId>,
    pub(super) target: Option<AnyId>,
    pub(super) told_at: Time,
    pub(super) read_at: Option<Time>,
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) properties: Json,
    pub(super) created_at: Time,
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    let target: Option<Uuid> = row.get(7)?;
    let kind: Option<String> = row.get(8)?;
    Ok(Stored {
        id: row.get(0)?,
        kind: NotificationKind::stored(row.text(1)?)?,
        count: row.get(2)?,
        event: row.get(3)?,
        event_type: row.get(4)?,
        group: row.get(5)?,
        actor: row.get(6)?,
        target: target
            .zip(kind.as_deref().and_then(Kind::from_prefix))
            .map(|(uuid, kind)| AnyId { kind, uuid }),
        told_at: row.get(9)?,
        read_at: row.get(10)?,
        version: row.get(11)?,
        name: row.get(12)?,
        properties: row.get(13)?,
        created_at: row.get(14)?,
    })
}

/// The latest first.
pub(super) async fn list(
    tx: &mut Tx,
    me: PersonId,
    query: &NotificationQuery,
    after: Option<(Time, ThingId)>,
    limit: i64,
) -> Result<Vec<Stored>> {
    let mut sql = Sql::new(list!());
    sql.bind(me).push(" and n.in_app");
    match query.unread {
        Some(true) => drop(sql.push(" and n.read_at is null")),
        Some(false) => drop(sql.push(" and n.read_at is not null")),
        None => {}
    }
    sql.and_equals("n.kind", query.kind.map(NotificationKind::name));
    if let Some((at, id)) = after {
        sql.push(" and (n.told_at, n.thing_id) < (").bind(at).push(", ").bind(id).push(")");
    }
    sql.push(" order by n.told_at desc, n.thing_id desc limit ").bind(limit);
    tx.all(sql.text(), sql.args(), stored).await
}

/// These of somebody's.
pub(super) async fn some(tx: &mut Tx, me: PersonId, ids: &[ThingId]) -> Result<Vec<Stored>> {
    let mut sql = Sql::new(list!());
    sql.bind(me).push(" and n.in_app and n.thing_id in ").bind_list(ids.iter().copied());
    sql.push(" order by n.told_at, n.thing_id");
    tx.all(sql.text(), sql.args(), stored).await
}

/// What is unread, by kind: how many, and how often together.
pub(super) async fn counts(tx: &mut Tx, me: PersonId) -> Result<Vec<(String, i64, i64)>> {
    tx.all(
        "select n.kind, count(*), cast(coalesce(sum(n.count), 0) as bigint) \
         from notifications n join things t on t.id = n.thing_id \
         where t.deleted_at is null and n.person_id = $1 and n.read_at is null and n.in_app \
         group by n.kind order by n.kind",
        args![me],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .await
}

/// What is new of a notification.
pub(super) struct New<'n> {
    pub(super) id: ThingId,
    pub(super) home: GroupId,
    pub(super) person: PersonId,
    pub(super) kind: NotificationKind,
    pub(super) key: &'n str,
    pub(super) count: i64,
    pub(super) event: EventId,
    pub(super) event_type: &'n str,
    pub(super) group: GroupId,
    pub(super) actor: Option<PersonId>,
    pub(super) target: Option<AnyId>,
    pub(super) in_app: bool,
    pub(super) told_at: Time,
    pub(super) mail_at: Option<Time>,
}

pub(super) async fn insert(tx: &mut Tx, new: &New<'_>) -> Result<()> {
    tx.run(
        "insert into notifications (thing_id, group_id, person_id, kind, collapse_key, count, \
         event_id, event_type, source_group_id, actor_id, target_id, target_kind, in_app, told_at, \
         mail_at, version) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1)",
        args![
            new.id,
            new.home,
            new.person,
            new.kind.name(),
            new.key,
            new.count,
            new.event,
            new.event_type,
            new.group,
            new.actor,
            new.target,
            new.target.map(|target| target.kind.prefix()),
            new.in_app,
            new.told_at,
            new.mail_at
        ],
    )
    .await?;
    Ok(())
}

/// The latest unread one with this key.
pub(super) async fn unread_like(
    tx: &mut Tx,
    person: PersonId,
    key: &str,
) -> Result<Option<ThingId>> {
    tx.maybe(
        "select n.thing_id from notifications n join things t on t.id = n.thing_id \
         where t.deleted_at is null and n.person_id = $1 and n.collapse_key = $2 \
         and n.read_at is null order by n.told_at desc, n.thing_id desc limit 1",
        args![person, key],
        |row| row.get(0),
    )
    .await
}

/// More of one that is unread; tells how many it counts by now.
pub(super) async fn add(tx: &mut Tx, new: &New<'_>) -> Result<i64> {
    tx.one(
        "update notifications set count = count + $3, event_id = $4, event_type = $5, \
         actor_id = $6, target_id = $7, target_kind = $8, in_app = in_app or $9, \
         told_at = case when told_at > $10 then told_at else $10 end, \
         mail_at = coalesce(mail_at, $11), version = version + 1 \
         where thing_id = $1 and person_id = $2 returning count",
        args![
            new.id,
            new.person,
            new.count,
            new.event,
            new.event_type,
            new.actor,
            new.target,
            new.target.map(|target| target.kind.prefix()),
            new.in_app,
            new.told_at,
            new.mail_at
        ],
        |row| row.get(0),
    )
    .await
}

/// Marks these as read; which of them were not. Read, it is in no letter any more.
pub(super) async fn read_some(
    tx: &mut Tx,
    me: PersonId,
    ids: &[ThingId],
    now: Time,
) -> Result<Vec<ThingId>> {
    let mut sql =
        Sql::new("update notifications set mail_at = null, version = version + 1, read_at = ");
    sql.bind(now).push(" where read_at is null and in_app and person_id = ").bind(me);
    sql.push(" and thing_id in ").bind_list(ids.iter().copied()).push(" returning thing_id");
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// The same of all that was told until then.
pub(super) async fn read_until(
    tx: &mut Tx,
    me: PersonId,
    until: Option<Time>,
    now: Time,
) -> Result<Vec<ThingId>> {
    let mut sql =
        Sql::new("update notifications set mail_at = null, version = version + 1, read_at = ");
    sql.bind(now).push(" where read_at is null and in_app and person_id = ").bind(me);
    if let Some(until) = until {
        sql.push(" and told_at <= ").bind(until);
    }
    sql.push(" returning thing_id");
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// The same of what has this key, as far as it tells of the log up to `seq`.
pub(super) async fn read_like(
    tx: &mut Tx,
    me: PersonId,
    key: &str,
    seq: i64,
    now: Time,
) -> Result<Vec<ThingId>> {
    tx.all(
        "update notifications set read_at = $4, mail_at = null, version = version + 1 \
         where person_id = $1 and collapse_key = $2 and read_at is null and exists \
         (select 1 from events e where e.id = notifications.event_id and e.seq <= $3) \
         returning thing_id",
        args![me, key, seq, now],
        |row| row.get(0),
    )
    .await
}

/// Whether somebody has read a room up to this place in the log, as the room `live` keeps it.
pub(super) async fn has_read(tx: &mut Tx, room: AnyId, person: PersonId, seq: i64) -> Result<bool> {
    let found = tx
        .maybe(
            "select 1 from live_receipts where room_id = $1 and person_id = $2 and read_seq >= $3",
            args![room, person, seq],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Marks these as not read; which of them were.
pub(super) async fn unread_some(
    tx: &mut Tx,
    me: PersonId,
    ids: &[ThingId],
) -> Result<Vec<ThingId>> {
    let mut sql = Sql::new(
        "update notifications set read_at = null, version = version + 1 \
         where read_at is not null and in_app and person_id = ",
    );
    sql.bind(me).push(" and thing_id in ").bind_list(ids.iter().copied());
    sql.push(" returning thing_id");
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// What somebody chose, if they did.
pub(super) async fn chosen(tx: &mut Tx, person: PersonId) -> Result<Option<Json>> {
    tx.maybe("select chosen from notification_choices where person_id = $1", args![person], |row| {
        row.get(0)
    })
    .await
}

pub(super) async fn choose(
    tx: &mut Tx,
    person: PersonId,
    home: GroupId,
    chosen: &Json,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into notification_choices (person_id, group_id, chosen, updated_at) \
         values ($1, $2, $3, $4) on conflict (person_id) do update set \
         chosen = excluded.chosen, updated_at = excluded.updated_at",
        args![person, home, chosen, now],
    )
    .await?;
    Ok(())
}

/// When what waits for a letter is due by now; null for no letter.
pub(super) async fn put_off(tx: &mut Tx, person: PersonId, until: Option<Time>) -> Result<()> {
    tx.run(
        "update notifications set mail_at = $2 where person_id = $1 and mail_at is not null",
        args![person, until],
    )
    .await?;
    Ok(())
}

/// The own group of somebody who is there.
pub(super) async fn home(tx: &mut Tx, person: PersonId) -> Result<Option<GroupId>> {
    let found = tx
        .maybe(
            "select p.personal_group_id from people p join groups g on g.id = p.personal_group_id \
             where p.id = $1 and p.user_id is not null and g.status = 'active'",
            args![person],
            |row| row.get(0),
        )
        .await?;
    Ok(found)
}

/// What of somebody's is to be in the letter that is due: the latest, and how many there are.
pub(super) async fn letter(
    tx: &mut Tx,
    person: PersonId,
    now: Time,
    limit: i64,
) -> Result<Vec<Stored>> {
    let mut sql = Sql::new(list!());
    sql.bind(person).push(" and n.read_at is null and n.mail_at <= ").bind(now);
    sql.push(" order by n.told_at desc, n.thing_id desc limit ").bind(limit);
    tx.all(sql.text(), sql.args(), stored).await
}

/// What somebody is called who asked to be let into a group.
pub(super) async fn asking(
    tx: &mut Tx,
    group: GroupId,
    person: PersonId,
) -> Result<Option<String>> {
    tx.maybe(
        "select p.display_name from join_requests r join people p on p.id = r.person_id \
         where r.group_id = $1 and r.person_id = $2 limit 1",
        args![group, person],
        |row| row.get(0),
    )
    .await
}
