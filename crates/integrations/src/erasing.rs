//! What this room holds about people: in the log of what was sent to others' servers stand the
//! events themselves. Where somebody set up a webhook or a receiver for a group of others it stays
//! the group's, and nothing is sent any more on behalf of who is gone.

use kernel::Work;
use kernel::erasure::{Arg, As, Contents, Key, Removing, Rooms, Statement, Subject, Told};
use types::Kind;

/// Adds what this room tells and removes; before what it refers to is removed.
#[must_use]
pub fn erasing(rooms: Rooms) -> Rooms {
    let rooms = STATEMENTS.into_iter().fold(rooms.told([WEBHOOK, RECEIVER]), Rooms::sql);
    rooms.code(of_contents)
}

/// What was sent about them, about groups that are gone, and by the webhooks of these.
const STATEMENTS: [Statement; 4] = [
    Statement {
        table: "webhook_deliveries",
        sql: "delete from webhook_deliveries where id in (select d.id from events e \
              join webhook_deliveries d on d.event_id = e.id where e.target_id = $1 limit $2)",
        args: &[Arg::Person],
    },
    Statement {
        table: "webhook_deliveries",
        sql: "delete from webhook_deliveries where id in (select d.id from events e \
              join webhook_deliveries d on d.event_id = e.id where e.target_id = $1 limit $2)",
        args: &[Arg::Group],
    },
    Statement {
        table: "webhook_deliveries",
        sql: "delete from webhook_deliveries where id in (select d.id from events e \
              join webhook_deliveries d on d.event_id = e.id where e.group_id = $1 limit $2)",
        args: &[Arg::Group],
    },
    Statement {
        table: "webhook_deliveries",
        sql: "delete from webhook_deliveries where id in (select d.id from webhooks w \
              join webhook_deliveries d on d.webhook_id = w.id where w.group_id = $1 limit $2)",
        args: &[Arg::Group],
    },
];

/// What was sent about what they own, where that goes, too.
const OF_CONTENTS: &str = "delete from webhook_deliveries where id in (select d.id \
     from webhook_deliveries d join events e on e.id = d.event_id where e.target_id in ( \
     select t.id from things t where t.owner_id = $1 \
     union all select k.id from knowledge k where k.owner_id = $1 \
     union all select c.id from connections c where c.owner_id = $1 or c.created_by = $1) \
     limit $2)";

fn of_contents<'a>(work: &'a mut Work<'_>, who: &'a Subject, most: i64) -> Removing<'a> {
    Box::pin(async move {
        if who.contents == Contents::Keep {
            return Ok(0);
        }
        let args = database::args![who.person, most];
        Ok(i64::try_from(work.tx.run(OF_CONTENTS, args).await?)?)
    })
}

const WEBHOOK: Told = Told {
    kind: "webhook",
    from: "webhooks o where o.owner_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("id", "o.id", As::Id(Kind::Webhook)),
        ("groupId", "o.group_id", As::Id(Kind::Group)),
        ("url", "o.url", As::Text),
        ("description", "o.description", As::Text),
        ("eventTypes", "o.event_types", As::Json),
        ("filter", "o.filter", As::Text),
        ("enabled", "o.enabled", As::Flag),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const RECEIVER: Told = Told {
    kind: "receiver",
    from: "receivers o where o.owner_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("id", "o.id", As::Id(Kind::Receiver)),
        ("groupId", "o.group_id", As::Id(Kind::Group)),
        ("name", "o.name", As::Text),
        ("signature", "o.signature", As::Text),
        ("eventType", "o.event_type", As::Text),
        ("thingType", "o.thing_type", As::Text),
        ("enabled", "o.enabled", As::Flag),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.id"),
};
