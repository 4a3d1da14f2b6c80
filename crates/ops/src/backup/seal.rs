//! Encryption of backups, by the format and the crate `age`: to public keys, or with a passphrase.
//! What is written here, the tools `age` and `rage` open, too.

use std::io::{self, BufRead, Read, Write};
use std::iter;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::stream::StreamWriter;
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use types::{Error, Result, Secret};

use super::manifest::{Encryption, damaged, newer};
use super::unpack::unreadable;

/// 2^16 rounds: each guess takes 64 MiB, which is what a server has to spare for it as well.
const WORK: u8 = 16;
/// What somebody's file may ask of us at most: 256 MiB, as the tool `age` writes it.
const MOST_WORK: u8 = 18;
/// Characters of a passphrase at least.
const SHORTEST: usize = 12;

/// How backups are closed.
#[derive(Clone)]
pub enum Seal {
    /// Not at all.
    Open,
    /// To public keys.
    Recipients(Vec<x25519::Recipient>),
    /// With a passphrase.
    Passphrase(Secret<String>),
}

impl Seal {
    /// To these keys, with this passphrase, or not at all.
    ///
    /// # Errors
    /// 422 `invalid_recipient`, `passphrase_too_short`.
    pub fn of(recipients: &[String], passphrase: Option<Secret<String>>) -> Result<Self> {
        let keys: Result<Vec<_>> = recipients.iter().map(|text| recipient(text)).collect();
        if passphrase.as_ref().is_some_and(|text| text.reveal().chars().count() < SHORTEST) {
            return Err(Error::invalid(
                "passphrase",
                "passphrase_too_short",
                "must have 12 characters or more",
            ));
        }
        Ok(match (keys?, passphrase) {
            (keys, _) if !keys.is_empty() => Self::Recipients(keys),
            (_, Some(passphrase)) => Self::Passphrase(passphrase),
            (_, None) => Self::Open,
        })
    }

    /// Whether anybody can read what is written.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    pub(super) const fn kind(&self) -> Encryption {
        match self {
            Self::Open => Encryption::None,
            Self::Recipients(_) => Encryption::Recipients,
            Self::Passphrase(_) => Encryption::Passphrase,
        }
    }

    pub(super) fn close<W: Write>(&self, out: W) -> Result<Sealed<W>> {
        let encryptor = match self {
            Self::Open => return Ok(Sealed::Open(out)),
            Self::Recipients(keys) => {
                Encryptor::with_recipients(keys.iter().map(|key| key as &dyn age::Recipient))?
            }
            Self::Passphrase(text) => {
                let mut key = scrypt::Recipient::new(secret(text));
                key.set_work_factor(WORK);
                Encryptor::with_recipients(iter::once(&key as &dyn age::Recipient))?
            }
        };
        Ok(Sealed::Closed(Box::new(encryptor.wrap_output(out)?)))
    }
}

fn recipient(text: &str) -> Result<x25519::Recipient> {
    text.trim().parse().map_err(|_| {
        Error::invalid(
            "recipients",
            "invalid_recipient",
            "must be public keys (`age1…`), as `sixfold backup new-key` makes them",
        )
    })
}

fn secret(text: &Secret<String>) -> SecretString {
    SecretString::from(text.reveal().clone())
}

/// A way in that closes what goes through it.
pub(super) enum Sealed<W: Write> {
    Open(W),
    Closed(Box<StreamWriter<W>>),
}

impl<W: Write> Sealed<W> {
    /// Writes the end, without which the rest opens for nobody.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Open(out) => Ok(out),
            Self::Closed(out) => out.finish(),
        }
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(out) => out.write(bytes),
            Self::Closed(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(out) => out.flush(),
            Self::Closed(out) => out.flush(),
        }
    }
}

/// What opens backups.
#[derive(Clone, Default)]
pub struct Unlock {
    identities: Vec<x25519::Identity>,
    passphrase: Option<Secret<String>>,
    /// Whether it takes only what is encrypted.
    closed: bool,
}

