//! What this room tells somebody of what it holds about them. Values of hidden properties are not
//! among it: nothing that answers reads them.

use kernel::erasure::{Arg, As, Key, Told};
use types::Kind;

type Columns = &'static [(&'static str, &'static str, As)];

const PERSON: Told = Told {
    kind: "person",
    from: "people o where o.id = $1",
    args: &[Arg::Person],
    columns: &[
        ("id", "o.id", As::Id(Kind::Person)),
        ("displayName", "o.display_name", As::Text),
        ("email", "o.email", As::Text),
        ("username", "o.username", As::Text),
        ("bio", "o.bio", As::Text),
        ("avatar", "o.avatar", As::Text),
        ("metadata", "o.metadata", As::Json),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const PREFERENCES: Told = Told {
    kind: "preferences",
    from: "people o where o.id = $1 and o.preferences is not null",
    args: &[Arg::Person],
    columns: &[("preferences", "o.preferences", As::Json)],
    key: Key::Id("o.id"),
};

const CHOICES: Told = Told {
    kind: "notificationChoices",
    from: "notification_choices o where o.person_id = $1",
    args: &[Arg::Person],
    columns: &[("chosen", "o.chosen", As::Json), ("updatedAt", "o.updated_at", As::Time)],
    key: Key::Id("o.person_id"),
};

const MEMBERSHIP: Told = Told {
    kind: "membership",
    from: "memberships o join groups g on g.id = o.group_id where o.person_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("groupId", "o.group_id", As::Id(Kind::Group)),
        ("groupName", "g.name", As::Text),
        ("role", "o.role", As::Text),
        ("customRole", "o.custom_role", As::Text),
        ("permissions", "o.permissions", As::Json),
        ("status", "o.status", As::Text),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.group_id"),
};

const GROUP: Told = Told {
    kind: "group",
    from: "groups o where o.id = $1",
    args: &[Arg::Group],
    columns: &[
        ("id", "o.id", As::Id(Kind::Group)),
        ("parentGroupId", "o.parent_id", As::Id(Kind::Group)),
        ("slug", "o.slug", As::Text),
        ("name", "o.name", As::Text),
        ("type", "o.type", As::Text),
        ("description", "o.description", As::Text),
        ("metadata", "o.metadata", As::Json),
        ("status", "o.status", As::Text),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const THING: Columns = &[
    ("id", "o.id", As::Id(Kind::Thing)),
    ("groupId", "o.group_id", As::Id(Kind::Group)),
    ("parentId", "o.parent_id", As::Id(Kind::Thing)),
    ("type", "o.type", As::Text),
    ("name", "o.name", As::Text),
    ("properties", "o.properties", As::Json),
    ("status", "o.status", As::Text),
    ("visibility", "o.visibility", As::Text),
    ("ownerId", "o.owner_id", As::Id(Kind::Person)),
    ("version", "o.version", As::Int),
    ("createdAt", "o.created_at", As::Time),
    ("updatedAt", "o.updated_at", As::Time),
    ("deletedAt", "o.deleted_at", As::Time),
];

const OWN_THINGS: Told = Told {
    kind: "thing",
    from: "things o where o.owner_id = $1",
    args: &[Arg::Person],
    columns: THING,
    key: Key::Id("o.id"),
};

const THINGS_AT_HOME: Told = Told {
    kind: "thing",
    from: "things o where o.group_id = $1 and o.owner_id is distinct from $2",
    args: &[Arg::Group, Arg::Person],
    columns: THING,
    key: Key::Id("o.id"),
};

/// What they wrote by the contact form.
const LETTERS: Told = Told {
    kind: "contactSubmission",
    from: "things o where o.type = 'contact_submission' \
           and cast(o.properties ->> 'email' as text) = $1",
    args: &[Arg::Email],
    columns: THING,
    key: Key::Id("o.id"),
};

const REVISION: Columns = &[
    ("thingId", "o.thing_id", As::Id(Kind::Thing)),
    ("version", "o.version", As::Int),
    ("before", "o.before", As::Json),
    ("actorId", "o.actor_id", As::Id(Kind::Person)),
    ("createdAt", "o.created_at", As::Time),
];

const OWN_REVISIONS: Told = Told {
    kind: "revision",
    from: "things t join thing_revisions o on o.thing_id = t.id where t.owner_id = $1",
    args: &[Arg::Person],
    columns: REVISION,
    key: Key::Both("o.thing_id", "o.version"),
};

const REVISIONS_AT_HOME: Told = Told {
    kind: "revision",
    from: "things t join thing_revisions o on o.thing_id = t.id where t.group_id = $1 \
           and t.owner_id is distinct from $2",
    args: &[Arg::Group, Arg::Person],
    columns: REVISION,
    key: Key::Both("o.thing_id", "o.version"),
};

const CONNECTION: Columns = &[
    ("id", "o.id", As::Id(Kind::Connection)),
    ("groupId", "o.group_id", As::Id(Kind::Group)),
    ("type", "o.type", As::Text),
    ("", "o.from_kind", As::Text),
    ("fromId", "o.from_id", As::Any),
    ("", "o.to_kind", As::Text),
    ("toId", "o.to_id", As::Any),
    ("metadata", "o.metadata", As::Json),
    ("strength", "o.strength", As::Real),
    ("createdBy", "o.created_by", As::Id(Kind::Person)),
    ("validFrom", "o.valid_from", As::Time),
    ("validTo", "o.valid_to", As::Time),
    ("createdAt", "o.created_at", As::Time),
    ("updatedAt", "o.updated_at", As::Time),
];

/// From and to themselves.
const OWN_CONNECTIONS: Told = Told {
    kind: "connection",
    from: "connections o where (o.from_id = $1 or o.to_id = $1)",
    args: &[Arg::Person],
    columns: CONNECTION,
    key: Key::Id("o.id"),
};

/// From what they own.
const CONNECTIONS_OF_THINGS: Told = Told {
    kind: "connection",
    from: "things t join connections o on o.from_id = t.id where t.owner_id = $1 \
           and o.to_id <> $1",
    args: &[Arg::Person],
    columns: CONNECTION,
    key: Key::Id("o.id"),
};

const CONNECTIONS_AT_HOME: Told = Told {
    kind: "connection",
    from: "connections o where o.group_id = $1 and o.from_id <> $2 and o.to_id <> $2 \
           and not exists (select 1 from things t where t.id = o.from_id and t.owner_id = $2)",
    args: &[Arg::Group, Arg::Person],
    columns: CONNECTION,
    key: Key::Id("o.id"),
};

const KNOWLEDGE: Columns = &[
    ("id", "o.id", As::Id(Kind::Knowledge)),
    ("groupId", "o.group_id", As::Id(Kind::Group)),
    ("type", "o.type", As::Text),
    ("text", "o.text", As::Text),
    ("sourceThingId", "o.source_thing_id", As::Id(Kind::Thing)),
    ("labels", "o.labels", As::Json),
    ("metadata", "o.metadata", As::Json),
    ("createdAt", "o.created_at", As::Time),
    ("updatedAt", "o.updated_at", As::Time),
];

const OWN_KNOWLEDGE: Told = Told {
    kind: "knowledge",
    from: "knowledge o where o.owner_id = $1",
    args: &[Arg::Person],
    columns: KNOWLEDGE,
    key: Key::Id("o.id"),
};

const KNOWLEDGE_AT_HOME: Told = Told {
    kind: "knowledge",
    from: "knowledge o where o.group_id = $1 and o.owner_id is distinct from $2",
    args: &[Arg::Group, Arg::Person],
    columns: KNOWLEDGE,
    key: Key::Id("o.id"),
};

const EVENT: Columns = &[
    ("id", "o.id", As::Id(Kind::Event)),
    ("seq", "o.seq", As::Int),
    ("groupId", "o.group_id", As::Id(Kind::Group)),
    ("type", "o.type", As::Text),
    ("actorId", "o.actor_id", As::Id(Kind::Person)),
    ("", "o.target_kind", As::Text),
    ("targetId", "o.target_id", As::Any),
    ("timestamp", "o.occurred_at", As::Time),
    ("metadata", "o.metadata", As::Json),
    ("requestId", "o.request_id", As::Text),
];

const DEEDS: Told = Told {
    kind: "event",
    from: "events o where o.actor_id = $1",
    args: &[Arg::Person],
    columns: EVENT,
    key: Key::Seq("o.seq"),
};

const EVENTS_ABOUT_THEM: Told = Told {
    kind: "event",
    from: "events o where o.target_id = $1 and o.actor_id is distinct from $1",
    args: &[Arg::Person],
    columns: EVENT,
    key: Key::Seq("o.seq"),
};

const EVENTS_AT_HOME: Told = Told {
    kind: "event",
    from: "events o where o.group_id = $1 and o.actor_id is distinct from $2 \
           and o.target_id is distinct from $2",
    args: &[Arg::Group, Arg::Person],
    columns: EVENT,
    key: Key::Seq("o.seq"),
};

const NOTIFICATION: Told = Told {
    kind: "notification",
    from: "notifications o where o.person_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("thingId", "o.thing_id", As::Id(Kind::Thing)),
        ("about", "o.kind", As::Text),
        ("count", "o.count", As::Int),
        ("eventType", "o.event_type", As::Text),
        ("sourceGroupId", "o.source_group_id", As::Id(Kind::Group)),
        ("actorId", "o.actor_id", As::Id(Kind::Person)),
        ("", "o.target_kind", As::Text),
        ("targetId", "o.target_id", As::Any),
        ("readAt", "o.read_at", As::Time),
    ],
    key: Key::Id("o.thing_id"),
};

const JOIN_REQUEST: Told = Told {
    kind: "joinRequest",
    from: "join_requests o where o.person_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("id", "o.id", As::Id(Kind::JoinRequest)),
        ("groupId", "o.group_id", As::Id(Kind::Group)),
        ("message", "o.message", As::Text),
        ("status", "o.status", As::Text),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const IMPORT: Told = Told {
    kind: "import",
    from: "import_runs o where o.person_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("id", "o.id", As::Id(Kind::Import)),
        ("groupId", "o.group_id", As::Id(Kind::Group)),
        ("options", "o.options", As::Json),
        ("state", "o.state", As::Text),
        ("lines", "o.lines", As::Int),
        ("problem", "o.problem", As::Text),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const IMPORT_ERROR: Told = Told {
    kind: "importError",
    from: "import_runs r join import_errors o on o.import_id = r.id where r.person_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("importId", "o.import_id", As::Id(Kind::Import)),
        ("line", "o.line", As::Int),
        ("errors", "o.errors", As::Json),
    ],
    key: Key::Both("o.import_id", "o.line"),
};

/// In this order.
pub(super) const TOLD: [Told; 22] = [
    PERSON,
    PREFERENCES,
    CHOICES,
    MEMBERSHIP,
    GROUP,
    OWN_THINGS,
    THINGS_AT_HOME,
    LETTERS,
    OWN_REVISIONS,
    REVISIONS_AT_HOME,
    OWN_CONNECTIONS,
    CONNECTIONS_OF_THINGS,
    CONNECTIONS_AT_HOME,
    OWN_KNOWLEDGE,
    KNOWLEDGE_AT_HOME,
    DEEDS,
    EVENTS_ABOUT_THEM,
    EVENTS_AT_HOME,
    NOTIFICATION,
    JOIN_REQUEST,
    IMPORT,
    IMPORT_ERROR,
];
