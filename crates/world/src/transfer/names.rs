//! What lines call otherwise than this database does.
//!
//! Two things are there before any import and have ids of their own: the platform's group, which
//! the first start makes, and labels, of which a group has one of each name. A line that brings
//! one of them again is not refused: its id stands, in later lines, for the one that is there.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use database::Tx;
use types::{AnyId, GroupId, Kind, KnowledgeId, Result};

use super::line::Line;
use super::sql;
use crate::groups::model::GroupStatus;
use crate::groups::rules::PLATFORM_SLUG;
use crate::knowledge;
use crate::knowledge::model::KnowledgeType;

/// What was learned from the lines so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    groups: HashMap<GroupId, GroupId>,
    labels: HashMap<KnowledgeId, KnowledgeId>,
    archived: HashSet<GroupId>,
}

impl Names {
    /// The line, with the ids that are used here.
    pub(super) fn translate<'l>(&self, line: &'l Line) -> Cow<'l, Line> {
        if self.groups.is_empty() && self.labels.is_empty() {
            return Cow::Borrowed(line);
        }
        let mut line = line.clone();
        match &mut line {
            Line::Connection(line) => {
                self.end(&mut line.from_id);
                self.end(&mut line.to_id);
            }
            Line::ThingKnowledge(line) => {
                if let Some(here) = self.labels.get(&line.knowledge_id) {
                    line.knowledge_id = *here;
                }
            }
            _ => {}
        }
        if let Some(group) = group_of(&mut line)
            && let Some(here) = self.groups.get(group)
        {
            *group = *here;
        }
        Cow::Owned(line)
    }

    fn end(&self, id: &mut String) {
        // A bare UUID may be anything's.
        if let Ok(AnyId { kind: Kind::Group, uuid }) = AnyId::parse(id, Kind::Group)
            && let Some(here) = self.groups.get(&GroupId(uuid))
        {
            *id = here.to_string();
        }
    }

    /// Learns from a line that was translated; tells whether what it brings is there already,
    /// perhaps under another id.
    pub(super) async fn learn(&mut self, tx: &mut Tx, line: &Line) -> Result<bool> {
        match line {
            Line::Group(line) => {
                if line.status == Some(GroupStatus::Archived) {
                    self.archived.insert(line.id);
                }
                if line.slug != PLATFORM_SLUG {
                    return Ok(false);
                }
                let here = sql::platform(tx).await?;
                if let Some(here) = here.filter(|here| *here != line.id) {
                    self.groups.insert(line.id, here);
                }
                Ok(here.is_some())
            }
            Line::Knowledge(line) if line.r#type == KnowledgeType::Label.name() => {
                let Some(text) = &line.text else { return Ok(false) };
                let here = knowledge::rules::label(tx, line.group_id, text).await?;
                if let (Some(here), Some(there)) = (here, line.id)
                    && here != there
                {
                    self.labels.insert(there, here);
                }
                Ok(here.is_some())
            }
            _ => Ok(false),
        }
    }

    /// The label that is there instead of one that a line brought.
    pub(super) fn label(&self, brought: KnowledgeId) -> Option<KnowledgeId> {
        self.labels.get(&brought).copied()
    }

    /// Takes note that the input says so of a group.
    pub(super) fn archives(&mut self, group: GroupId) {
        self.archived.insert(group);
    }

    /// Whether the input itself says that a group is archived: then what belongs to it is taken.
    pub(super) fn comes_archived(&self, group: GroupId) -> bool {
        self.archived.contains(&group)
    }
}

/// The group a line belongs to.
pub(super) fn group_of(line: &mut Line) -> Option<&mut GroupId> {
    match line {
        Line::Group(line) => line.parent_group_id.as_mut(),
        Line::ThingType(line) => Some(&mut line.group_id),
        Line::ConnectionType(line) => Some(&mut line.group_id),
        Line::EventType(line) => Some(&mut line.group_id),
        Line::Person(line) => line.personal_group_id.as_mut(),
        Line::GroupRole(line) => Some(&mut line.group_id),
        Line::Membership(line) => Some(&mut line.group_id),
        Line::Thing(line) => Some(&mut line.group_id),
        Line::Connection(line) => Some(&mut line.group_id),
        Line::Knowledge(line) => Some(&mut line.group_id),
        Line::ThingKnowledge(_) | Line::End(_) => None,
    }
}
