//! What is told of groups without a look at who asks.

use database::Tx;
use types::{Error, GroupId, Result};

use super::model::{GroupStatus, GroupVisibility};
use super::rules::PLATFORM_SLUG;
use super::sql;

/// The platform's own group.
///
/// # Errors
/// As the store.
pub async fn platform_id(tx: &mut Tx) -> Result<GroupId> {
    let found = tx.beyond(async |tx| sql::by_slug(tx, PLATFORM_SLUG).await).await?;
    found.ok_or_else(|| Error::internal("the platform has no group"))
}

/// Whether a slug belongs to no group.
///
/// # Errors
/// As the store.
pub async fn is_free(tx: &mut Tx, slug: &str) -> Result<bool> {
    Ok(tx.beyond(async |tx| sql::by_slug(tx, slug).await).await?.is_none())
}

/// The group somebody who is not signed in means — the platform, if they name none — when it is
/// public and in use.
///
/// # Errors
/// As the store.
pub async fn open(tx: &mut Tx, named: Option<GroupId>) -> Result<Option<GroupId>> {
    let id = match named {
        Some(id) => id,
        None => platform_id(tx).await?,
    };
    let found = sql::find(tx, id).await?.filter(|group| {
        group.status == GroupStatus::Active && group.settings.visibility == GroupVisibility::Public
    });
    Ok(found.map(|group| group.id))
}
