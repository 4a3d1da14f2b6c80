//! Finding a group by its slug.

use database::Tx;
use kernel::Work;
use types::{ErrorKind, GroupId, Result};

use super::rules::visible;
use super::sql;

/// Whether any group has this slug.
///
/// # Errors
/// As the store.
pub(crate) async fn is_slug_taken(tx: &mut Tx, slug: &str) -> Result<bool> {
    Ok(tx.beyond(async |tx| sql::with_slug(tx, slug).await).await?.is_some())
}

/// The group with this slug, if the caller sees it.
///
/// # Errors
/// 401; as the store.
pub async fn with_slug(work: &mut Work<'_>, slug: &str) -> Result<Option<GroupId>> {
    let Some(id) = sql::with_slug(work.tx, slug).await? else { return Ok(None) };
    match visible(work.tx, work.caller, id).await {
        Ok(_) => Ok(Some(id)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
