//! What a line does: the rules of its dimension, on behalf of the house.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use database::args;
use kernel::Work;
use kernel::access::{self, Rights, Role};
use kernel::events::NewEvent;
use kernel::ontology::ConnectionType;
use kernel::usage::{self, Metric};
use serde::Serialize;
use serde_json::json;
use types::{
    Checks, Error, ErrorKind, GroupId, Json, JsonMap, KnowledgeId, PersonId, Result, Time,
};
use uuid::Uuid;

use super::line::{
    ConnectionLine, GroupLine, KnowledgeLine, Line, MembershipLine, PersonLine, ThingKnowledgeLine,
    ThingLine,
};
use super::names::Names;
use super::{roles, sql};
use crate::connections::model::NewConnection;
use crate::connections::rules::Origin;
use crate::groups::rules as groups;
use crate::knowledge::model::{Knowledge, KnowledgeType};
use crate::knowledge::rules as knowledge;
use crate::ontology::kind::Kind;
use crate::ontology::model::Dimension;
use crate::ontology::{register, rules as types_of};
use crate::people::check::{Record, check_record};
use crate::things::many::{self, Draft};
use crate::things::model::{Status, Tier, Visibility};
use crate::{connections, things};

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its object is new.
    Stored,
    /// Its object was there already and stays as it is.
    There,
    /// It brings no object.
    Nothing,
}

impl From<bool> for Outcome {
    fn from(stored: bool) -> Self {
        if stored { Self::Stored } else { Self::There }
    }
}

/// Takes lines, and remembers within a transaction what it looked up.
#[derive(Default)]
pub(super) struct Store {
    pub(super) names: Names,
    active: HashSet<GroupId>,
    people: HashSet<PersonId>,
    thing_types: HashMap<GroupId, HashMap<String, Kind>>,
    connection_types: HashMap<GroupId, HashMap<String, Rc<ConnectionType>>>,
}

impl Store {
    pub(super) fn new(names: Names) -> Self {
        Self { names, ..Self::default() }
    }

    pub(super) async fn line(&mut self, work: &mut Work<'_>, line: &Line) -> Result<Outcome> {
        let line = self.names.translate(line);
        if self.names.learn(work.tx, &line).await? {
            return Ok(Outcome::There);
        }
        match line.as_ref() {
            Line::Group(line) => self.group(work, line).await,
            Line::ThingType(line) => {
                self.kind(work, line.group_id, Dimension::Thing, &line.name, line).await
            }
            Line::ConnectionType(line) => {
                self.kind(work, line.group_id, Dimension::Connection, &line.name, line).await
            }
            Line::EventType(line) => {
                self.kind(work, line.group_id, Dimension::Event, &line.name, line).await
            }
            Line::Person(line) => person(work, line).await,
            Line::GroupRole(line) => {
                self.active(work, line.group_id).await?;
                roles::store(work, line).await
            }
            Line::Membership(line) => self.membership(work, line).await,
            Line::Thing(line) => {
                let draft = self.draft(work, line).await?;
                let stored = many::store_new(work, vec![draft]).await?;
                Ok(Outcome::from(stored.first() == Some(&true)))
            }
            Line::Connection(line) => self.connection(work, line).await,
            Line::Knowledge(line) => self.knowledge(work, line).await,
            Line::ThingKnowledge(line) => thing_knowledge(work, line).await,
            Line::End(_) => Ok(Outcome::Nothing),
        }
    }

    /// Refuses a group that is not there, or archived unless the input says so itself; looks once
    /// per transaction.
    async fn active(&mut self, work: &mut Work<'_>, group: GroupId) -> Result<()> {
        if self.active.contains(&group) {
            return Ok(());
        }
        if self.names.comes_archived(group) {
            if !sql::exists(work.tx, "groups", group.0).await? {
                return Err(missing("groupId", "group"));
            }
        } else {
            let found = access::standing_to_change(work.tx, work.caller, group).await;
            found.map_err(|error| match error.kind() {
                ErrorKind::NotFound => missing("groupId", "group"),
                _ => error,
            })?;
        }
        self.active.insert(group);
        Ok(())
    }

