//! Hashes and verifies.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::Random;
use types::{Error, Result, Secret};

use super::policy::Policy;
use super::pool::{Bounds, Memory, Pool};
use super::stored::{Fault, Stored};
use crate::Settings;

/// Bytes of a salt and of a hash made here.
const SALT: usize = 16;
const OUTPUT: usize = 32;

/// Checks, hashes and verifies passwords.
pub(crate) struct Passwords {
    params: Params,
    pub(super) policy: Policy,
    pub(super) pool: Pool,
}

/// What comparing a password with what is stored gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, but not hashed as passwords are today: hash it again.
    Outdated,
}

impl Passwords {
    /// A pool with these parameters.
    ///
    /// # Errors
    /// When Argon2 cannot work with them.
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let (memory, passes) = (settings.argon2_memory_kib, settings.argon2_passes);
        let params = Params::new(memory, passes, 1, Some(OUTPUT)).map_err(|error| {
            Error::invalid("identity.argon2_memory_kib", "invalid", error.to_string())
        })?;
        let bounds = Bounds { waiting: settings.hash_queue, wait: settings.hash_wait() };
        let pool = Pool::new(bounds, params.block_count());
        Ok(Self { params, policy: Policy::new(settings), pool })
    }

    /// Whether a new password may be chosen. `context` is what everybody knows of its owner: name
    /// and address.
    ///
    /// # Errors
    /// 422 `password_too_short`, `password_too_long`, `password_too_simple`,
    /// `password_too_common` or `password_contains_context`.
    pub(crate) fn check_new(&self, password: &Secret<String>, context: &[&str]) -> Result<()> {
        self.policy.check("/password", password.reveal(), context)
    }

    /// The same for one that takes the place of another, in the field `newPassword`.
    ///
    /// # Errors
    /// As [`Self::check_new`].
    pub(crate) fn check_replacement(
        &self,
        password: &Secret<String>,
        context: &[&str],
    ) -> Result<()> {
        self.policy.check("/newPassword", password.reveal(), context)
    }

    /// Whether a password is small enough to be hashed at all.
    ///
    /// # Errors
    /// 422 `password_too_long`.
    pub(crate) fn check_size(&self, password: &Secret<String>) -> Result<()> {
        self.policy.check_size(password.reveal())
    }

    /// Whether a hash from elsewhere is of a kind that can be verified here, at bounded cost.
    ///
    /// # Errors
    /// 422 `unknown_hash` or `hash_too_costly`.
    pub(crate) fn check_stored(&self, hash: &str) -> Result<()> {
        Stored::parse(hash)
            .and_then(|stored| stored.check_cost(&self.params))
            .map_err(|fault| Error::invalid("/passwordHash", fault.code(), fault.message()))
    }

    /// Hashes a password with a new salt, as a PHC string.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub(crate) async fn hash(&self, random: &Random, password: &Secret<String>) -> Result<String> {
        let (params, salt, password) =
            (self.params.clone(), random.bytes::<SALT>(), password.clone());
        self.pool.run(move |memory| hash(&params, &salt, &password, memory)).await
    }

    /// Compares a password with a stored hash. Without one — the account does not exist, or has
    /// no password — as much work is done and the answer is [`Verdict::Wrong`].
    ///
    /// A wrong password whose hash came from elsewhere costs that hash and ours: never less than
    /// an unknown account, but more. Who measures well can tell that such an account is there,
    /// until its owner signs in and gets a hash of ours.
    ///
    /// # Errors
    /// 503 when too many wait; internal when what is stored cannot be read.
    pub(crate) async fn verify(
        &self,
        random: &Random,
        password: &Secret<String>,
        stored: Option<String>,
    ) -> Result<Verdict> {
        let Some(stored) = stored else {
            self.hash(random, password).await?;
            return Ok(Verdict::Wrong);
        };
        let (params, password, salt) =
            (self.params.clone(), password.clone(), random.bytes::<SALT>());
        self.pool
            .run(move |memory| {
                let stored = Stored::parse(&stored).map_err(Fault::internal)?;
                stored.check_cost(&params).map_err(Fault::internal)?;
                let right = stored.verify(password.reveal(), memory)?;
                match (right, stored.is_made_with(&params)) {
                    (true, true) => Ok(Verdict::Right),
                    (true, false) => Ok(Verdict::Outdated),
                    (false, true) => Ok(Verdict::Wrong),
                    (false, false) => {
                        hash(&params, &salt, &password, memory)?;
                        Ok(Verdict::Wrong)
                    }
                }
            })
            .await
    }
}

fn hash(
    params: &Params,
    salt: &[u8; SALT],
    password: &Secret<String>,
    memory: &mut Memory,
) -> Result<String> {
    let wrong = |error: &dyn std::fmt::Display| Error::internal(error.to_string());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut out = [0; OUTPUT];
    argon2
        .hash_password_into_with_memory(
            password.reveal().as_bytes(),
            salt,
            &mut out,
            memory.blocks(params.block_count()),
        )
        .map_err(|error| wrong(&error))?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: params.try_into().map_err(|error| wrong(&error))?,
        salt: Some(Salt::new(salt).map_err(|error| wrong(&error))?),
        hash: Some(Output::new(&out).map_err(|error| wrong(&error))?),
    };
    Ok(phc.to_string())
}

#[cfg(test)]
#[path = "hash_tests.rs"]
mod tests;
