//! The statements of tenants' keys. They are the house's own; tenants never ask for them.

use database::{Row, Tx, args};
use types::{Result, Time};
use uuid::Uuid;

pub(super) struct Stored {
    pub(super) version: u32,
    pub(super) wrapped: Vec<u8>,
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    let version: i64 = row.get(0)?;
    Ok(Stored { version: u32::try_from(version)?, wrapped: row.get(1)? })
}

pub(super) async fn newest(tx: &mut Tx, tenant: Uuid) -> Result<Option<Stored>> {
    tx.maybe(
        "select version, wrapped from vault_keys where tenant_id = $1 \
         order by version desc limit 1",
        args![tenant],
        stored,
    )
    .await
}

pub(super) async fn find(tx: &mut Tx, tenant: Uuid, version: u32) -> Result<Option<Stored>> {
    tx.maybe(
        "select version, wrapped from vault_keys where tenant_id = $1 and version = $2",
        args![tenant, i64::from(version)],
        stored,
    )
    .await
}

pub(super) async fn insert(
    tx: &mut Tx,
    tenant: Uuid,
    version: u32,
    wrapped: &[u8],
    root: &str,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into vault_keys (tenant_id, version, wrapped, root, created_at) \
         values ($1, $2, $3, $4, $5)",
        args![tenant, i64::from(version), wrapped, root, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn wrapped_by(tx: &mut Tx, root: &str) -> Result<Vec<(Uuid, Stored)>> {
    tx.all(
        "select version, wrapped, tenant_id from vault_keys where root = $1",
        args![root],
        |row| Ok((row.get(2)?, stored(row)?)),
    )
    .await
}

pub(super) async fn rewrap(
    tx: &mut Tx,
    tenant: Uuid,
    version: u32,
    wrapped: &[u8],
    root: &str,
) -> Result<()> {
    tx.run(
        "update vault_keys set wrapped = $3, root = $4 where tenant_id = $1 and version = $2",
        args![tenant, i64::from(version), wrapped, root],
    )
    .await?;
    Ok(())
}