    /// Refuses a person who is not there; looks once per transaction.
    async fn known(&mut self, work: &mut Work<'_>, field: &str, id: PersonId) -> Result<()> {
        if !self.people.contains(&id) {
            if !sql::exists(work.tx, "people", id.0).await? {
                return Err(missing(field, "person"));
            }
            self.people.insert(id);
        }
        Ok(())
    }

    async fn group(&mut self, work: &mut Work<'_>, line: &GroupLine) -> Result<Outcome> {
        if sql::exists(work.tx, "groups", line.id.0).await? {
            return Ok(Outcome::There);
        }
        if let Some(parent) = line.parent_group_id {
            self.active(work, parent).await?;
        }
        let group = line.to_group(work.now, work.app().plans.default_plan())?;
        groups::insert_as_is(work, &group).await?;
        Ok(Outcome::Stored)
    }

    async fn kind(
        &mut self,
        work: &mut Work<'_>,
        group: GroupId,
        dimension: Dimension,
        name: &str,
        line: &impl Serialize,
    ) -> Result<Outcome> {
        self.active(work, group).await?;
        let mut definition = Json::of(line)?.to_map();
        definition.remove("groupId");
        definition.remove("name");
        let definition = Json::of(&definition)?;
        let there = sql::definition(work.tx, group, dimension, name).await?;
        if there.is_some_and(|there| covers(&there.to_map(), &definition.to_map())) {
            return Ok(Outcome::There);
        }
        register::register_as_is(work, group, dimension, name, &definition).await?;
        self.thing_types.clear();
        self.connection_types.clear();
        Ok(Outcome::Stored)
    }

    async fn membership(&mut self, work: &mut Work<'_>, line: &MembershipLine) -> Result<Outcome> {
        self.active(work, line.group_id).await?;
        let role = Role::parse(&line.role)?;
        if role == Role::PlatformOwner && sql::platform(work.tx).await? != Some(line.group_id) {
            let message = "owns the platform only in the group `platform`.";
            return Err(Error::invalid("/role", "wrong_group", message));
        }
        roles::check(work, line, role).await?;
        Rights::parse(&line.permissions, "/permissions")?;
        self.known(work, "personId", line.person_id).await?;
        let status = line.status.as_deref().unwrap_or("active");
        Checks::new().one_of("/status", status, &["active", "invited"]).done()?;
        let permissions = Json::of(&line.permissions)?;
        let now = work.now;
        let rows = work
            .tx
            .run(
                "insert into memberships (group_id, person_id, role, permissions, status, \
                 created_at, updated_at, custom_role) values ($1, $2, $3, $4, $5, $6, $7, $8) \
                 on conflict (group_id, person_id) do nothing",
                args![
                    line.group_id,
                    line.person_id,
                    role.name(),
                    &permissions,
                    status,
                    line.created_at.unwrap_or(now),
                    line.updated_at.unwrap_or(now),
                    &line.custom_role
                ],
            )
            .await?;
        if rows == 1 {
            if status == "active" {
                usage::take(work, line.group_id, Metric::Users, 1).await?;
            }
            let name = line.custom_role.as_deref().unwrap_or(role.name());
            let metadata = Json::of(&json!({ "role": name }))?;
            work.announce(line.group_id, "user_joined_group", line.person_id, &metadata).await?;
        }
        Ok(Outcome::from(rows == 1))
    }

