//! Secrets at rest: one envelope for every secret field.
//!
//! Each value has a data key of its own (AES-256-GCM, NIST SP 800-38D), wrapped by the key of its
//! tenant, which is wrapped by the root key. What a value is — purpose, tenant, owner, object,
//! field and the versions of key and object — is authenticated with it, so that a ciphertext
//! cannot be moved to another place. A new root key rewraps the tenants' keys and touches no value.
//! Whatever is wrong with an envelope, the error is the same.

mod envelope;
mod sql;

use std::sync::Arc;

use database::Tx;
use types::{Error, Result, Secret, Time};
use uuid::Uuid;

use crate::{Keys, Random};
use envelope::Sealer;

/// The version of a tenant's first key.
const FIRST: u32 = 1;

/// What is authenticated with the base of derived keys.
const BASE_NAME: &[u8] = b"base of derived keys v1";

/// What a secret is: part of what is authenticated, so that it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Slot<'a> {
    /// What it is for, e.g. `totp`.
    pub purpose: &'a str,
    /// The group that pays for it; nil for the house itself.
    pub tenant: Uuid,
    /// Whose it is; nil for nobody's.
    pub owner: Uuid,
    /// The row it stands in.
    pub object: Uuid,
    /// The column.
    pub field: &'a str,
    /// Of the object, where it has versions; else 0.
    pub version: u64,
}

/// Seals and opens secret fields.
#[derive(Clone)]
pub struct Vault {
    root: Arc<Sealer>,
    /// Which root key this is: stored beside what it wrapped.
    root_id: Arc<str>,
    random: Random,
}

impl Vault {
    /// A vault under the root key of this installation.
    #[must_use]
    pub fn new(keys: &Keys, random: Random) -> Self {
        Self {
            root: Arc::new(Sealer::new(&keys.of_root("vault root v1"))),
            root_id: root_id(keys).into(),
            random,
        }
    }

    /// Seals a secret, in the transaction that stores it: the first one of a tenant makes the
    /// tenant's key.
    ///
    /// # Errors
    /// As the store; internal when the cipher fails.
    pub async fn seal(
        &self,
        tx: &mut Tx,
        now: Time,
        slot: Slot<'_>,
        secret: &[u8],
    ) -> Result<Vec<u8>> {
        let (version, tenant) = self.newest(tx, now, slot.tenant).await?;
        envelope::seal(&tenant, version, &slot, secret, &self.random)
    }

    /// Opens what [`Vault::seal`] gave for the same slot.
    ///
    /// # Errors
    /// Internal, always the same, when it is not what was sealed there; as the store.
    pub async fn open(
        &self,
        tx: &mut Tx,
        slot: Slot<'_>,
        sealed: &[u8],
    ) -> Result<Secret<Vec<u8>>> {
        let version = envelope::key_version(sealed)?;
        let stored = sql::find(tx, slot.tenant, version).await?.ok_or_else(unopened)?;
        let tenant = self.unwrap(slot.tenant, &stored)?;
        envelope::open(&tenant, version, &slot, sealed)
    }

    /// Looked up each time: unwrapping costs a microsecond, and a key remembered from a change
    /// that then failed would seal what nobody can open.
    async fn newest(&self, tx: &mut Tx, now: Time, tenant: Uuid) -> Result<(u32, Sealer)> {
        if let Some(stored) = sql::newest(tx, tenant).await? {
            return Ok((stored.version, self.unwrap(tenant, &stored)?));
        }
        let key: [u8; 32] = self.random.bytes();
        let wrapped = self.root.seal(&wrap_name(tenant, FIRST), &key, &self.random)?;
        sql::insert(tx, tenant, FIRST, &wrapped, &self.root_id, now).await?;
        Ok((FIRST, Sealer::new(&key)))
    }

    fn unwrap(&self, tenant: Uuid, stored: &sql::Stored) -> Result<Sealer> {
        let key = self.root.open(&wrap_name(tenant, stored.version), &stored.wrapped)?;
        let key: [u8; 32] = key.reveal().as_slice().try_into().map_err(|_| unopened())?;
        Ok(Sealer::new(&key))
    }
}

/// Wraps every tenant's key of `old` under `new`; how many there were. Values are not touched.
///
/// # Errors
/// Internal when one cannot be opened with `old`; as the store.
pub async fn rewrap(tx: &mut Tx, old: &Keys, new: &Keys, random: &Random) -> Result<u64> {
    let from = Sealer::new(&old.of_root("vault root v1"));
    let to = Sealer::new(&new.of_root("vault root v1"));
    let (old_id, new_id) = (root_id(old), root_id(new));
    let mut count = 0;
    for (tenant, stored) in sql::wrapped_by(tx, &old_id).await? {
        let name = wrap_name(tenant, stored.version);
        let key = from.open(&name, &stored.wrapped)?;
        let wrapped = to.seal(&name, key.reveal(), random)?;
        sql::rewrap(tx, tenant, stored.version, &wrapped, &new_id).await?;
        count += 1;
    }
    Ok(count)
}

/// Wraps what keys for single purposes are derived from under the root key, for the next start.
///
/// # Errors
/// Internal, when the cipher fails.
pub fn wrap_base(keys: &Keys, random: &Random) -> Result<Vec<u8>> {
    Sealer::new(&keys.of_root("vault root v1")).seal(BASE_NAME, keys.base(), random)
}

/// The same keys with what [`wrap_base`] wrapped.
///
/// # Errors
/// Internal, when it was wrapped under another root key.
pub fn unwrap_base(keys: Keys, wrapped: &[u8]) -> Result<Keys> {
    let base = Sealer::new(&keys.of_root("vault root v1")).open(BASE_NAME, wrapped)?;
    let base: [u8; 32] = base.reveal().as_slice().try_into().map_err(|_| unopened())?;
    Ok(keys.over(base))
}

fn root_id(keys: &Keys) -> String {
    keys.of_root("vault root id v1").iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn wrap_name(tenant: Uuid, version: u32) -> Vec<u8> {
    let mut name = b"tenant key v1".to_vec();
    name.extend_from_slice(tenant.as_bytes());
    name.extend_from_slice(&version.to_be_bytes());
    name
}

/// The one answer to every envelope that does not open.
fn unopened() -> Error {
    Error::internal("a sealed value cannot be opened")
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
