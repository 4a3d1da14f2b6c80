//! Checks, hashes and verifies.

use std::num::NonZero;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{CustomizedPasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::Random;
use tokio::sync::Semaphore;
use types::{Error, Result, Secret};

use crate::Settings;

/// Bytes of a password that are read at all, right or wrong.
const MAX_BYTES: usize = 1024;

/// Hashes passwords and compares them with hashes.
pub(crate) struct Passwords {
    params: Params,
    min: usize,
    max: usize,
    /// One for each hash that runs or waits.
    places: Arc<Semaphore>,
    /// One for each hash that runs.
    cores: Arc<Semaphore>,
}

/// What comparing a password with what is stored gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, but hashed with other parameters than today's: hash it again.
    Outdated,
}

impl Passwords {
    /// A pool with these parameters.
    ///
    /// # Errors
    /// When Argon2 cannot work with them.
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let params = Params::new(settings.argon2_memory_kib, settings.argon2_passes, 1, None)
            .map_err(|error| {
                Error::invalid("identity.argon2_memory_kib", "invalid", error.to_string())
            })?;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            params,
            min: settings.password_min,
            max: settings.password_max,
            places: Arc::new(Semaphore::new(cores + settings.hash_queue)),
            cores: Arc::new(Semaphore::new(cores)),
        })
    }

    /// Whether a new password may be chosen. Characters count, not bytes.
    ///
    /// # Errors
    /// 422 `password_too_short` or `password_too_long`.
    pub(crate) fn check_new(&self, password: &Secret<String>) -> Result<()> {
        self.check_size(password)?;
        let characters = password.reveal().chars().count();
        if characters < self.min {
            return Err(Error::invalid(
                "/password",
                "password_too_short",
                format!("must have at least {} characters.", self.min),
            ));
        }
        if characters > self.max {
            return Err(too_long(self.max));
        }
        Ok(())
    }

    /// Whether a password is small enough to be hashed at all.
    ///
    /// # Errors
    /// 422 `password_too_long`.
    pub(crate) fn check_size(&self, password: &Secret<String>) -> Result<()> {
        if password.reveal().len() > MAX_BYTES { Err(too_long(self.max)) } else { Ok(()) }
    }

    /// Hashes a password with a new salt, as a PHC string.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub(crate) async fn hash(&self, random: &Random, password: &Secret<String>) -> Result<String> {
        let (params, salt, password) =
            (self.params.clone(), random.bytes::<16>(), password.clone());
        self.run(move || {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
            let hash: PasswordHash = argon2
                .hash_password_customized(
                    password.reveal().as_bytes(),
                    &salt,
                    Some(Algorithm::Argon2id.as_str()),
                    Some(Version::V0x13 as u32),
                    params,
                )
                .map_err(|error| Error::internal(error.to_string()))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Compares a password with a stored hash. Without one — the account does not exist, or has
    /// no password — as much work is done and the answer is [`Verdict::Wrong`].
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
        let (params, password) = (self.params.clone(), password.clone());
        self.run(move || {
            let hash =
                PasswordHash::new(&stored).map_err(|error| Error::internal(error.to_string()))?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
            if argon2.verify_password(password.reveal().as_bytes(), &hash).is_err() {
                return Ok(Verdict::Wrong);
            }
            let today = hash.algorithm.as_str() == Algorithm::Argon2id.as_str()
                && Params::try_from(&hash).is_ok_and(|used| {
                    used.m_cost() == params.m_cost() && used.t_cost() == params.t_cost()
                });
            Ok(if today { Verdict::Right } else { Verdict::Outdated })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            Error::overloaded("Too many people are signing in just now; try again in a moment.")
        })?;
        let core = Arc::clone(&self.cores).acquire_owned().await?;
        // The permits go along: a client that hangs up does not stop its hash, so it must not
        // free its core either.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop((core, place));
            done
        })
        .await?
    }
}

fn too_long(max: usize) -> Error {
    Error::invalid("/password", "password_too_long", format!("must have at most {max} characters."))
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
