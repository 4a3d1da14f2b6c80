//! Secrets of this installation, and what is derived from them.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use types::{Error, ErrorKind, Result};

use crate::{Random, disk};

type Bytes = [u8; 32];

/// The next root key, until a rotation is done.
const NEXT_ROOT: &str = "root.key.new";
/// Different bytes that a random key has at least; fewer happen once in 10^20 keys.
const DIFFERENT_BYTES: usize = 12;
/// Letters of what is remembered of a root key.
const FINGERPRINT: usize = 32;

/// The root key and the signing key of this installation.
///
/// There is no built-in secret: they come from the environment or from files (mode 0600) that the
/// first start creates.
#[derive(Clone)]
pub struct Keys {
    root: Bytes,
    signing: Bytes,
    /// What keys for single purposes are derived from: the first root key, which a rotation wraps
    /// under the next one, so that what those keys protect outlives it.
    base: Bytes,
}

impl Keys {
    /// Keys given by the operator.
    #[must_use]
    pub const fn new(root: Bytes, signing: Bytes) -> Self {
        Self { root, signing, base: root }
    }

    /// The same keys over a store whose root key was rotated: `base` came out of its vault.
    #[must_use]
    pub const fn over(self, base: Bytes) -> Self {
        Self { base, ..self }
    }

    /// The same installation under another root key.
    #[must_use]
    pub const fn under(&self, root: Bytes) -> Self {
        Self { root, signing: self.signing, base: self.base }
    }

    /// What keys for single purposes are derived from.
    pub(crate) const fn base(&self) -> &Bytes {
        &self.base
    }

    /// Says why these keys are not worth being one.
    ///
    /// # Errors
    /// 409 `key_weak`, in a sentence for the operator.
    pub fn check(&self) -> Result<()> {
        let why = if self.root == self.signing {
            "The root key and the signing key are the same"
        } else if is_weak(&self.root) {
            "The root key is no random number"
        } else if is_weak(&self.signing) {
            "The signing key is no random number"
        } else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::Conflict,
            "key_weak",
            format!("{why}: make each with `openssl rand -hex 32`."),
        ))
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
        check_folder(folder)?;
        Ok(Some(Self::new(read(&root)?, read(&signing)?)))
    }

    /// Makes new keys and writes them into `folder`, readable by this user only.
    ///
    /// # Errors
    /// When the files cannot be written; an existing file is never replaced.
    pub fn create(folder: &Path, random: &Random) -> Result<Self> {
        make_private_folder(folder)?;
        let keys = Self::new(random.bytes(), random.bytes());
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

    /// A key for one purpose, by HMAC-SHA-256 of the purpose's name. A rotation of the root key
    /// does not change it.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Bytes {
        mac(&self.base, purpose.as_bytes())
    }

    /// A key for one purpose that is another one under another root key: what wraps the rest.
    #[must_use]
    pub fn of_root(&self, purpose: &str) -> Bytes {
        mac(&self.root, purpose.as_bytes())
    }

    /// What is remembered of the root key: enough to tell it apart, useless for anything else.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut text = hex(&self.of_root("fingerprint"));
        text.truncate(FINGERPRINT);
        text
    }

    /// The root key in a file of its own, written beside `root.key` for a rotation; the one that
    /// is there already, if an earlier one was interrupted.
    ///
    /// # Errors
    /// When it can be neither read nor written.
    pub fn next_root(folder: &Path, random: &Random) -> Result<Bytes> {
        let path = folder.join(NEXT_ROOT);
        if path.exists() {
            return read(&path);
        }
        let root = random.bytes();
        write(&path, &root)?;
        Ok(root)
    }

    /// Moves the new root key into its place; the old one stays as `root.key.old`, for backups
    /// made under it.
    ///
    /// # Errors
    /// When the files cannot be moved.
    pub fn replace_root(folder: &Path) -> Result<()> {
        let path = folder.join("root.key");
        let moved = |error: std::io::Error| refused(&path, &format!("cannot be moved ({error})."));
        // A copy, so that there is a `root.key` at every moment.
        let old = folder.join("root.key.old");
        match fs::remove_file(&old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(moved(error)),
            _ => {}
        }
        write(&old, &read(&path)?)?;
        fs::rename(folder.join(NEXT_ROOT), &path).map_err(moved)?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(moved)
    }

    /// The token that lets one person become the first platform owner: 256 bits, derived, so it
    /// is the same at every start until it was used.
    #[must_use]
    pub fn setup_token(&self) -> String {
        hex(&self.of_root("setup token v1"))
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

/// Whether somebody typed it: few different bytes, or each the same step after the last.
fn is_weak(key: &Bytes) -> bool {
    let mut different = key.to_vec();
    different.sort_unstable();
    different.dedup();
    let mut steps = key.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let first = steps.next();
    different.len() < DIFFERENT_BYTES || steps.all(|step| Some(step) == first)
}

/// Who can write the folder can put other keys into it.
fn check_folder(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if fs::metadata(folder)?.permissions().mode() & 0o022 != 0 {
            return Err(refused(folder, "may be written by other users: run `chmod 700` on it."));
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
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

fn write(path: &Path, key: &Bytes) -> Result<()> {
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
    // A key that something is closed with is there by its name.
    disk::sync_folder(disk::parent(path))?;
    Ok(())
}

fn make_private_folder(folder: &Path) -> Result<()> {
    disk::make_folder(folder)
        .map_err(|error| refused(folder, &format!("cannot be created ({error}).")))
}