    /// A thing that is ready to be stored: many together cost less than each by itself.
    pub(super) async fn draft(&mut self, work: &mut Work<'_>, line: &ThingLine) -> Result<Draft> {
        self.active(work, line.group_id).await?;
        let kind = self.thing_type(work, line.group_id, &line.r#type).await?;
        Checks::new().text("/name", &line.name, 1, things::rules::MAX_NAME).done()?;
        if let Some(parent) = line.parent_id {
            match sql::place(work.tx, parent).await? {
                None => return Err(missing("parentId", "thing")),
                Some(place) if place.group != line.group_id => {
                    let message = "must be a thing of the same group.";
                    return Err(Error::invalid("/parentId", "foreign_parent", message));
                }
                Some(_) => {}
            }
        }
        if let Some(owner) = line.owner_id {
            self.known(work, "ownerId", owner).await?;
        }
        let status = line.status.unwrap_or(Status::Active);
        let thing = things::model::Thing {
            id: line.id,
            group_id: line.group_id,
            parent_id: line.parent_id,
            kind: line.r#type.clone(),
            name: line.name.clone(),
            properties: Json::of(&line.properties)?,
            status,
            owner_id: line.owner_id,
            visibility: line.visibility.unwrap_or(Visibility::Group),
            tier: Tier::Plain,
            version: line.version.unwrap_or(1).max(1),
            deleted_at: (status == Status::Archived).then(|| line.deleted_at.unwrap_or(work.now)),
            created_at: line.created_at.unwrap_or(work.now),
            updated_at: line.updated_at.unwrap_or(work.now),
        };
        let unknown = line.hidden.keys().find(|name| !kind.definition().hidden.contains(name));
        if let Some(name) = unknown {
            // It would be told, or lost: neither is what whoever wrote it there wants.
            let pointer = format!("/hidden/{}", name.replace('~', "~0").replace('/', "~1"));
            let message = format!("is no hidden property of `{}`.", line.r#type);
            return Err(Error::invalid(pointer, "not_hidden", message));
        }
        let hidden = Some(&line.hidden).filter(|hidden| !hidden.is_empty());
        Draft::as_is(thing, &kind, hidden)
    }

    async fn connection(&mut self, work: &mut Work<'_>, line: &ConnectionLine) -> Result<Outcome> {
        self.active(work, line.group_id).await?;
        let kind = self.connection_type(work, line.group_id, &line.r#type).await?;
        let new = NewConnection {
            id: line.id,
            kind: line.r#type.clone(),
            from_id: line.from_id.clone(),
            to_id: line.to_id.clone(),
            metadata: Some(line.metadata.clone()),
            strength: line.strength,
            valid_from: line.valid_from,
            valid_to: line.valid_to,
        };
        let origin = Origin {
            group: line.group_id,
            created_by: line.created_by,
            created_at: line.created_at,
            updated_at: line.updated_at,
        };
        connections::rules::insert_as_is(work, &kind, &new, origin).await.map(Outcome::from)
    }

    async fn knowledge(&mut self, work: &mut Work<'_>, line: &KnowledgeLine) -> Result<Outcome> {
        self.active(work, line.group_id).await?;
        let kinds: Vec<&str> = KnowledgeType::ALL.iter().map(|kind| kind.name()).collect();
        Checks::new().one_of("/type", &line.r#type, &kinds).done()?;
        let (visibility, owner) = match line.source_thing_id {
            None => ("group".to_owned(), line.owner_id),
            Some(id) => {
                let place = sql::place(work.tx, id).await?;
                let place = place.ok_or_else(|| missing("sourceThingId", "thing"))?;
                (place.visibility, place.owner)
            }
        };
        if let Some(owner) = owner {
            self.known(work, "ownerId", owner).await?;
        }
        let one = Knowledge {
            id: line.id.map_or_else(|| made_id(line), Ok)?,
            group_id: line.group_id,
            kind: KnowledgeType::stored(&line.r#type)?,
            text: line.text.clone(),
            source_thing_id: line.source_thing_id,
            chunk: line.chunk.as_ref().map(Json::of).transpose()?,
            labels: Json::of(&knowledge::distinct(&line.labels))?,
            metadata: Json::of(&line.metadata)?,
            content_hash: None,
            deprecated: line.deprecated,
            created_at: line.created_at.unwrap_or(work.now),
            updated_at: line.updated_at.unwrap_or(work.now),
            visibility,
            owner,
        };
        knowledge::insert_as_is(work, &one, &line.labels).await.map(Outcome::from)
    }

    async fn thing_type(
        &mut self,
        work: &mut Work<'_>,
        group: GroupId,
        name: &str,
    ) -> Result<Kind> {
        let known = self.thing_types.entry(group).or_default();
        if let Some(kind) = known.get(name) {
            return Ok(kind.clone());
        }
        let kind = types_of::kind(work.tx, group, name).await?;
        known.insert(name.to_owned(), kind.clone());
        Ok(kind)
    }

    async fn connection_type(
        &mut self,
        work: &mut Work<'_>,
        group: GroupId,
        name: &str,
    ) -> Result<Rc<ConnectionType>> {
        let known = self.connection_types.entry(group).or_default();
        if let Some(kind) = known.get(name) {
            return Ok(Rc::clone(kind));
        }
        let kind = Rc::new(types_of::connection_type(work.tx, group, name).await?.into_owned());
        known.insert(name.to_owned(), Rc::clone(&kind));
        Ok(kind)
    }
}

pub(super) fn missing(field: &str, what: &str) -> Error {
    Error::invalid(
        format!("/{field}"),
        "unknown_reference",
        format!("refers to a {what} that is not there; what a line needs stands before it."),
    )
}

/// The id of knowledge that comes without one: made from what it says, so that a repeated import
/// finds it again.
fn made_id(line: &KnowledgeLine) -> Result<KnowledgeId> {
    let digest = knowledge::digest(&serde_json::to_string(line)?);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    let moment = line.created_at.unwrap_or(Time::from_micros(0)).millis().unsigned_abs();
    bytes[..6].copy_from_slice(&moment.to_be_bytes()[2..]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    Ok(KnowledgeId(Uuid::from_bytes(bytes)))
}

/// Whether the stored definition says everything the new one does.
fn covers(stored: &JsonMap, new: &JsonMap) -> bool {
    new.iter().all(|(key, value)| stored.get(key) == Some(value))
}

async fn person(work: &mut Work<'_>, line: &PersonLine) -> Result<Outcome> {
    if sql::exists(work.tx, "people", line.id.0).await? {
        return Ok(Outcome::There);
    }
    check_record(&Record {
        display_name: &line.display_name,
        email: line.email.as_deref(),
        username: line.username.as_deref(),
        bio: line.bio.as_deref(),
        avatar: line.avatar.as_deref(),
        metadata: &Json::of(&line.metadata)?,
    })?;
    if let Some(group) = line.personal_group_id
        && !sql::exists(work.tx, "groups", group.0).await?
    {
        return Err(missing("personalGroupId", "group"));
    }
    sql::insert_person(work.tx, line, work.now).await?;
    let platform = sql::platform(work.tx).await?;
    // A person belongs to no group yet; the installation's own log tells of them.
    if let Some(platform) = platform {
        let metadata = Json::empty();
        let event = NewEvent::new(platform, "person_created", Some(line.id.into()), &metadata)
            .about("private", Some(line.id));
        work.record(event).await?;
    }
    Ok(Outcome::Stored)
}

async fn thing_knowledge(work: &mut Work<'_>, line: &ThingKnowledgeLine) -> Result<Outcome> {
    let roles: Vec<&str> =
        kernel::ontology::built_in().thing_knowledge_roles.iter().map(String::as_str).collect();
    Checks::new().one_of("/role", &line.role, &roles).done()?;
    if !sql::exists(work.tx, "things", line.thing_id.0).await? {
        return Err(missing("thingId", "thing"));
    }
    let Some(group) = sql::group_of_knowledge(work.tx, line.knowledge_id).await? else {
        return Err(missing("knowledgeId", "piece of knowledge"));
    };
    let now = work.now;
    let rows = work
        .tx
        .run(
            "insert into thing_knowledge (thing_id, knowledge_id, role, created_at) \
             values ($1, $2, $3, $4) on conflict (thing_id, knowledge_id, role) do nothing",
            args![line.thing_id, line.knowledge_id, &line.role, line.created_at.unwrap_or(now)],
        )
        .await?;
    if rows == 1 {
        let metadata =
            Json::of(&json!({ "joined": { "thingId": line.thing_id, "role": line.role } }))?;
        let target = Some(line.knowledge_id.into());
        let event = NewEvent::new(group, "knowledge_updated", target, &metadata);
        work.record(event.of_things([Some(line.thing_id), None])).await?;
    }
    Ok(Outcome::from(rows == 1))
}
