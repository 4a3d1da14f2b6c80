//! Holds leaves, events, checkpoints and deletions against each other, in the order of the tree, with
//! no more in memory than its right edge and which events are gone.

use kernel::sealed::tiles::{Edge, Tile};
use kernel::sealed::tree::{Hash, base64};
use kernel::sealed::{Checkpoint, Deleted, Event, Verifier};
use types::Result;

use super::findings::{Report, TOLD};
use super::gone::Gone;

/// What is there of the event of a leaf.
pub(crate) enum Seen {
    /// All of it.
    Event(Box<Event>),
    /// Nothing, as after its deletion.
    Gone,
    /// Only that it should be there.
    Missing(i64),
    /// Something that is no event.
    Damaged(Option<i64>),
}

/// A verification under way.
pub(crate) struct Check {
    pub(crate) report: Report,
    edge: Edge,
    /// Of whoever verifies: the newest checkpoint is signed by one of these.
    trusted: Vec<Verifier>,
    /// Those that came with the log, for checkpoints that a later one covers.
    known: Vec<Verifier>,
    kept: Option<Checkpoint>,
    newest: Option<Checkpoint>,
    /// What no deletion has told of so far.
    gone: Gone,
}

impl Check {
    pub(crate) fn new(
        trusted: Vec<Verifier>,
        known: Vec<Verifier>,
        kept: Option<(Checkpoint, Vec<Verifier>)>,
    ) -> Self {
        let mut check = Self {
            report: Report::default(),
            edge: Edge::default(),
            trusted,
            known,
            kept: None,
            newest: None,
            gone: Gone::default(),
        };
        if let Some((kept, by)) = kept {
            let good = match by.as_slice() {
                [] => check.is_signed(&kept),
                named => named.iter().any(|key| kept.is_by(key)),
            };
            if !good {
                let said = "The checkpoint that was kept outside has no signature by a given \
                            key, nor by one of this log.";
                check.report.find("kept_unsigned", None, None, said.to_owned());
            }
            check.report.kept = Some(kept.size());
            check.kept = Some(kept);
        }
        check
    }

    fn is_signed(&self, checkpoint: &Checkpoint) -> bool {
        self.trusted.iter().chain(&self.known).any(|key| checkpoint.is_by(key))
    }

    /// Leaves so far.
    pub(crate) const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The tiles that are not full yet.
    pub(crate) fn partial(&self) -> Vec<Tile> {
        self.edge.partial(0)
    }

    /// The next leaf; the tiles it fills go to `full`.
    ///
    /// # Errors
    /// As [`Event::leaf`].
    pub(crate) fn leaf(&mut self, hash: Hash, seen: Seen, full: &mut Vec<Tile>) -> Result<()> {
        let leaf = self.edge.size();
        match seen {
            Seen::Event(event) if event.leaf()? == hash => {
                self.report.events += 1;
            }
            Seen::Event(event) => self.altered(Some(event.seq), leaf),
            Seen::Damaged(seq) => self.altered(seq, leaf),
            Seen::Gone => {
                self.report.gone(leaf);
                self.gone.insert(leaf);
            }
            Seen::Missing(seq) => {
                let said = format!("Event {seq} was sealed as leaf {leaf}, and is not there.");
                self.report.find("event_missing", Some(seq), Some(leaf), said);
            }
        }
        self.edge.append(hash, full);
        if let Some(kept) = self.kept.as_ref().filter(|kept| kept.size() == self.edge.size())
            && *kept.root() != self.edge.root()
        {
            let said = format!(
                "The log is not the one whose checkpoint of {} leaves was kept outside.",
                kept.size()
            );
            self.report.find("kept_differs", None, None, said);
        }
        Ok(())
    }

    fn altered(&mut self, seq: Option<i64>, leaf: u64) {
        let event = seq.map_or_else(|| "An event".to_owned(), |seq| format!("Event {seq}"));
        let said = format!("{event} is not what was sealed as leaf {leaf}.");
        self.report.find("event_altered", seq, Some(leaf), said);
    }

