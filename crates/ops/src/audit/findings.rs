//! What a verification found.

use serde::Serialize;

/// Findings, and stretches of deleted events, that are told one by one.
pub(crate) const TOLD: usize = 20;

/// Something that is not as it was sealed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What, for machines.
    pub code: &'static str,
    /// What, for people.
    pub message: String,
    /// The event it is about, by its place in the log.
    pub seq: Option<i64>,
    /// The leaf it is about, by its place in the tree.
    pub leaf: Option<u64>,
}

/// What a verification saw, and what it found.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether nothing was found.
    pub ok: bool,
    /// The name of the log; none before its first checkpoint.
    pub origin: Option<String>,
    /// Leaves of the tree: events that were sealed.
    pub leaves: u64,
    /// The root of the tree, in base64.
    pub root_hash: String,
    /// Events that are there, as they were sealed.
    pub events: u64,
    /// Leaves whose events are gone.
    pub deleted: u64,
    /// Of how many of them something that is signed tells that they were deleted.
    pub deleted_told: u64,
    /// Where they stood in the tree, first and last; the first few stretches.
    pub deleted_leaves: Vec<[u64; 2]>,
    /// Events that are not sealed yet.
    pub waiting: u64,
    /// Checkpoints that were verified.
    pub checkpoints: u64,
    /// The size of the log in the checkpoint that was kept outside, where one was given.
    pub kept: Option<u64>,
    /// What was found; the first few.
    pub findings: Vec<Finding>,
    /// How many findings there are.
    pub found: u64,
}

impl Report {
    pub(crate) fn find(
        &mut self,
        code: &'static str,
        seq: Option<i64>,
        leaf: Option<u64>,
        message: String,
    ) {
        self.found += 1;
        if self.findings.len() < TOLD {
            self.findings.push(Finding { code, message, seq, leaf });
        }
    }

    /// The event of a leaf is gone; leaves come in order.
    pub(crate) fn gone(&mut self, leaf: u64) {
        self.deleted += 1;
        let told = self.deleted_leaves.len();
        match self.deleted_leaves.last_mut() {
            Some([_, last]) if *last + 1 == leaf => *last = leaf,
            _ if told < TOLD => self.deleted_leaves.push([leaf, leaf]),
            _ => {}
        }
    }
}
