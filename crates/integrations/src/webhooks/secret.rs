//! What a webhook keeps sealed: its secrets and the values of its headers.

use std::collections::BTreeMap;

use database::Tx;
use kernel::Vault;
use kernel::vault::Slot;
use types::{GroupId, Result, Secret, Time, WebhookId};
use uuid::Uuid;

fn slot(group: GroupId, webhook: WebhookId, field: &'static str, version: i64) -> Slot<'static> {
    Slot {
        purpose: "webhook",
        tenant: group.0,
        owner: Uuid::nil(),
        object: webhook.0,
        field,
        version: version.unsigned_abs(),
    }
}

/// Seals the secret of that version.
pub(super) async fn seal(
    vault: &Vault,
    tx: &mut Tx,
    now: Time,
    (group, webhook, version): (GroupId, WebhookId, i64),
    key: &[u8],
) -> Result<Vec<u8>> {
    vault.seal(tx, now, slot(group, webhook, "secret", version), key).await
}

/// Opens the secret of that version.
pub(super) async fn open(
    vault: &Vault,
    tx: &mut Tx,
    (group, webhook, version): (GroupId, WebhookId, i64),
    sealed: &[u8],
) -> Result<Secret<Vec<u8>>> {
    vault.open(tx, slot(group, webhook, "secret", version), sealed).await
}

/// Seals headers; nothing for none.
pub(super) async fn seal_headers(
    vault: &Vault,
    tx: &mut Tx,
    now: Time,
    (group, webhook): (GroupId, WebhookId),
    headers: &BTreeMap<String, String>,
) -> Result<Option<Vec<u8>>> {
    if headers.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_vec(headers)?;
    Ok(Some(vault.seal(tx, now, slot(group, webhook, "headers", 0), &text).await?))
}

/// Opens what [`seal_headers`] sealed.
pub(super) async fn open_headers(
    vault: &Vault,
    tx: &mut Tx,
    (group, webhook): (GroupId, WebhookId),
    sealed: &[u8],
) -> Result<BTreeMap<String, String>> {
    let text = vault.open(tx, slot(group, webhook, "headers", 0), sealed).await?;
    Ok(serde_json::from_slice(text.reveal())?)
}
