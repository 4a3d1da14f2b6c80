//! Checkpoints: the size and the root of the log as a signed note (C2SP tlog-checkpoint and
//! signed-note), which tools of others read as well.

use std::fmt::{self, Write as _};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};
use types::{Error, ErrorKind, Result};

use crate::Keys;

/// What SHA-256 gives.
pub type Hash = [u8; 32];

/// Bytes of a note at most.
const MOST_BYTES: usize = 16 * 1024;
/// Signatures of a note at most.
const MOST_SIGNATURES: usize = 32;
/// What Ed25519 is called in a key of signed notes.
const ED25519_NAME: u8 = 1;
/// A signature line starts with an em dash.
const DASH: &str = "\u{2014} ";

/// A public key that checkpoints are verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: [u8; 4],
    public: [u8; 32],
}

impl Verifier {
    fn new(name: String, public: [u8; 32]) -> Self {
        let id = Sha256::new()
            .chain_update(&name)
            .chain_update([b'\n', ED25519_NAME])
            .chain_update(public)
            .finalize();
        Self { name, id: [id[0], id[1], id[2], id[3]], public }
    }

    /// Reads the text form: name, id and key, joined by `+`.
    ///
    /// # Errors
    /// 422 `invalid_key`, when it is anything else.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text.trim()).ok_or_else(|| {
            Error::invalid(
                "key",
                "invalid_key",
                "is no public key of checkpoints: `sixfold audit key` prints one, which looks like \
                 sixfold/0123456789abcdef+01234567+AQ….",
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        // The last part is base64, which may have a plus of its own.
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let key = BASE64.decode(key).ok()?;
        let (ED25519_NAME, public) = key.split_first().map(|(kind, rest)| (*kind, rest))? else {
            return None;
        };
        let key = Self::new(is_name(name).then(|| name.to_owned())?, public.try_into().ok()?);
        (hex(&key.id) == id).then_some(key)
    }

    /// Whose key it is: the name of the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519_NAME], &self.public[..]].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.id), BASE64.encode(key))
    }
}

/// The key that checkpoints are signed with.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: Verifier,
}

impl Signer {
    /// The one of an installation: another one under another root key, while the name of the log
    /// stays.
    ///
    /// # Errors
    /// Internal, when it cannot be used.
    pub fn of(keys: &Keys) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&keys.of_root("audit checkpoints v1"))
            .map_err(|_| Error::internal("the key of the audit log cannot be used"))?;
        let public = pair.public_key().as_ref().try_into()?;
        let id = keys.derive("audit log v1");
        let name = format!("sixfold/{}", hex(id.get(..8).unwrap_or_default()));
        Ok(Self { pair, verifier: Verifier::new(name, public) })
    }

    /// The public half.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// A checkpoint of a log of this size with this root.
    #[must_use]
    pub fn sign(&self, size: u64, root: &Hash) -> String {
        self.note(&format!("{}\n{size}\n{}\n", self.verifier.name, BASE64.encode(root)))
    }

    /// The same checkpoint with one line more, which is not empty.
    pub(super) fn sign_with(&self, checkpoint: &Checkpoint, extension: &str) -> String {
        self.note(&format!("{}{extension}\n", checkpoint.text()))
    }

    /// The same checkpoint with this signature as well.
    #[must_use]
    pub fn sign_too(&self, checkpoint: &Checkpoint) -> String {
        format!("{}{}", checkpoint.note, self.line(checkpoint.text()))
    }

    /// The same checkpoint with this signature alone.
    pub(super) fn sign_anew(&self, checkpoint: &Checkpoint) -> String {
        self.note(checkpoint.text())
    }

    fn note(&self, text: &str) -> String {
        format!("{text}\n{}", self.line(text))
    }

    fn line(&self, text: &str) -> String {
        let Verifier { name, id, .. } = &self.verifier;
        let signature = self.pair.sign(text.as_bytes());
        let signed = [&id[..], signature.as_ref()].concat();
        format!("{DASH}{name} {}\n", BASE64.encode(signed))
    }
}

/// A checkpoint that was read: what it says, whether or not its signatures are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    note: String,
    /// Bytes of the note that are signed.
    signed: usize,
    origin: String,
    size: u64,
    root: Hash,
    signatures: Vec<(String, Vec<u8>)>,
}

impl Checkpoint {
    /// Reads a signed note.
    ///
    /// # Errors
    /// 422 `invalid_checkpoint`, when it is none.
    pub fn parse(note: &str) -> Result<Self> {
        Self::read(note).ok_or_else(|| {
            let said = "This is no checkpoint: three lines, an empty one, and signatures.";
            Error::new(ErrorKind::Invalid, "invalid_checkpoint", said)
        })
    }

    fn read(note: &str) -> Option<Self> {
        let is_plain = |letter: char| letter == '\n' || !letter.is_control();
        if note.len() > MOST_BYTES || !note.ends_with('\n') || !note.chars().all(is_plain) {
            return None;
        }
        let signed = note.rfind("\n\n")? + 1;
        let (text, rest) = note.split_at_checked(signed)?;
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        // Extensions may follow; a line of nothing is none.
        if !is_name(origin) || lines.any(str::is_empty) {
            return None;
        }
        let size: u64 = size.parse().ok().filter(|number: &u64| number.to_string() == size)?;
        let root = BASE64.decode(root).ok()?.try_into().ok()?;
        let signatures: Option<Vec<_>> = rest.trim_start_matches('\n').lines().map(line).collect();
        let signatures = signatures.filter(|all| (1..=MOST_SIGNATURES).contains(&all.len()))?;
        let origin = origin.to_owned();
        Some(Self { note: note.to_owned(), signed, origin, size, root, signatures })
    }

    /// The note as it was read.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    fn text(&self) -> &str {
        self.note.get(..self.signed).unwrap_or_default()
    }

    /// The name of its log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub const fn root(&self) -> &Hash {
        &self.root
    }

    /// The line behind the root that says more about this tree, where there is one and no other.
    pub(super) fn extension(&self) -> Option<&str> {
        let mut lines = self.text().lines().skip(3);
        lines.next().filter(|_| lines.next().is_none())
    }

    /// Whether it is of this key's log and has a good signature by it.
    #[must_use]
    pub fn is_by(&self, key: &Verifier) -> bool {
        self.origin == key.name
            && self.signatures.iter().any(|(name, signed)| {
                *name == key.name
                    && signed.split_at_checked(key.id.len()).is_some_and(|(id, signature)| {
                        id == key.id
                            && UnparsedPublicKey::new(&ED25519, &key.public)
                                .verify(self.text().as_bytes(), signature)
                                .is_ok()
                    })
            })
    }
}

/// A signature line: whose it says it is, and the id of its key with the signature.
fn line(line: &str) -> Option<(String, Vec<u8>)> {
    let (name, signed) = line.strip_prefix(DASH)?.split_once(' ')?;
    let signed = BASE64.decode(signed).ok().filter(|signed| signed.len() > 4)?;
    Some((is_name(name).then(|| name.to_owned())?, signed))
}

/// Names of logs and keys have neither blanks nor a plus.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || letter == '+')
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