    /// A checkpoint of the tree as it is now.
    pub(crate) fn checkpoint(&mut self, note: &str) {
        let size = self.edge.size();
        let Ok(read) = Checkpoint::parse(note) else {
            let said = format!("The checkpoint of {size} leaves cannot be read.");
            return self.report.find("checkpoint_damaged", None, None, said);
        };
        if read.size() != size || *read.root() != self.edge.root() {
            let said = format!(
                "The checkpoint of {} leaves was signed for another tree than the one that is \
                 there.",
                read.size()
            );
            self.report.find("checkpoint_differs", None, None, said);
        } else if !self.is_signed(&read) {
            let said = format!("The checkpoint of {size} leaves has no good signature.");
            self.report.find("checkpoint_unsigned", None, None, said);
        } else {
            self.report.checkpoints += 1;
        }
        self.newest = Some(read);
    }

    /// What tells of deletions in the tree as it is now.
    pub(crate) fn deletion(&mut self, note: &str) {
        let size = self.edge.size();
        let Some(Deleted { checkpoint, leaves }) = Deleted::parse(note) else {
            let said = format!("What tells of deletions from {size} leaves cannot be read.");
            return self.report.find("deletion_damaged", None, None, said);
        };
        let leaf = leaves.first().map(|[first, _]| *first);
        // None that came with the log alone: whoever can write there can add one.
        let by = if self.trusted.is_empty() { &self.known } else { &self.trusted };
        if checkpoint.size() != size || *checkpoint.root() != self.edge.root() {
            let said = format!(
                "What tells of deletions from {} leaves is of another tree than the one that is \
                 there.",
                checkpoint.size()
            );
            self.report.find("deletion_differs", None, leaf, said);
        } else if !by.iter().any(|key| checkpoint.is_by(key)) {
            let said = format!("What tells of deletions from {size} leaves has no good signature.");
            self.report.find("deletion_unsigned", None, leaf, said);
        } else {
            for stretch in leaves {
                self.report.deleted_told += self.gone.remove(stretch);
            }
        }
    }

    /// A checkpoint of a larger tree than there is, or what tells of deletions from one.
    pub(crate) fn beyond(&mut self, size: u64) {
        let said = format!(
            "A checkpoint tells of {size} leaves, and there are {}: the end of the log was cut \
             off.",
            self.edge.size()
        );
        self.report.find("log_cut", None, None, said);
    }

    /// After the last leaf: what the whole of it has to be.
    pub(crate) fn finish(mut self) -> Report {
        let size = self.edge.size();
        if let Some(kept) = self.kept.take().filter(|kept| kept.size() > size) {
            self.beyond(kept.size());
        }
        match self.newest.take() {
            None if size == 0 => {}
            Some(newest) if newest.size() == size => {
                if !self.trusted.is_empty() && !self.trusted.iter().any(|key| newest.is_by(key)) {
                    let said = "The last checkpoint is not signed by the key it should be signed \
                                by.";
                    self.report.find("key_differs", None, None, said.to_owned());
                }
                self.report.origin = Some(newest.origin().to_owned());
            }
            _ => {
                let said = format!("There is no checkpoint of all {size} leaves.");
                self.report.find("checkpoint_missing", None, None, said);
            }
        }
        self.untold();
        self.report.leaves = size;
        self.report.root_hash = base64(&self.edge.root());
        self.report.ok = self.report.found == 0;
        self.report
    }

    /// For each event that is gone there is a deletion that tells so.
    fn untold(&mut self) {
        let untold = self.report.deleted - self.report.deleted_told;
        for leaf in self.gone.left().take(TOLD) {
            let said = format!(
                "The event that was sealed as leaf {leaf} is gone, and nothing that is signed tells \
                 of its deletion."
            );
            self.report.find("deletion_untold", None, Some(leaf), said);
        }
        self.report.found += untold.saturating_sub(TOLD as u64);
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
