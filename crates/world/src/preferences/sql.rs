//! The statements about preferences.

use database::{Tx, args};
use types::{Json, PersonId, Result, Time};

/// What is stored; none before anything was chosen.
pub(super) async fn find(tx: &mut Tx, id: PersonId) -> Result<Option<Json>> {
    tx.one("select preferences from people where id = $1", args![id], |row| row.get(0)).await
}

pub(super) async fn update(tx: &mut Tx, id: PersonId, chosen: &Json, now: Time) -> Result<()> {
    tx.run(
        "update people set preferences = $2, updated_at = $3 where id = $1",
        args![id, chosen, now],
    )
    .await?;
    Ok(())
}
