//! Holds leaves, events and checkpoints against each other, in the order of the tree, with no more
//! in memory than its right edge.

use std::collections::HashMap;

use types::Result;
use uuid::Uuid;

use super::entry::Event;
use super::findings::Report;
use super::note::{Checkpoint, Verifier, base64};
use super::tiles::{Edge, Tile};
use super::tree::Hash;

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
    told: Told,
    /// The same with what nothing signs.
    claimed: Told,
}

/// Of each group the last event that tells of deletions: its place, and how many.
#[derive(Default)]
struct Told(HashMap<Uuid, (i64, u64)>);

impl Told {
    fn by(&mut self, event: &Event) {
        if let Some(total) = event.deleted() {
            let last = self.0.entry(event.group_id).or_default();
            if event.seq > last.0 {
                *last = (event.seq, total);
            }
        }
    }

    fn total(&self) -> u64 {
        self.0.values().fold(0u64, |sum, (_, total)| sum.saturating_add(*total))
    }
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
            told: Told::default(),
            claimed: Told::default(),
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
                self.tells(&event);
            }
            Seen::Event(event) => self.altered(Some(event.seq), leaf),
            Seen::Damaged(seq) => self.altered(seq, leaf),
            Seen::Gone => self.report.gone(leaf),
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

    /// An event of the database that is not sealed yet.
    pub(crate) fn waiting(&mut self, event: &Event) {
        self.tells(event);
    }

    /// The same in a file, where anybody can write it: no deletion counts as told for its sake.
    pub(crate) fn claims(&mut self, event: &Event) {
        self.claimed.by(event);
    }

    fn tells(&mut self, event: &Event) {
        self.told.by(event);
        self.claimed.by(event);
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

    /// A checkpoint of a larger tree than there is.
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
        self.deletions();
        self.report.leaves = size;
        self.report.root_hash = base64(&self.edge.root());
        self.report.ok = self.report.found == 0;
        self.report
    }

    /// As many events are gone as the log tells of.
    fn deletions(&mut self) {
        let (deleted, told) = (self.report.deleted, self.told.total());
        self.report.deleted_told = told;
        if deleted == told {
            return;
        }
        let leaf = self.report.deleted_leaves.last().map(|[_, last]| *last);
        let (code, why) = if deleted == self.claimed.total() {
            let why = " The rest is told by events that are not sealed yet, which anybody can \
                       have written: export the log again once they are.";
            ("deletion_unsealed", why)
        } else {
            ("deletion_untold", "")
        };
        let said = format!(
            "{deleted} sealed events are gone, and the log tells that {told} were deleted.{why}"
        );
        self.report.find(code, None, leaf, said);
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
