//! The statements about somebody's way in. It belongs to a person, so none carries a group.

use database::{Tx, args};
use types::{Json, PersonId, Result, Time};

use super::model::Way;

pub(super) async fn find(tx: &mut Tx, person: PersonId) -> Result<Option<Way>> {
    tx.maybe(
        "select steps, workspace_id, wallet_address, chain_id, updated_at from onboarding \
         where person_id = $1",
        args![person],
        |row| {
            Ok(Way {
                taken: serde_json::from_str(row.get::<Json>(0)?.as_str())?,
                workspace: row.get(1)?,
                wallet: row.get(2)?,
                chain: row.get(3)?,
                updated_at: Some(row.get(4)?),
            })
        },
    )
    .await
}

/// Stores how somebody's way stands now; false when it was changed by others since it was read.
pub(super) async fn store(tx: &mut Tx, person: PersonId, way: &Way, now: Time) -> Result<bool> {
    let steps = Json::of(&way.taken)?;
    let changed = tx
        .run(
            "insert into onboarding as o (person_id, steps, workspace_id, wallet_address, \
             chain_id, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6) \
             on conflict (person_id) do update set steps = excluded.steps, \
             workspace_id = excluded.workspace_id, wallet_address = excluded.wallet_address, \
             chain_id = excluded.chain_id, updated_at = excluded.updated_at \
             where o.updated_at = $7",
            args![person, &steps, way.workspace, &way.wallet, way.chain, now, way.updated_at],
        )
        .await?;
    Ok(changed == 1)
}
