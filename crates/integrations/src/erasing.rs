//! What this room holds about people: in the log of what was sent to others' servers stand the
//! events themselves. Where somebody set up a webhook or a receiver for a group of others it stays
//! the group's, and nothing is sent any more on behalf of who is gone.

use kernel::erasure::{Arg, As, Key, Rooms, Told};
use types::Kind;

/// What they own, where that goes, too.
const CONTENTS: &str = "e.target_id in (select t.id from things t where t.owner_id = $1 \
     union all select k.id from knowledge k where k.owner_id = $1 \
     union all select c.id from connections c where c.owner_id = $1 or c.created_by = $1)";
const BY_WEBHOOKS: &str = "delete from webhook_deliveries where id in (select d.id from webhooks w \
     join webhook_deliveries d on d.webhook_id = w.id where w.group_id = $1 limit $2)";

/// Adds what this room tells and removes; before what it refers to is removed: what was sent about
/// them, about groups that are gone, and by the webhooks of these.
#[must_use]
pub fn erasing(rooms: Rooms) -> Rooms {
    rooms
        .told([WEBHOOK, RECEIVER])
        .sql(sent("e.target_id = $1"), &[Arg::Person])
        .sql(sent("e.target_id = $1"), &[Arg::Group])
        .sql(sent("e.group_id = $1"), &[Arg::Group])
        .sql(BY_WEBHOOKS, &[Arg::Group])
        .sql(sent(CONTENTS), &[Arg::Owner])
}

/// Removes what was sent of the events that meet a condition.
fn sent(condition: &str) -> String {
    format!(
        "delete from webhook_deliveries where id in (select d.id from events e \
         join webhook_deliveries d on d.event_id = e.id where {condition} limit $2)"
    )
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
