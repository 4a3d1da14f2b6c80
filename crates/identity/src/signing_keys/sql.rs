//! The statements of signing keys. They are the house's own.

use database::{Row, Tx, args};
use types::{Result, Time};
use uuid::Uuid;

/// A stored key.
pub(super) struct Stored {
    pub(super) id: Uuid,
    /// In an envelope of the vault; empty for the first key, which is no row of its own.
    pub(super) seed: Vec<u8>,
    pub(super) public_key: Vec<u8>,
    pub(super) created_at: Time,
    pub(super) signs_from: Time,
    pub(super) retired_at: Option<Time>,
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        seed: row.get(1)?,
        public_key: row.get(2)?,
        created_at: row.get(3)?,
        signs_from: row.get(4)?,
        retired_at: row.get(5)?,
    })
}

/// The newest ones.
pub(super) async fn list(tx: &mut Tx, most: i64) -> Result<Vec<Stored>> {
    tx.all(
        "select id, seed, public_key, created_at, signs_from, retired_at from signing_keys \
         order by signs_from desc, id desc limit $1",
        args![most],
        stored,
    )
    .await
}

pub(super) async fn insert(tx: &mut Tx, key: &Stored) -> Result<()> {
    tx.run(
        "insert into signing_keys (id, seed, public_key, created_at, signs_from, retired_at) \
         values ($1, $2, $3, $4, $5, $6)",
        args![key.id, &key.seed, &key.public_key, key.created_at, key.signs_from, key.retired_at],
    )
    .await?;
    Ok(())
}

pub(super) async fn retire(tx: &mut Tx, public_key: &[u8], now: Time) -> Result<bool> {
    let changed = tx
        .run(
            "update signing_keys set retired_at = $2 where public_key = $1 and retired_at is null",
            args![&public_key.to_vec(), now],
        )
        .await?;
    Ok(changed == 1)
}
