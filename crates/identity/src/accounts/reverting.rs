//! What is undone when the old address takes its account back.

use kernel::Work;
use serde_json::json;
use types::{Result, Time, UserId};

use super::{reverting_sql, sql};
use crate::sessions::Login;
use crate::{api_keys, audit};

/// Makes room for whoever has the link, which is whoever has the mailbox: an account with the old
/// address that never proved it, or that was made since the change — by them, since they could not
/// reach their own. One that is older keeps the address; its owner proved it before.
///
/// # Errors
/// As the store.
pub(super) async fn displace(
    work: &mut Work<'_>,
    email: &str,
    user: UserId,
    changed_at: Time,
) -> Result<()> {
    let Some(found) = sql::view_by_email(work.tx, email).await? else { return Ok(()) };
    let newer = found.created_at >= changed_at;
    if found.id == user || (found.email_verified && !newer) {
        return Ok(());
    }
    let nobodys = format!("{}@displaced.invalid", work.id());
    let (squatter, now) = (found.login(), work.now);
    sql::change_email(work.tx, squatter.user, &nobodys, false, now).await?;
    sql::change_person_email(work.tx, squatter.user, None, now).await?;
    audit::tell(work, squatter, "email_displaced", json!({})).await
}

/// Removes what a thief may know, and ways to sign in that came after a moment.
///
/// # Errors
/// As the store.
pub(super) async fn undo_since(work: &mut Work<'_>, login: Login, moment: Time) -> Result<()> {
    let user = login.user;
    reverting_sql::delete_credentials(work.tx, user, moment).await?;
    reverting_sql::delete_passkeys(work.tx, user, moment).await?;
    reverting_sql::delete_backup_codes(work.tx, user).await?;
    if reverting_sql::delete_second_factor(work.tx, user, moment).await? {
        reverting_sql::without_second_factor(work.tx, user).await?;
    }
    api_keys::revoke_of(work, login.person, Some(moment)).await.map(|_| ())
}
