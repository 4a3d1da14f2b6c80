//! One change of one object, as a single request would make it: what bulk and batch are made of.

use kernel::Work;
use serde::Serialize;
use types::{
    AnyId, ConnectionId, Error, ErrorKind, GroupId, KnowledgeId, PersonId, Result, ThingId,
};
use web::{IfMatch, Patch};

use crate::connections::model::{Connection, NewConnection};
use crate::connections::rules as connections;
use crate::events::model::{Event, NewCustomEvent};
use crate::events::rules as events;
use crate::groups::model::{Group, GroupChange, GroupSettingsChange, NewGroup};
use crate::groups::rules as groups;
use crate::knowledge::model::{Knowledge, NewKnowledge};
use crate::knowledge::rules as knowledge;
use crate::people::model::{NewPerson, Person, PersonChange};
use crate::people::rules as people;
use crate::things::model::{NewThing, Thing, ThingChange};
use crate::things::{many, rules as things};

/// What to do.
#[derive(Debug)]
pub(crate) enum Operation {
    CreateThing(NewThing),
    /// Changes the thing with the same value of this unique property, if there is one.
    UpsertThing(NewThing, String),
    UpdateThing(ThingId, IfMatch, ThingChange),
    DeleteThing {
        id: ThingId,
        seen: IfMatch,
        permanent: bool,
    },
    CreateConnection(NewConnection),
    DeleteConnection(ConnectionId),
    CreateKnowledge(NewKnowledge),
    DeleteKnowledge(KnowledgeId),
    CreateEvent(NewCustomEvent),
    CreateGroup(NewGroup),
    /// Changes the group with the same slug, if there is one.
    UpsertGroup(NewGroup),
    UpdateGroup(GroupId, IfMatch, GroupChange),
    ArchiveGroup {
        id: GroupId,
        seen: IfMatch,
        cascade: bool,
    },
    AddPerson(NewPerson),
    /// Changes the member with the same address, if there is one.
    UpsertPerson(NewPerson),
    UpdatePerson(PersonId, IfMatch, PersonChange),
    RemovePerson(PersonId, GroupId),
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WhatChanged)]
pub enum Change {
    /// It is new.
    Created,
    /// It was there and is another now.
    Updated,
    /// It was there and is as it was.
    Unchanged,
    /// It is archived or gone.
    Deleted,
}

impl Change {
    /// The status that the single request answers.
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Created => 201,
            Self::Updated | Self::Unchanged => 200,
            Self::Deleted => 204,
        }
    }
}

/// An object as it is after its change.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Object {
    Thing(Box<Thing>),
    Connection(Box<Connection>),
    Knowledge(Box<Knowledge>),
    Event(Box<Event>),
    Group(Box<Group>),
    Person(Box<Person>),
    /// There is none any more.
    Gone(AnyId),
}

impl Object {
    pub(crate) fn id(&self) -> AnyId {
        match self {
            Self::Thing(one) => one.id.into(),
            Self::Connection(one) => one.id.into(),
            Self::Knowledge(one) => one.id.into(),
            Self::Event(one) => one.id.into(),
            Self::Group(one) => one.id.into(),
            Self::Person(one) => one.id.into(),
            Self::Gone(id) => *id,
        }
    }

    pub(crate) fn version(&self) -> Option<u64> {
        match self {
            Self::Thing(one) => Some(one.version),
            Self::Group(one) => Some(one.version),
            Self::Person(one) => Some(one.version),
            Self::Connection(_) | Self::Knowledge(_) | Self::Event(_) | Self::Gone(_) => None,
        }
    }
}

/// A change that was made.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) change: Change,
    pub(crate) object: Object,
}

impl Done {
    pub(crate) fn new(change: Change, object: Object) -> Self {
        Self { change, object }
    }

    fn gone(id: impl Into<AnyId>) -> Self {
        Self::new(Change::Deleted, Object::Gone(id.into()))
    }
}

impl Operation {
    /// Whether it may give the caller rights that they did not have when they began.
    pub(crate) const fn may_admit(&self) -> bool {
        matches!(
            self,
            Self::CreateGroup(_)
                | Self::UpsertGroup(_)
                | Self::UpdateGroup(..)
                | Self::AddPerson(_)
                | Self::UpsertPerson(_)
                | Self::UpdatePerson(..)
                | Self::RemovePerson(..)
        )
    }

    /// Whether what was known of a group — that it is active, who may do what there — may be
    /// another afterwards.
    pub(crate) const fn is_about_groups(&self) -> bool {
        self.may_admit() || matches!(self, Self::ArchiveGroup { .. })
    }

