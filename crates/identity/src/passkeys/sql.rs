//! The statements of passkeys. They belong to a login, so none carries a group.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use database::{Row, Tx, args};
use types::{PasskeyId, Result, Time, UserId};

use super::model::Passkey;

/// A passkey to be stored.
pub(super) struct NewRow<'a> {
    pub(super) id: PasskeyId,
    pub(super) user: UserId,
    pub(super) name: Option<&'a str>,
    pub(super) credential: &'a webauthn::Credential,
    pub(super) transports: &'a str,
    pub(super) aaguid: &'a str,
    pub(super) now: Time,
}

/// A passkey as its check needs it.
pub(super) struct Stored {
    pub(super) id: PasskeyId,
    pub(super) user: UserId,
    pub(super) public_key: Vec<u8>,
    pub(super) counter: i64,
    pub(super) multi_device: bool,
}

/// `multiDevice` and `singleDevice`, as that client says it.
const MULTI_DEVICE: &str = "multiDevice";
const SINGLE_DEVICE: &str = "singleDevice";

/// Stores a passkey, unless its authenticator's id is known.
pub(super) async fn insert(tx: &mut Tx, row: &NewRow<'_>) -> Result<bool> {
    let kind = if row.credential.backup_eligible { MULTI_DEVICE } else { SINGLE_DEVICE };
    let inserted = tx
        .run(
            "insert into passkeys (id, user_id, name, credential_id, public_key, counter, \
             device_type, backed_up, transports, aaguid, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             on conflict (credential_id) do nothing",
            args![
                row.id,
                row.user,
                row.name,
                &row.credential.id,
                &row.credential.public_key,
                row.credential.counter,
                kind,
                row.credential.backed_up,
                row.transports,
                row.aaguid,
                row.now
            ],
        )
        .await?;
    Ok(inserted == 1)
}

const PASSKEY: &str = "select id, name, user_id, credential_id, public_key, counter, device_type, \
     backed_up, transports, aaguid, created_at, last_used_at from passkeys where ";

fn passkey(row: &Row<'_>) -> Result<Passkey> {
    let (credential_id, public_key): (Vec<u8>, Vec<u8>) = (row.get(3)?, row.get(4)?);
    Ok(Passkey {
        id: row.get(0)?,
        name: row.get(1)?,
        user_id: row.get(2)?,
        credential_id: URL_SAFE_NO_PAD.encode(credential_id),
        public_key: STANDARD.encode(public_key),
        counter: row.get(5)?,
        device_type: row.get(6)?,
        backed_up: row.get(7)?,
        transports: row.get(8)?,
        aaguid: row.get(9)?,
        created_at: row.get(10)?,
        last_used_at: row.get(11)?,
    })
}

pub(super) async fn find(tx: &mut Tx, user: UserId, id: PasskeyId) -> Result<Option<Passkey>> {
    tx.maybe(&format!("{PASSKEY}user_id = $1 and id = $2"), args![user, id], passkey).await
}

pub(super) async fn list(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Passkey>> {
    let sql = format!("{PASSKEY}user_id = $1 order by id limit $2");
    tx.all(&sql, args![user, limit], passkey).await
}

/// By the id its authenticator gave it: whose it is comes out of this.
pub(super) async fn by_credential(tx: &mut Tx, credential: &[u8]) -> Result<Option<Stored>> {
    tx.maybe(
        "select id, user_id, public_key, counter, device_type from passkeys \
         where credential_id = $1",
        args![credential],
        |row| {
            Ok(Stored {
                id: row.get(0)?,
                user: row.get(1)?,
                public_key: row.get(2)?,
                counter: row.get(3)?,
                multi_device: row.text(4)? == MULTI_DEVICE,
            })
        },
    )
    .await
}

/// Notes a use; false when another use got ahead of its counter, or the passkey is gone.
pub(super) async fn note_use(
    tx: &mut Tx,
    id: PasskeyId,
    used: webauthn::Used,
    now: Time,
) -> Result<bool> {
    let noted = tx
        .run(
            "update passkeys set counter = $2, backed_up = $3, last_used_at = $4 \
             where id = $1 and (counter < $2 or (counter = 0 and $2 = 0))",
            args![id, used.counter, used.backed_up, now],
        )
        .await?;
    Ok(noted == 1)
}

pub(super) async fn rename(tx: &mut Tx, user: UserId, id: PasskeyId, name: &str) -> Result<bool> {
    let renamed = tx
        .run("update passkeys set name = $3 where user_id = $1 and id = $2", args![user, id, name])
        .await?;
    Ok(renamed == 1)
}

pub(super) async fn delete(tx: &mut Tx, user: UserId, id: PasskeyId) -> Result<bool> {
    let deleted =
        tx.run("delete from passkeys where user_id = $1 and id = $2", args![user, id]).await?;
    Ok(deleted == 1)
}
