//! Writes everything, or one group with what is below it, from one snapshot.

mod groups;
mod kinds;
mod page;
mod pages;

use std::collections::HashSet;
use std::io::Write;

use database::{Reach, Row, Sql, Tx, args};
use kernel::App;
use telemetry::within;
use tokio::sync::mpsc::{Sender, channel};
use types::{AnyId, Error, GroupId, Json, Kind, PersonId, Result, ThingId};

use self::pages::{Inside, Key, Source};
use super::line::{
    ConnectionLine, KnowledgeLine, Line, MembershipLine, PersonLine, ThingKnowledgeLine, ThingLine,
};
use super::within::{
    LIVING, LIVING_ENDS, LIVING_PAIR, LIVING_SOURCE, MEMBERS, PEOPLE, with_both_ends,
    with_its_piece, with_its_source,
};
use super::{ExportOptions, Progress, Summary, Top, sql};
use crate::pace::Pace;
use crate::things::model::{Status, Visibility};

/// Pages that wait for whoever writes, beside the one that is written and the one that is read:
/// each is a mebibyte, and a line.
const AHEAD: usize = 1;

/// People who are named in a statement.
const NAMED: usize = 1000;

/// Lines of a page as bytes, and how many.
type Written = (Vec<u8>, u64);

/// Writes every object that `reach` holds as a line, each behind what it needs.
///
/// # Errors
/// 404 for an unknown group; when `out` cannot be written or the store cannot be read.
pub async fn export(
    app: &App,
    reach: Reach,
    out: &mut impl Write,
    options: ExportOptions,
    mut report: impl FnMut(Progress) + Send,
) -> Result<Summary> {
    let (sender, mut pages) = channel::<Written>(AHEAD);
    let db = app.db.clone();
    let reading = tokio::spawn(within(telemetry::current(), async move {
        db.bound(reach).snapshot(async move |tx| all(tx, &options, &sender).await).await
    }));
    let mut summary = Summary::default();
    let mut bytes = 0;
    while let Some((page, lines)) = pages.recv().await {
        // A disk, or whatever reads the output, may take its time.
        if let Err(error) = tokio::task::block_in_place(|| out.write_all(&page)) {
            // The snapshot ends first: it has a place that others wait for.
            drop(pages);
            let _ = reading.await;
            return Err(error.into());
        }
        summary.lines += lines;
        summary.stored += lines;
        bytes += page.len() as u64;
        report(Progress::Read { lines: summary.lines, bytes });
    }
    // What a task that broke says of itself may quote what was exported.
    reading.await.map_err(|_| given_up())??;
    Ok(summary)
}

async fn all(tx: &mut Tx, options: &ExportOptions, out: &Sender<Written>) -> Result<()> {
    let root: Option<GroupId> = match &options.group {
        None => None,
        Some(Top::Id(id)) => Some(*id),
        Some(Top::Slug(slug)) => {
            let found = tx
                .maybe(
                    "select id from groups where slug = $1 and status <> 'deleting'",
                    args![slug],
                    |row| row.get(0),
                )
                .await?;
            Some(found.ok_or_else(|| {
                Error::invalid("group", "unknown_group", format!("there is no group `{slug}`."))
            })?)
        }
    };
    let deleting = sql::is_deleting(tx).await?;
    let hidden = options.hidden;
    let mut export = Export { tx, root, hidden, deleting, pace: Pace::default(), out };
    export.groups().await?;
    export.types().await?;
    export.people().await?;
    export.roles().await?;
    export.memberships().await?;
    export.things().await?;
    export.connections().await?;
    export.knowledge().await?;
    export.thing_knowledge().await
}

struct Export<'e> {
    tx: &'e mut Tx,
    root: Option<GroupId>,
    /// Whether values of hidden properties are written, and records of people who are no members.
    hidden: bool,
    /// Whether any group is on its way out: it is gone for everybody, so its rows stay behind.
    deleting: bool,
    pace: Pace,
    out: &'e Sender<Written>,
}

/// Groups below one that have things.
const WITH_THINGS: &str = "select a.group_id from group_ancestors a where a.ancestor_id = $1 \
     and (select 1 from things o where o.group_id = a.group_id limit 1) = 1 order by a.group_id";