    /// Does it.
    ///
    /// # Errors
    /// As the rule of the single request.
    pub(crate) async fn perform(&self, work: &mut Work<'_>) -> Result<Done> {
        let before = work.recorded();
        let (is_new, object) = match self {
            Self::CreateThing(new) => {
                things::check_new(new)?;
                let group = things::home(work.caller, new.group_id)?;
                (true, Object::Thing(things::create_in(work, group, new).await?.into()))
            }
            Self::UpsertThing(new, key) => upsert_thing(work, new, key).await?,
            Self::UpdateThing(id, seen, change) => {
                (false, Object::Thing(things::update_in(work, *id, *seen, change).await?.into()))
            }
            Self::CreateConnection(new) => {
                let (made, is_new) = connections::insert_in(work, new).await?;
                (is_new, Object::Connection(made.into()))
            }
            Self::CreateKnowledge(new) => {
                let (made, is_new) = knowledge::insert_in(work, new).await?;
                (is_new, Object::Knowledge(made.into()))
            }
            Self::CreateEvent(new) => {
                (true, Object::Event(events::create_in(work, new).await?.into()))
            }
            Self::CreateGroup(new) => {
                (true, Object::Group(groups::create_in(work, new).await?.into()))
            }
            Self::UpsertGroup(new) => upsert_group(work, new).await?,
            Self::UpdateGroup(id, seen, change) => {
                (false, Object::Group(groups::update_in(work, *id, *seen, change).await?.into()))
            }
            Self::AddPerson(new) => (true, Object::Person(people::add_in(work, new).await?.into())),
            Self::UpsertPerson(new) => upsert_person(work, new).await?,
            Self::UpdatePerson(id, seen, change) => {
                (false, Object::Person(people::update_in(work, *id, *seen, change).await?.into()))
            }
            Self::DeleteThing { .. }
            | Self::DeleteConnection(_)
            | Self::DeleteKnowledge(_)
            | Self::ArchiveGroup { .. }
            | Self::RemovePerson(..) => return self.delete(work).await,
        };
        let change = match (is_new, work.recorded() > before) {
            (true, _) => Change::Created,
            (false, true) => Change::Updated,
            (false, false) => Change::Unchanged,
        };
        Ok(Done::new(change, object))
    }

    async fn delete(&self, work: &mut Work<'_>) -> Result<Done> {
        match self {
            Self::DeleteThing { id, seen, permanent: true } => {
                things::remove_in(work, *id, *seen).await?;
                Ok(Done::gone(*id))
            }
            Self::DeleteThing { id, seen, permanent: false } => {
                things::archive_in(work, *id, *seen).await?;
                Ok(Done::gone(*id))
            }
            Self::DeleteConnection(id) => {
                connections::remove_in(work, *id).await?;
                Ok(Done::gone(*id))
            }
            // A label that things still carry stays, and is not to be given any more.
            Self::DeleteKnowledge(id) => Ok(match knowledge::remove_in(work, *id).await? {
                Some(label) => Done::new(Change::Updated, Object::Knowledge(label.into())),
                None => Done::gone(*id),
            }),
            Self::ArchiveGroup { id, seen, cascade } => {
                groups::archive_in(work, *id, *seen, *cascade).await?;
                Ok(Done::gone(*id))
            }
            Self::RemovePerson(id, group) => {
                people::remove_in(work, *id, *group).await?;
                Ok(Done::gone(*id))
            }
            _ => Err(Error::internal("this operation deletes nothing")),
        }
    }
}

async fn upsert_thing(work: &mut Work<'_>, new: &NewThing, key: &str) -> Result<(bool, Object)> {
    things::check_new(new)?;
    let Some(id) = many::same(work, new, key).await? else {
        let group = things::home(work.caller, new.group_id)?;
        return Ok((true, Object::Thing(things::create_in(work, group, new).await?.into())));
    };
    let change = ThingChange {
        parent_id: new.parent_id.map_or(Patch::Absent, Patch::Set),
        name: Some(new.name.clone()),
        properties: Some(new.properties.clone()),
        status: new.status,
        visibility: new.visibility,
    };
    let thing = things::update_in(work, id, IfMatch(None), &change).await?;
    Ok((false, Object::Thing(thing.into())))
}

async fn upsert_group(work: &mut Work<'_>, new: &NewGroup) -> Result<(bool, Object)> {
    let Some(id) = groups::with_slug(work, &new.slug).await? else {
        return Ok((true, Object::Group(groups::create_in(work, new).await?.into())));
    };
    let settings = &new.settings;
    let limits = settings.limits.clone();
    let change = GroupChange {
        parent_group_id: new.parent_group_id.map_or(Patch::Absent, Patch::Set),
        name: Some(new.name.clone()),
        kind: Some(new.kind.clone()),
        description: new.description.clone().map_or(Patch::Absent, Patch::Set),
        settings: Some(GroupSettingsChange {
            visibility: settings.visibility,
            join_policy: settings.join_policy,
            plan: settings.plan.clone(),
            limits: limits.map_or(Patch::Absent, |all| {
                Patch::Set(all.into_iter().map(|(name, limit)| (name, Some(limit))).collect())
            }),
        }),
        metadata: Some(new.metadata.clone()),
        ..GroupChange::default()
    };
    let group = groups::update_in(work, id, IfMatch(None), &change).await?;
    Ok((false, Object::Group(group.into())))
}

async fn upsert_person(work: &mut Work<'_>, new: &NewPerson) -> Result<(bool, Object)> {
    let known = match &new.email {
        Some(email) => people::with_email(work, new.group_id, email).await?,
        None => {
            let message = "is what people are told apart by.";
            return Err(Error::invalid("/email", "missing_field", message));
        }
    };
    let Some(id) = known else {
        return Ok((true, Object::Person(people::add_in(work, new).await?.into())));
    };
    let set = |text: &Option<String>| text.clone().map_or(Patch::Absent, Patch::Set);
    let change = PersonChange {
        group_id: Some(new.group_id),
        role: new.role.clone(),
        permissions: Some(new.permissions.clone()).filter(|names| !names.is_empty()),
        display_name: new.display_name.clone(),
        username: set(&new.username),
        bio: set(&new.bio),
        avatar: set(&new.avatar),
        metadata: Some(new.metadata.clone()).filter(|map| !map.is_empty()),
        ..PersonChange::default()
    };
    let person = people::update_in(work, id, IfMatch(None), &change).await?;
    Ok((false, Object::Person(person.into())))
}

/// Whether an error is the request's own; anything else is the house's, and ends all of it.
pub(crate) fn is_own(error: &Error) -> bool {
    error.kind().status() < 500 && error.kind() != ErrorKind::TimedOut
}
