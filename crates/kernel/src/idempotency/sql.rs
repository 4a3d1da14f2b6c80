//! The statements about keys. A row that has expired counts as none.

use database::{Tx, args};
use types::{Result, Time};

use super::{Kept, Known, Once};

/// False when the key is taken.
pub(super) async fn insert(tx: &mut Tx, once: &Once, now: Time) -> Result<bool> {
    let rows = tx
        .run(
            "insert into idempotency_keys as k (key_hash, request_hash, created_at, expires_at, \
             person_id) values ($1, $2, $3, $4, $5) on conflict (key_hash) do update \
             set request_hash = excluded.request_hash, status = null, headers = null, \
             body = null, created_at = excluded.created_at, expires_at = excluded.expires_at \
             where k.expires_at <= $3",
            args![&once.key, &once.request, now, now.after(once.keep), once.person],
        )
        .await?;
    Ok(rows == 1)
}

pub(super) async fn find(tx: &mut Tx, once: &Once, now: Time) -> Result<Known> {
    let known = tx
        .maybe(
            "select request_hash, created_at, status, headers, body from idempotency_keys \
             where key_hash = $1 and expires_at > $2",
            args![&once.key, now],
            |row| {
                if row.get::<Vec<u8>>(0)? != once.request {
                    return Ok(Known::Other);
                }
                let Some(status) = row.get::<Option<i64>>(2)? else {
                    return Ok(Known::Made(row.get(1)?));
                };
                Ok(Known::Answered {
                    status: u16::try_from(status)?,
                    headers: row.get(3)?,
                    sealed: row.get(4)?,
                })
            },
        )
        .await?;
    Ok(known.unwrap_or(Known::Nothing))
}

/// Puts an answer to the key of this request, whose row is there if it changed anything.
pub(super) async fn answer(
    tx: &mut Tx,
    once: &Once,
    kept: &Kept,
    sealed: &[u8],
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into idempotency_keys as k (key_hash, request_hash, status, headers, body, \
         created_at, expires_at, person_id) values ($1, $2, $3, $4, $5, $6, $7, $8) \
         on conflict (key_hash) do update set request_hash = excluded.request_hash, \
         status = excluded.status, headers = excluded.headers, body = excluded.body, \
         expires_at = excluded.expires_at \
         where (k.request_hash = excluded.request_hash and k.status is null) or k.expires_at <= $6",
        args![
            &once.key,
            &once.request,
            i64::from(kept.status),
            &kept.headers,
            sealed,
            now,
            now.after(once.keep),
            once.person
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn sweep(tx: &mut Tx, now: Time, most: i64) -> Result<u64> {
    tx.run(
        "delete from idempotency_keys where key_hash in \
         (select key_hash from idempotency_keys where expires_at <= $1 limit $2)",
        args![now, most],
    )
    .await
}
