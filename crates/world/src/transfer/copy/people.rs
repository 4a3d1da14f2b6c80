//! People of a copy: nobody is made anew. Who is known here by a proven address, to the importer
//! too, is themselves; whoever is not, or is no member of the copied group, the importer speaks
//! for.

use kernel::Work;
use serde_json::json;
use types::{Error, GroupId, Json, PersonId, Result};

use super::{Copied, Copy, reported, sql};
use crate::people::rules as people;
use crate::roles::rules as roles;
use crate::transfer::line::{MembershipLine, PersonLine};

impl Copy {
    /// Notes who somebody is here.
    pub(super) async fn person(
        &mut self,
        work: &mut Work<'_>,
        line: &PersonLine,
    ) -> Result<Copied> {
        let known = people::known(work, line.id, line.email.as_deref()).await?;
        let Some(person) = known else { return Ok(Copied::Nothing) };
        sql::note_person(work.tx, self.import, line.id, person).await?;
        self.people.remove(&line.id);
        Ok(Copied::There)
    }

    /// Makes somebody a member whom the importer could make one by hand.
    pub(super) async fn membership(
        &mut self,
        work: &mut Work<'_>,
        line: &MembershipLine,
    ) -> Result<Copied> {
        let group = self.ids.group(line.group_id);
        let place = self.place(work, group).await?;
        let person = self.here(work, line.person_id).await?.ok_or_else(|| unknown("/personId"))?;
        if people::is_member(work.tx, group, person).await? {
            return Ok(Copied::There);
        }
        if line.status.as_deref().is_some_and(|status| status != "active") {
            let message = "was invited only: invite them here.";
            return Err(Error::invalid("/status", "not_active", message));
        }
        let name = line.custom_role.as_deref().unwrap_or(&line.role);
        let role = roles::find(work.tx, group, name).await?;
        people::may_appoint(work, group, &role).await.map_err(reported)?;
        let rights = people::read_permissions(&line.permissions)?;
        people::may_lend(&place, rights).map_err(reported)?;
        let member = people::admit(work, group, person, role, &line.permissions).await?;
        let metadata =
            Json::of(&json!({"role": member.role_name(), "permissions": member.permissions}))?;
        work.announce(group, "user_joined_group", person, &metadata).await?;
        self.members.clear();
        Ok(Copied::Made)
    }

    /// Who somebody of the bundle is here, if that is known.
    pub(super) async fn here(
        &mut self,
        work: &mut Work<'_>,
        person: PersonId,
    ) -> Result<Option<PersonId>> {
        if let Some(known) = self.people.get(&person) {
            return Ok(*known);
        }
        let known = sql::noted_person(work.tx, self.import, person).await?;
        self.people.insert(person, known);
        Ok(known)
    }

    /// Whose it is from now on, in a group of the copy: theirs who are members there by then, where
    /// they might have made it themselves; else the importer's, whose word the bundle is.
    pub(super) async fn stands_for(
        &mut self,
        work: &mut Work<'_>,
        group: GroupId,
        person: Option<PersonId>,
    ) -> Result<Option<PersonId>> {
        let Some(person) = person else { return Ok(None) };
        if let Some(here) = self.here(work, person).await?
            && self.belongs(work, group, here).await?
        {
            return Ok(Some(here));
        }
        Ok(work.me())
    }

    async fn belongs(
        &mut self,
        work: &mut Work<'_>,
        group: GroupId,
        person: PersonId,
    ) -> Result<bool> {
        if let Some(belongs) = self.members.get(&(group, person)) {
            return Ok(*belongs);
        }
        let belongs = sql::is_active_member(work.tx, group, person).await?;
        self.members.insert((group, person), belongs);
        Ok(belongs)
    }
}

/// Somebody of the bundle whom nobody here is known to be.
pub(super) fn unknown(pointer: &str) -> Error {
    let message = "is nobody you know here by a proven address: invite them, then add this.";
    Error::invalid(pointer, "unknown_person", message)
}
