//! Lines with the ids of their copy.

use kernel::Work;
use types::{AnyId, ConnectionId, Error, GroupId, Kind, PersonId, Result, ThingId};

use super::Copy;
use super::groups::not_after;
use super::people::unknown;
use crate::transfer::line::Line;

impl Copy {
    /// The line as it is stored here. Times are kept as they are, but for those to come.
    pub(super) async fn renamed(&mut self, work: &mut Work<'_>, mut line: Line) -> Result<Line> {
        let now = work.now;
        match &mut line {
            Line::ThingType(line) => line.group_id = self.ids.group(line.group_id),
            Line::ConnectionType(line) => line.group_id = self.ids.group(line.group_id),
            Line::EventType(line) => line.group_id = self.ids.group(line.group_id),
            Line::GroupRole(line) => {
                line.group_id = self.ids.group(line.group_id);
                line.created_at = not_after(line.created_at, now);
                line.updated_at = not_after(line.updated_at, now);
            }
            Line::Thing(line) => {
                line.id = self.ids.thing(line.id);
                line.group_id = self.ids.group(line.group_id);
                line.parent_id = line.parent_id.map(|id| self.ids.thing(id));
                line.owner_id = self.stands_for(work, line.group_id, line.owner_id).await?;
                line.created_at = not_after(line.created_at, now);
                line.updated_at = not_after(line.updated_at, now);
                line.deleted_at = not_after(line.deleted_at, now);
            }
            Line::Connection(line) => {
                line.id = Some(match line.id {
                    Some(id) => self.ids.connection(id),
                    None => ConnectionId(work.id()),
                });
                line.group_id = self.ids.group(line.group_id);
                line.from_id = self.end(work, &line.from_id, "/fromId").await?;
                line.to_id = self.end(work, &line.to_id, "/toId").await?;
                line.created_by = self.stands_for(work, line.group_id, line.created_by).await?;
                line.created_at = not_after(line.created_at, now);
                line.updated_at = not_after(line.updated_at, now);
            }
            Line::Knowledge(line) => {
                line.id = line.id.map(|id| self.ids.knowledge(id));
                line.group_id = self.ids.group(line.group_id);
                line.source_thing_id = line.source_thing_id.map(|id| self.ids.thing(id));
                line.owner_id = self.stands_for(work, line.group_id, line.owner_id).await?;
                line.created_at = not_after(line.created_at, now);
                line.updated_at = not_after(line.updated_at, now);
            }
            Line::ThingKnowledge(line) => {
                line.thing_id = self.ids.thing(line.thing_id);
                let copied = self.ids.knowledge(line.knowledge_id);
                line.knowledge_id = self.knowledge(work, copied).await?;
                line.created_at = not_after(line.created_at, now);
            }
            // These have ways of their own.
            Line::Group(_) | Line::Person(_) | Line::Membership(_) | Line::End(_) => {}
        }
        Ok(line)
    }

    /// One end of a connection. Nobody else stands in for a person there.
    async fn end(&mut self, work: &mut Work<'_>, id: &str, pointer: &str) -> Result<String> {
        let id = AnyId::parse(id, Kind::Thing)
            .map_err(|error| Error::invalid(pointer, "invalid_id", format!("{error}.")))?;
        Ok(match id.kind {
            Kind::Group => self.ids.group(GroupId(id.uuid)).to_string(),
            Kind::Person => {
                let person = self.here(work, PersonId(id.uuid)).await?;
                person.ok_or_else(|| unknown(pointer))?.to_string()
            }
            // What can be no end is refused as what it says it is.
            Kind::Thing => self.ids.thing(ThingId(id.uuid)).to_string(),
            _ => id.to_string(),
        })
    }
}
