//! Secrets of this installation, and what is derived from them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use types::{Error, ErrorKind, Result};

use crate::Random;

type Bytes = [u8; 32];

/// The root key and the signing key of this installation.
///
/// There is no built-in secret: they come from the environment or from files (mode 0600) that the
/// first start creates.
#[derive(Clone)]
pub struct Keys {
    root: Bytes,
    signing: Bytes,
}

impl Keys {
    /// Keys given by the operator.
    #[must_use]
    pub const fn new(root: Bytes, signing: Bytes) -> Self {
        Self { root, signing }
    }

    /// Reads `root.key` and `signing.key` in `folder`; nothing when neither exists.
    ///
    /// # Errors
    /// A sentence for the operator when one is missing, unreadable, damaged, or may be read by
    /// other users.
    pub fn load(folder: &Path) -> Result<Option<Self>> {
        let paths = [folder.join("root.key"), folder.join("signing.key")];
        if paths.iter().all(|path| !path.exists()) {
            return Ok(None);
        }
        let [root, signing] = paths;
        Ok(Some(Self { root: read(&root)?, signing: read(&signing)? }))
    }

    /// Makes new keys and writes them into `folder`, readable by this user only.
    ///
    /// # Errors
    /// When the files cannot be written; an existing file is never replaced.
    pub fn create(folder: &Path, random: &Random) -> Result<Self> {
        make_private_folder(folder)?;
        let keys = Self { root: random.bytes(), signing: random.bytes() };
        write(&folder.join("root.key"), &keys.root)?;
        write(&folder.join("signing.key"), &keys.signing)?;
        Ok(keys)
    }

    /// Parses a key as it stands in a file or in the environment: 64 hexadecimal digits.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Bytes> {
        unhex(text.trim()).ok_or_else(|| {
            Error::invalid("keys", "invalid_key", "a key is 64 hexadecimal digits (32 bytes)")
        })
    }

    /// A key for one purpose, by HMAC-SHA-256 of the purpose's name.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Bytes {
        mac(&self.root, purpose.as_bytes())
    }

    /// The token that lets one person become the first platform owner: 256 bits, derived, so it
    /// is the same at every start until it was used.
    #[must_use]
    pub fn setup_token(&self) -> String {
        hex(&self.derive("setup token v1"))
    }

    /// The seed of the Ed25519 key that signs access tokens.
    #[must_use]
    pub const fn signing_seed(&self) -> &Bytes {
        &self.signing
    }
}

/// HMAC-SHA-256 (RFC 2104).
fn mac(key: &Bytes, text: &[u8]) -> Bytes {
    // HMAC takes keys of any length, so this cannot fail; the fallback would only make every
    // derived key wrong, never open.
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mut mac| {
        mac.update(text);
        mac.finalize().into_bytes().into()
    })
}

fn hex(bytes: &Bytes) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Bytes> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "key_unusable",
        format!("The key file {} {why}", path.display()),
    )
}

fn read(path: &Path) -> Result<Bytes> {
    let text = fs::read_to_string(path).map_err(|error| {
        refused(
            path,
            &format!(
                "cannot be read ({error}): restore it from a backup. A new key would make what \
                 the old one protects unreadable, so none is made."
            ),
        )
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            return Err(refused(path, "may be read by other users: run `chmod 600` on it."));
        }
    }
    unhex(text.trim()).ok_or_else(|| refused(path, "is damaged: restore it from a backup."))
}

fn write(path: &PathBuf, key: &Bytes) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options
        .open(path)
        .map_err(|error| refused(path, &format!("cannot be created ({error}).")))?;
    file.write_all(format!("{}\n", hex(key)).as_bytes())?;
    file.sync_all()?;
    Ok(())
}

fn make_private_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .map_err(|error| refused(folder, &format!("cannot be created ({error}).")))
}