impl Export<'_> {
    async fn people(&mut self) -> Result<()> {
        let source = Source {
            select: "select o.id, o.display_name, o.email, o.username, o.bio, o.avatar, \
                     o.metadata, o.version, o.created_at, o.updated_at, o.personal_group_id, \
                     o.id, o.id from people o where 1 = 1",
            width: 11,
            key: Key::One("o.id"),
            levels: false,
            living: "",
            inside: None,
        };
        let whole = self.root.is_none();
        // Of whoever owns something and is no member any more, an owner of the group sees no
        // record: a name says whose it is.
        let members: Option<HashSet<PersonId>> = match self.root.filter(|_| !self.hidden) {
            None => None,
            Some(root) => {
                let all = self.tx.all(MEMBERS, args![root], |row| row.get::<PersonId>(0)).await?;
                Some(all.into_iter().collect())
            }
        };
        let read = |row: &Row<'_>| {
            let id: PersonId = row.get(0)?;
            if members.as_ref().is_some_and(|members| !members.contains(&id)) {
                return Ok(Line::Person(PersonLine::named(id, row.get(1)?)));
            }
            Ok(Line::Person(PersonLine {
                id,
                display_name: row.get(1)?,
                email: row.get(2)?,
                username: row.get(3)?,
                bio: row.get(4)?,
                avatar: row.get(5)?,
                metadata: row.get::<Json>(6)?.to_map(),
                version: Some(row.get::<i64>(7)?.unsigned_abs()),
                created_at: row.get(8)?,
                updated_at: row.get(9)?,
                // A part of the world leaves it behind.
                personal_group_id: row.get::<Option<GroupId>>(10)?.filter(|_| whole),
            }))
        };
        let Some(root) = self.root else {
            return self.pages(&source, |_| {}, read).await;
        };
        let mut ids = self.tx.all(PEOPLE, args![root], |row| row.get::<PersonId>(0)).await?;
        ids.sort_unstable_by_key(|id| id.0);
        for ids in ids.chunks(NAMED) {
            let these = |sql: &mut Sql<'_>| {
                sql.push(" and o.id in ").bind_list(ids.iter().copied());
            };
            self.pages(&source, these, read).await?;
        }
        Ok(())
    }

    async fn roles(&mut self) -> Result<()> {
        self.pace = Pace::default();
        let (root, deleting) = (self.root, self.deleting);
        self.along(|after| sql::roles(root, deleting, after), role).await
    }

    async fn memberships(&mut self) -> Result<()> {
        let source = Source {
            select: "select o.group_id, o.person_id, o.role, o.permissions, o.status, \
                     o.created_at, o.updated_at, o.custom_role, o.group_id, o.person_id \
                     from memberships o where 1 = 1",
            width: 8,
            key: Key::Two("o.group_id", "o.person_id"),
            levels: false,
            living: LIVING,
            inside: Some(Inside {
                groups: "select a.group_id from group_ancestors a where a.ancestor_id = $1 \
                         order by a.group_id",
                group: "o.group_id",
                key: Key::One("o.person_id"),
                within: |_, _| {},
            }),
        };
        let read = |row: &Row<'_>| {
            Ok(Line::Membership(MembershipLine {
                group_id: row.get(0)?,
                person_id: row.get(1)?,
                role: row.get(2)?,
                custom_role: row.get(7)?,
                permissions: serde_json::from_str(row.get::<Json>(3)?.as_str())?,
                status: Some(row.get(4)?),
                created_at: row.get(5)?,
                updated_at: row.get(6)?,
            }))
        };
        self.pages(&source, |_| {}, read).await
    }

    /// Level by level, so that what others belong to comes first.
    async fn things(&mut self) -> Result<()> {
        let source = Source {
            select: "select o.id, o.group_id, o.parent_id, o.type, o.name, o.properties, \
                     o.status, o.owner_id, o.visibility, o.version, o.created_at, o.updated_at, \
                     o.deleted_at, o.hidden, o.id, o.id from things o where 1 = 1",
            width: 14,
            key: Key::One("o.id"),
            levels: true,
            living: LIVING,
            inside: Some(Inside {
                groups: WITH_THINGS,
                group: "o.group_id",
                key: Key::One("o.id"),
                within: |_, _| {},
            }),
        };
        let with_hidden = self.hidden;
        let read = |row: &Row<'_>| {
            let hidden = row.get::<Option<Json>>(13)?.filter(|_| with_hidden);
            Ok(Line::Thing(Box::new(ThingLine {
                id: row.get(0)?,
                group_id: row.get(1)?,
                parent_id: row.get(2)?,
                r#type: row.get(3)?,
                name: row.get(4)?,
                properties: row.get::<Json>(5)?.to_map(),
                hidden: hidden.map(|hidden| hidden.to_map()).unwrap_or_default(),
                status: Some(Status::stored(row.text(6)?)?),
                owner_id: row.get(7)?,
                visibility: Some(Visibility::stored(row.text(8)?)?),
                version: Some(row.get::<i64>(9)?.unsigned_abs()),
                created_at: row.get(10)?,
                updated_at: row.get(11)?,
                deleted_at: row.get(12)?,
            })))
        };
        self.pages(&source, |_| {}, read).await
    }

    async fn connections(&mut self) -> Result<()> {
        let source = Source {
            select: "select o.id, o.group_id, o.type, o.from_id, o.from_kind, o.to_id, \
                     o.to_kind, o.metadata, o.strength, o.valid_from, o.valid_to, o.created_by, \
                     o.created_at, o.updated_at, o.id, o.id from connections o where 1 = 1",
            width: 14,
            key: Key::One("o.id"),
            levels: false,
            living: LIVING_ENDS,
            inside: Some(Inside {
                groups: "select a.group_id from group_ancestors a where a.ancestor_id = $1 \
                         and (select 1 from connections o where o.group_id = a.group_id limit 1) = 1 \
                         order by a.group_id",
                group: "o.group_id",
                key: Key::One("o.id"),
                within: with_both_ends,
            }),
        };
        let read = |row: &Row<'_>| {
            Ok(Line::Connection(Box::new(ConnectionLine {
                id: row.get(0)?,
                group_id: row.get(1)?,
                r#type: row.get(2)?,
                from_id: end(row, 3)?,
                to_id: end(row, 5)?,
                metadata: row.get::<Json>(7)?.to_map(),
                strength: row.get(8)?,
                valid_from: row.get(9)?,
                valid_to: row.get(10)?,
                created_by: row.get(11)?,
                created_at: row.get(12)?,
                updated_at: row.get(13)?,
            })))
        };
        self.pages(&source, |_| {}, read).await
    }

    async fn knowledge(&mut self) -> Result<()> {
        let source = Source {
            select: "select o.id, o.group_id, o.type, o.text, o.source_thing_id, o.chunk, \
                     o.labels, o.metadata, o.deprecated, o.created_at, o.updated_at, o.owner_id, \
                     o.id, o.id from knowledge o where 1 = 1",
            width: 12,
            key: Key::One("o.id"),
            levels: false,
            living: LIVING_SOURCE,
            inside: Some(Inside {
                groups: "select a.group_id from group_ancestors a where a.ancestor_id = $1 \
                         and (select 1 from knowledge o where o.group_id = a.group_id limit 1) = 1 \
                         order by a.group_id",
                group: "o.group_id",
                key: Key::One("o.id"),
                within: with_its_source,
            }),
        };
        let read = |row: &Row<'_>| {
            let source: Option<ThingId> = row.get(4)?;
            Ok(Line::Knowledge(Box::new(KnowledgeLine {
                id: row.get(0)?,
                group_id: row.get(1)?,
                r#type: row.get(2)?,
                text: row.get(3)?,
                source_thing_id: source,
                owner_id: row.get::<Option<PersonId>>(11)?.filter(|_| source.is_none()),
                chunk: row
                    .get::<Option<Json>>(5)?
                    .map(|chunk| serde_json::from_str(chunk.as_str()))
                    .transpose()?,
                labels: serde_json::from_str(row.get::<Json>(6)?.as_str())?,
                metadata: row.get::<Json>(7)?.to_map(),
                deprecated: row.get(8)?,
                created_at: row.get(9)?,
                updated_at: row.get(10)?,
            })))
        };
        self.pages(&source, |_| {}, read).await
    }

    async fn thing_knowledge(&mut self) -> Result<()> {
        let source = Source {
            select: "select o.thing_id, o.knowledge_id, o.role, o.created_at, o.knowledge_id, \
                     o.thing_id from thing_knowledge o where 1 = 1",
            width: 4,
            key: Key::Two("o.knowledge_id", "o.thing_id"),
            levels: false,
            living: LIVING_PAIR,
            inside: None,
        };
        let read = |row: &Row<'_>| {
            Ok(Line::ThingKnowledge(ThingKnowledgeLine {
                thing_id: row.get(0)?,
                knowledge_id: row.get(1)?,
                role: row.get(2)?,
                created_at: row.get(3)?,
            }))
        };
        if self.root.is_some() {
            let inside = Inside {
                groups: WITH_THINGS,
                group: "t.group_id",
                key: Key::Joined("t.id", "o.knowledge_id", "o.role"),
                within: with_its_piece,
            };
            let select = "select o.thing_id, o.knowledge_id, o.role, o.created_at, t.id, \
                          o.knowledge_id from things t join thing_knowledge o \
                          on o.thing_id = t.id where 1 = 1";
            let source = Source { select, inside: Some(inside), ..source };
            return self.pages(&source, |_| {}, read).await;
        }
        // A pair may be joined in several roles: with the role fixed, the key names one row.
        for role in &kernel::ontology::built_in().thing_knowledge_roles {
            let in_role = |sql: &mut Sql<'_>| {
                sql.and_equals("o.role", Some(role.as_str()));
            };
            self.pages(&source, in_role, read).await?;
        }
        Ok(())
    }
}

fn given_up() -> Error {
    Error::internal("the export was given up")
}

fn role(row: &Row<'_>) -> Result<(Line, (GroupId, String))> {
    let line = sql::role(row)?;
    let at = (line.group_id, line.name.clone());
    Ok((Line::GroupRole(line), at))
}

/// One end of a connection, as a TypeID.
fn end(row: &Row<'_>, index: usize) -> Result<String> {
    let kind = Kind::from_prefix(row.text(index + 1)?)
        .ok_or_else(|| Error::internal("an unknown kind of object is stored"))?;
    Ok(AnyId { kind, uuid: row.get(index)? }.to_string())
}