impl Unlock {
    /// Private keys, as files hold them: one a line, `#` before what is for people.
    ///
    /// # Errors
    /// 422 `invalid_identity`.
    pub fn of(files: &[Secret<String>], passphrase: Option<Secret<String>>) -> Result<Self> {
        let mut identities = Vec::new();
        for file in files {
            let lines = file.reveal().lines().map(str::trim);
            for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
                identities.push(line.parse().map_err(|_| no_identity())?);
            }
        }
        if !files.is_empty() && identities.is_empty() {
            return Err(no_identity());
        }
        let closed = !identities.is_empty() || passphrase.is_some();
        Ok(Self { identities, passphrase, closed })
    }

    /// Whether a backup that is not encrypted is refused, as it is by who has something to open one
    /// with: what a backup says of its lock stands where anybody can change it.
    #[must_use]
    pub fn only_encrypted(self, closed: bool) -> Self {
        Self { closed, ..self }
    }

    pub(super) fn open<'a, R: BufRead + 'a>(
        &self,
        from: R,
        lock: Encryption,
    ) -> Result<Box<dyn Read + 'a>> {
        let opened = match (lock, &self.passphrase) {
            (Encryption::None, _) if self.closed => return Err(open_to_all()),
            (Encryption::None, _) => return Ok(Box::new(from)),
            (Encryption::Recipients, _) if self.identities.is_empty() => {
                return Err(locked("name a file with a private key: --identity FILE"));
            }
            (Encryption::Recipients, _) => {
                let keys = self.identities.iter().map(|key| key as &dyn age::Identity);
                Decryptor::new_buffered(from).and_then(|closed| closed.decrypt(keys))
            }
            (Encryption::Passphrase, None) => {
                return Err(locked("name a file with the passphrase: --passphrase-file FILE"));
            }
            (Encryption::Passphrase, Some(text)) => {
                let mut key = scrypt::Identity::new(secret(text));
                key.set_max_work_factor(MOST_WORK);
                let keys = iter::once(&key as &dyn age::Identity);
                Decryptor::new_buffered(from).and_then(|closed| closed.decrypt(keys))
            }
        };
        match opened {
            Ok(opened) => Ok(Box::new(opened)),
            Err(DecryptError::Io(error)) => Err(unreadable(error)),
            Err(DecryptError::InvalidHeader | DecryptError::InvalidMac) => {
                Err(damaged("its lock is not the one that was written"))
            }
            Err(DecryptError::ExcessiveWork { .. }) => Err(Error::conflict(
                "backup_lock_too_costly",
                "To try a passphrase on this backup takes more memory than it may: Sixfold did not \
                 write it. Open it with the tool `age`, if you know where it comes from.",
            )),
            Err(DecryptError::UnknownFormat) => Err(newer("Its encryption is not known here")),
            Err(_) if lock == Encryption::Passphrase => Err(locked("this is not its passphrase")),
            Err(_) => Err(locked("none of these keys opens it")),
        }
    }
}

fn locked(what: &str) -> Error {
    Error::conflict("backup_locked", format!("This backup is encrypted: {what}."))
}

fn open_to_all() -> Error {
    Error::conflict(
        "backup_not_encrypted",
        "This backup is not encrypted, and yours are: somebody may have put it there. With \
         --unencrypted it is taken all the same.",
    )
}

fn no_identity() -> Error {
    Error::invalid(
        "identity",
        "invalid_identity",
        "must be a file with private keys (`AGE-SECRET-KEY-1…`), one a line",
    )
}

/// A new pair of keys.
pub struct Pair {
    /// `age1…`.
    pub public: String,
    /// `AGE-SECRET-KEY-1…`.
    pub private: Secret<String>,
}

impl Pair {
    /// Makes one.
    #[must_use]
    pub fn new() -> Self {
        let private = x25519::Identity::generate();
        Self {
            public: private.to_public().to_string(),
            private: Secret::new(private.to_string().expose_secret().to_owned()),
        }
    }
}

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
