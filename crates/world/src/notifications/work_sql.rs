//! The statements of the jobs: letters, clean-ups, and telling many. They look at everybody's.

use database::{Tx, args};
use types::{EventId, GroupId, PersonId, Result, ThingId, Time};
use uuid::Uuid;

/// People who are due a letter; the house writes them, whoever they are.
pub(super) async fn due(tx: &mut Tx, now: Time, limit: i64) -> Result<Vec<PersonId>> {
    tx.all(
        "select person_id from notifications where mail_at is not null and mail_at <= $1 \
         group by person_id order by min(mail_at), person_id limit $2",
        args![now, limit],
        |row| row.get(0),
    )
    .await
}

/// Nothing of it is due any more.
pub(super) async fn written(tx: &mut Tx, person: PersonId, now: Time) -> Result<()> {
    tx.run(
        "update notifications set mail_at = null where person_id = $1 and mail_at <= $2",
        args![person, now],
    )
    .await?;
    Ok(())
}

/// Notifications that were read before `read`, or told before `unread`, in groups that can be
/// changed: of whoever they are. What others hang on is left.
pub(super) async fn old(tx: &mut Tx, read: Time, unread: Time, limit: i64) -> Result<Vec<ThingId>> {
    tx.all(
        "select n.thing_id from notifications n join groups g on g.id = n.group_id \
         where g.status = 'active' and (n.told_at < $2 or (n.told_at < $1 and n.read_at < $1)) \
         and not exists (select 1 from things c where c.parent_id = n.thing_id) \
         order by n.told_at limit $3",
        args![read, unread, limit],
        |row| row.get(0),
    )
    .await
}

/// People with more than `most`.
pub(super) async fn full(tx: &mut Tx, most: i64, limit: i64) -> Result<Vec<PersonId>> {
    tx.all(
        "select n.person_id from notifications n join groups g on g.id = n.group_id \
         where g.status = 'active' group by n.person_id having count(*) > $1 \
         order by n.person_id limit $2",
        args![most, limit],
        |row| row.get(0),
    )
    .await
}

/// Somebody's beyond the latest `most`, but what others hang on.
pub(super) async fn beyond(
    tx: &mut Tx,
    person: PersonId,
    most: i64,
    limit: i64,
) -> Result<Vec<ThingId>> {
    tx.all(
        "select n.thing_id from (\
           select thing_id, told_at from notifications where person_id = $1 \
           order by told_at desc, thing_id desc limit $3 offset $2\
         ) as n where not exists (select 1 from things c where c.parent_id = n.thing_id)",
        args![person, most, limit],
        |row| row.get(0),
    )
    .await
}

/// Notes an event that a job tells many people of.
pub(super) async fn insert_run(
    tx: &mut Tx,
    id: Uuid,
    group: GroupId,
    event: EventId,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into notification_runs (id, group_id, event_id, created_at) \
         values ($1, $2, $3, $4)",
        args![id, group, event, now],
    )
    .await?;
    Ok(())
}

/// Its event, and who was told last; none once all were.
pub(super) async fn run(tx: &mut Tx, id: Uuid) -> Result<Option<(EventId, Option<PersonId>)>> {
    tx.maybe("select event_id, after_id from notification_runs where id = $1", args![id], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .await
}

/// False when somebody else was faster.
pub(super) async fn move_run(
    tx: &mut Tx,
    id: Uuid,
    from: Option<PersonId>,
    to: PersonId,
) -> Result<bool> {
    let rows = tx
        .run(
            "update notification_runs set after_id = $3 \
             where id = $1 and after_id is not distinct from $2",
            args![id, from, to],
        )
        .await?;
    Ok(rows == 1)
}

/// The same, with nobody left.
pub(super) async fn end_run(tx: &mut Tx, id: Uuid, from: Option<PersonId>) -> Result<bool> {
    let rows = tx
        .run(
            "delete from notification_runs where id = $1 and after_id is not distinct from $2",
            args![id, from],
        )
        .await?;
    Ok(rows == 1)
}
