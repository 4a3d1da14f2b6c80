//! One line: the same shapes in and out, so that an export is an import.

use kernel::ontology::Ends;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use types::{ConnectionId, GroupId, Json, JsonMap, KnowledgeId, PersonId, ThingId, Time};

use crate::groups::model::{Group, GroupStatus, GroupVisibility, JoinPolicy, NewGroupSettings};
use crate::knowledge::model::Chunk;
use crate::things::model::{Status, Visibility};

/// One object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum Line {
    Group(Box<GroupLine>),
    ThingType(ThingTypeLine),
    ConnectionType(ConnectionTypeLine),
    EventType(EventTypeLine),
    Person(PersonLine),
    GroupRole(GroupRoleLine),
    Membership(MembershipLine),
    Thing(Box<ThingLine>),
    Connection(Box<ConnectionLine>),
    Knowledge(Box<KnowledgeLine>),
    ThingKnowledge(ThingKnowledgeLine),
    End(EndLine),
}

macro_rules! line {
    ($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(super) struct $name { $($(#[$attr])* pub(super) $field: $type,)* }
    };
}

line! {
    /// A group; its parent stands before it.
    GroupLine {
        id: GroupId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_group_id: Option<GroupId>,
        slug: String,
        name: String,
        r#type: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(default)]
        settings: SettingsLine,
        #[serde(default)]
        metadata: JsonMap,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<GroupStatus>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updated_at: Option<Time>,
    }
}

line! {
    #[derive(Default)]
    SettingsLine {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        visibility: Option<GroupVisibility>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        join_policy: Option<JoinPolicy>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limits: Option<BTreeMap<String, i64>>,
    }
}

line! {
    ThingTypeLine {
        group_id: GroupId,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        properties: BTreeMap<String, Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schema: Option<Value>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        required: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unique: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        indexed: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        hidden: Vec<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        deprecated: bool,
    }
}

line! {
    ConnectionTypeLine {
        group_id: GroupId,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        family: Option<String>,
        #[serde(default = "any")]
        from: Ends,
        #[serde(default = "any")]
        to: Ends,
        #[serde(default)]
        acyclic: bool,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        metadata: BTreeMap<String, Option<Vec<String>>>,
    }
}

fn any() -> Ends {
    Ends::Any(kernel::ontology::Star::Star)
}

line! {
    EventTypeLine {
        group_id: GroupId,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<String>,
    }
}

line! {
    /// A member record. Logins are not exported: a person signs up anew.
    PersonLine {
        id: PersonId,
        display_name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        username: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bio: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avatar: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        personal_group_id: Option<GroupId>,
        #[serde(default)]
        metadata: JsonMap,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updated_at: Option<Time>,
    }
}

line! {
    MembershipLine {
        group_id: GroupId,
        person_id: PersonId,
        role: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        custom_role: Option<String>,
        #[serde(default)]
        permissions: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updated_at: Option<Time>,
    }
}

line! {
    /// A role of a group, which stands before it.
    GroupRoleLine {
        group_id: GroupId,
        name: String,
        permissions: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updated_at: Option<Time>,
    }
}

line! {
    /// A thing; its group, its parent and its owner stand before it.
    ThingLine {
        id: ThingId,
        group_id: GroupId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_id: Option<ThingId>,
        r#type: String,
        name: String,
        #[serde(default)]
        properties: JsonMap,
        /// What its type hides: only an export by whoever operates the store has it.
        #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
        hidden: JsonMap,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner_id: Option<PersonId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        visibility: Option<Visibility>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updated_at: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deleted_at: Option<Time>,
    }
}

line! {
    /// A connection; both ends stand before it.
    ConnectionLine {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<ConnectionId>,
        group_id: GroupId,
        r#type: String,
        from_id: String,
        to_id: String,
        #[serde(default)]
        metadata: JsonMap,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strength: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        valid_from: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        valid_to: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_by: Option<PersonId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updated_at: Option<Time>,
    }
}

line! {
    /// A label, document or chunk; its source thing stands before it.
    KnowledgeLine {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<KnowledgeId>,
        group_id: GroupId,
        r#type: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_thing_id: Option<ThingId>,
        /// Its maker; what was made from a thing belongs to the thing's owner instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner_id: Option<PersonId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chunk: Option<Chunk>,
        #[serde(default)]
        labels: Vec<String>,
        #[serde(default)]
        metadata: JsonMap,
        #[serde(default)]
        deprecated: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updated_at: Option<Time>,
    }
}

line! {
    /// That a thing and a piece of knowledge belong together.
    ThingKnowledgeLine {
        thing_id: ThingId,
        knowledge_id: KnowledgeId,
        role: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<Time>,
    }
}

line! {
    /// The last line of a group's export over HTTP: a stream that was cut lacks it.
    EndLine {
        rows: u64,
    }
}

impl PersonLine {
    /// Somebody of whom no more is told.
    pub(super) fn named(id: PersonId, display_name: String) -> Self {
        Self {
            id,
            display_name,
            email: None,
            username: None,
            bio: None,
            avatar: None,
            personal_group_id: None,
            metadata: JsonMap::new(),
            version: None,
            created_at: None,
            updated_at: None,
        }
    }
}

impl GroupLine {
    /// The group, with its type's settings and `plan` where the line has none.
    pub(super) fn to_group(&self, now: Time, plan: &str) -> types::Result<Group> {
        let settings = NewGroupSettings {
            visibility: self.settings.visibility,
            join_policy: self.settings.join_policy,
            plan: self.settings.plan.clone(),
            limits: self.settings.limits.clone(),
        };
        Ok(Group {
            id: self.id,
            parent_group_id: self.parent_group_id,
            slug: self.slug.clone(),
            name: self.name.clone(),
            kind: self.r#type.clone(),
            description: self.description.clone(),
            settings: crate::groups::rules::settings_of(&self.r#type, &settings, plan),
            metadata: Json::of(&self.metadata)?,
            status: self.status.unwrap_or(GroupStatus::Active),
            version: self.version.unwrap_or(1).max(1),
            created_at: self.created_at.unwrap_or(now),
            updated_at: self.updated_at.unwrap_or(now),
        })
    }
}
