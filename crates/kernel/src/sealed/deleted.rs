//! Which events were deleted by the house itself. Whoever can write the database can delete an event as
//! well, but has no key to sign that: for each leaf without an event there is a note that names it.
//!
//! Such a note is the last checkpoint with one line more, `deleted 12-19,23`: places of leaves in the
//! tree it is of. A log that went on otherwise, after a backup was restored, has another tree from there on, so
//! that no note of that one speaks of this; of what both have in common each speaks for both.

use database::Tx;
use types::{Error, ErrorKind, Result};

use super::note::{Checkpoint, Signer, Verifier};
use super::sql::{self, Deletion};
use super::tiles::Tiles;
use crate::{Keys, Work};

/// What the line begins with.
const LINE: &str = "deleted ";
/// Leaves of one note, so that it stays one that everybody reads.
const MOST: usize = 512;
/// Notes signed anew together.
const PAGE: i64 = 500;

/// Takes events that are about to be deleted out of the sealed log, and signs that: their hashes stay,
/// what they were blinded with goes. Of those that are not sealed nothing is known here.
///
/// # Errors
/// 409 `audit_event_altered`, when one is not what was sealed: whoever altered it may have done so
/// that it goes; 409 `audit_not_signed`, when the log is not as this installation signed it last, or
/// it has got another root key; as the store.
pub async fn let_go(work: &mut Work<'_>, seqs: &[i64]) -> Result<()> {
    let keys = work.app().keys.clone();
    let Some(proven) = proven(work.tx, &keys, seqs).await? else { return Ok(()) };
    let Proven { signer, head, leaves } = proven;
    sql::let_go(work.tx, seqs).await?;
    for some in leaves.chunks(MOST) {
        let leaf = some.first().copied().unwrap_or_default();
        let note = Deleted::sign(&signer, &head, some);
        sql::insert(work.tx, &Deletion::new(head.size(), leaf, note)?, work.now).await?;
    }
    Ok(())
}

/// Whether [`let_go`] would take these events out as they are now, for who does something before.
///
/// # Errors
/// As [`let_go`].
pub async fn may_go(tx: &mut Tx, keys: &Keys, seqs: &[i64]) -> Result<()> {
    proven(tx, keys, seqs).await.map(drop)
}

/// Events that are what was sealed, up to the signed root.
struct Proven {
    signer: Signer,
    head: Checkpoint,
    leaves: Vec<u64>,
}

/// None, where none of them is sealed.
async fn proven(tx: &mut Tx, keys: &Keys, seqs: &[i64]) -> Result<Option<Proven>> {
    let sealed = sql::sealed(tx, seqs).await?;
    let leaves: Vec<u64> = sealed.iter().map(|one| one.leaf).collect();
    if leaves.is_empty() {
        return Ok(None);
    }
    let signer = Signer::of(keys)?;
    let own = keys.fingerprint();
    let is_own = sql::root_key(tx).await?.is_none_or(|stored| stored == own);
    let head = sql::head(tx).await?.and_then(|head| Checkpoint::parse(&head.note).ok());
    let head = head.filter(|head| is_own && head.is_by(signer.verifier()));
    let head = head.ok_or_else(not_signed)?;
    // Who altered an event may have altered its leaf as well, and would put that back afterwards.
    let tiles = sql::tiles(tx, &Tiles::up_from(&leaves, head.size())).await?;
    let hashes = tiles.signed(&leaves, head.size(), head.root()).ok_or_else(not_signed)?;
    for (one, hash) in sealed.iter().zip(hashes) {
        if one.event.leaf()? != hash {
            return Err(altered(one.event.seq));
        }
    }
    Ok(Some(Proven { signer, head, leaves }))
}

fn altered(seq: i64) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "audit_event_altered",
        format!(
            "Event {seq} is not what was sealed, so it is not deleted: run `sixfold audit verify`."
        ),
    )
}

fn not_signed() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "audit_not_signed",
        "The sealed event log is not as this installation signed it last, so nothing is deleted from \
         it: run `sixfold audit verify`. After a change of the root key, start the server again.",
    )
}

/// Signs all notes with another key, where the old one has signed them.
///
/// # Errors
/// As the store.
pub async fn sign_anew(tx: &mut Tx, old: &Verifier, new: &Signer) -> Result<()> {
    let mut behind = sql::DELETIONS_BEGIN;
    loop {
        let mut page = sql::deletions(tx, behind, PAGE).await?;
        for one in &mut page {
            if let Some(read) = Checkpoint::parse(&one.note).ok().filter(|read| read.is_by(old)) {
                one.note = new.sign_anew(&read);
                sql::update(tx, one).await?;
            }
        }
        let Some(last) = page.pop() else { return Ok(()) };
        behind = (last.size, last.leaf);
    }
}

/// A note that was read: what it says, whether or not its signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The tree its leaves are of.
    pub checkpoint: Checkpoint,
    /// The first and the last leaf of each stretch, in their order.
    pub leaves: Vec<[u64; 2]>,
}

impl Deleted {
    /// Signs that the events of these leaves of a tree, which are in order, were deleted.
    #[must_use]
    pub fn sign(signer: &Signer, tree: &Checkpoint, leaves: &[u64]) -> String {
        signer.sign_with(tree, &format!("{LINE}{}", text(leaves)))
    }

    /// Reads a note; none, if it is anything else.
    #[must_use]
    pub fn parse(note: &str) -> Option<Self> {
        let checkpoint = Checkpoint::parse(note).ok()?;
        let leaves = stretches(checkpoint.extension()?.strip_prefix(LINE)?)?;
        let fits = leaves.last().is_some_and(|[_, last]| *last < checkpoint.size());
        fits.then_some(Self { checkpoint, leaves })
    }
}

/// Leaves in their order, as `12-19,23`.
fn text(leaves: &[u64]) -> String {
    let stretches = leaves.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let stretches = stretches.map(|some| match some {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    });
    stretches.collect::<Vec<_>>().join(",")
}

/// The same, read: in order, and no leaf twice.
fn stretches(text: &str) -> Option<Vec<[u64; 2]>> {
    let number = |text: &str| text.parse().ok().filter(|number: &u64| number.to_string() == text);
    let mut all: Vec<[u64; 2]> = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let stretch = [number(first)?, number(last)?];
        let behind = all.last().is_none_or(|[_, last]| *last < stretch[0]);
        if !behind || stretch[0] > stretch[1] {
            return None;
        }
        all.push(stretch);
    }
    Some(all)
}

#[cfg(test)]
#[path = "deleted_tests.rs"]
mod tests;
