//! What was signed of the log, in the order of the trees it is of, page by page.

use std::collections::VecDeque;

use database::Tx;
use kernel::sealed::{self, Deletion, Head};
use types::Result;

use super::check::Check;
use super::sql;

/// Notes read at a time.
const PAGE: i64 = 1000;

/// A signed note.
pub(super) enum Note {
    /// Of a whole tree.
    Checkpoint(String),
    /// Of leaves in it whose events were deleted.
    Deletion(String),
}

impl Note {
    /// Holds it against the tree; it is of one of this size.
    pub(super) fn check(&self, size: u64, check: &mut Check) {
        match self {
            _ if size > check.size() => check.beyond(size),
            Self::Checkpoint(note) => check.checkpoint(note),
            Self::Deletion(note) => check.deletion(note),
        }
    }
}

/// All of them, the next one in front.
#[derive(Default)]
pub(super) struct Notes {
    checkpoints: Pages<Head, u64>,
    deletions: Pages<Deletion, (i64, i64)>,
}

impl Notes {
    /// The next one of a tree of this size or a smaller one, and the size of its tree.
    pub(super) async fn up_to(&mut self, tx: &mut Tx, size: u64) -> Result<Option<(u64, Note)>> {
        let Self { checkpoints, deletions } = self;
        if checkpoints.is_due() {
            let page = sql::checkpoints_from(tx, checkpoints.last.unwrap_or(0), PAGE).await?;
            checkpoints.put(page, |head| head.size);
        }
        if deletions.is_due() {
            let behind = deletions.last.unwrap_or(sealed::DELETIONS_BEGIN);
            let page = sealed::deletions(tx, behind, PAGE).await?;
            deletions.put(page, |deletion| (deletion.size, deletion.leaf));
        }
        let of = |size: Option<u64>| size.unwrap_or(u64::MAX);
        let checkpoint = of(checkpoints.page.front().map(|head| head.size));
        let deletion = of(deletions.page.front().map(Deletion::tree));
        if checkpoint.min(deletion) > size {
            return Ok(None);
        }
        Ok(if checkpoint <= deletion {
            checkpoints.page.pop_front().map(|head| (head.size, Note::Checkpoint(head.note)))
        } else {
            deletions.page.pop_front().map(|one| (one.tree(), Note::Deletion(one.note)))
        })
    }
}

/// Rows by a key, some of which were read.
struct Pages<T, K> {
    page: VecDeque<T>,
    last: Option<K>,
    over: bool,
}

impl<T, K> Default for Pages<T, K> {
    fn default() -> Self {
        Self { page: VecDeque::new(), last: None, over: false }
    }
}

impl<T, K> Pages<T, K> {
    fn is_due(&self) -> bool {
        self.page.is_empty() && !self.over
    }

    fn put(&mut self, page: Vec<T>, key: impl Fn(&T) -> K) {
        self.over = page.is_empty();
        self.last = page.last().map(key).or_else(|| self.last.take());
        self.page = page.into();
    }
}
