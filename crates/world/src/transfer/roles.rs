//! Roles of groups on their way out and in.

use kernel::Work;
use kernel::access::{ADMIN, Role};
use serde_json::json;
use types::{Error, Json, Result};

use super::line::{GroupRoleLine, MembershipLine};
use super::sql;
use super::store::Outcome;
use crate::people::rules::read_permissions;
use crate::roles::rules as roles;

/// Stores a role, unless its group has one of this name.
pub(super) async fn store(work: &mut Work<'_>, line: &GroupRoleLine) -> Result<Outcome> {
    roles::check_custom(&line.name)?;
    read_permissions(&line.permissions)?;
    let permissions = Json::of(&line.permissions)?;
    let now = work.now;
    let stored = sql::insert_role(work.tx, line, &permissions, now).await?;
    if stored {
        let metadata = Json::of(&json!({
            "role": line.name, "permissions": {"from": null, "to": permissions},
        }))?;
        work.announce(line.group_id, "role_created", line.group_id, &metadata).await?;
    }
    Ok(Outcome::from(stored))
}

/// Refuses a member whose role beside the four its group does not know, or who ranks otherwise.
pub(super) async fn check(work: &mut Work<'_>, line: &MembershipLine, rank: Role) -> Result<()> {
    let Some(name) = &line.custom_role else { return Ok(()) };
    let known = name == ADMIN || roles::is_defined(work.tx, line.group_id, name).await?;
    if known && rank == Role::GroupUser {
        return Ok(());
    }
    Err(Error::invalid(
        "/customRole",
        "unknown_role",
        "must be `admin` or a role of the group, beside the role `group_user`.",
    ))
}
