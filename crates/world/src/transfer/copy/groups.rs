//! Groups of a copy: where they hang, what they are called, and who owns them.

use kernel::Work;
use kernel::access::{self, Right, Role};
use types::{Error, GroupId, JsonMap, Result, Time};

use super::{Copied, Copy, sql};
use crate::groups::model::{GroupStatus, TEAM_OF};
use crate::groups::rules as groups;
use crate::transfer::line::{GroupLine, SettingsLine};
use crate::{people, quotas};

/// Groups above one that is copied: more help nobody, and each costs a row for each above it.
const MAX_DEPTH: i64 = 100;

impl Copy {
    /// Makes a group; the importer owns it, as whoever makes one does.
    pub(super) async fn group(&mut self, work: &mut Work<'_>, line: GroupLine) -> Result<Copied> {
        let id = self.ids.group(line.id);
        if sql::status_below(work.tx, id, self.target).await?.is_some() {
            return Ok(Copied::There);
        }
        let parent = match line.parent_group_id {
            Some(parent) => self.ids.group(parent),
            None => self.target,
        };
        let mut status = line.status;
        if parent == self.target {
            let place = access::standing_to_change(work.tx, work.caller, parent).await?;
            place.require(Right::GroupsCreate)?;
        } else {
            self.look(work, parent, "parentGroupId").await?;
            if self.store.names.comes_archived(parent) {
                status = Some(GroupStatus::Archived);
            }
        }
        if sql::depth(work.tx, parent).await? >= MAX_DEPTH {
            let message = format!("Groups are copied with at most {MAX_DEPTH} above them.");
            return Err(Error::conflict("too_deep", message));
        }
        let mut line = GroupLine {
            id,
            parent_group_id: Some(parent),
            slug: free_slug(work, &line.slug, id).await?,
            metadata: self.metadata(line.metadata, parent),
            status,
            created_at: not_after(line.created_at, work.now),
            updated_at: not_after(line.updated_at, work.now),
            ..line
        };
        let plan = work.app().plans.default_plan().to_owned();
        let mut group = line.to_group(work.now, &plan)?;
        // What was paid for elsewhere is not paid for here.
        if quotas::rules::may_have(work, &group.settings).is_err() {
            line.settings = SettingsLine { plan: None, limits: None, ..line.settings };
            group = line.to_group(work.now, &plan)?;
        }
        groups::insert_as_is(work, &group).await?;
        if let Some(me) = work.me() {
            people::rules::admit(work, id, me, Role::GroupOwner, &[]).await?;
        }
        // They may more than they might.
        self.caller = None;
        if parent == self.target {
            self.top = self.top.or(Some(id));
        }
        Ok(Copied::Made)
    }

    /// A team stays one of the group it belongs to, and what came without that group is none.
    fn metadata(&self, mut metadata: JsonMap, parent: GroupId) -> JsonMap {
        if let Some(of) = metadata.remove(TEAM_OF) {
            let of = of.as_str().and_then(|of| of.parse().ok()).map(|of| self.ids.group(of));
            if of == Some(parent) {
                metadata.insert(TEAM_OF.to_owned(), parent.to_string().into());
            }
        }
        metadata
    }
}

/// The slug, or one like it that nobody has.
async fn free_slug(work: &mut Work<'_>, wanted: &str, id: GroupId) -> Result<String> {
    // Longest that a slug may be.
    const MOST: usize = 50;
    // Anything else is refused as no slug, whoever has it.
    if wanted.len() > MOST || !wanted.is_ascii() {
        return Ok(wanted.to_owned());
    }
    if !groups::is_slug_taken(work.tx, wanted).await? {
        return Ok(wanted.to_owned());
    }
    let with = |suffix: &str| {
        let kept: String = wanted.chars().take(MOST - 1 - suffix.len()).collect();
        format!("{}-{suffix}", kept.trim_end_matches('-'))
    };
    for number in 2..10 {
        let slug = with(&number.to_string());
        if !groups::is_slug_taken(work.tx, &slug).await? {
            return Ok(slug);
        }
    }
    // The tail of an id is as good as random.
    let tail: String = id.to_string().chars().rev().take(10).collect();
    Ok(with(&tail))
}

/// Nothing of a copy was made after it.
pub(super) fn not_after(time: Option<Time>, now: Time) -> Option<Time> {
    time.map(|time| time.min(now))
}
