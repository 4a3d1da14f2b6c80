//! The shapes of the sealed log on the wire. Hashes are in base64, as in checkpoints.

use serde::{Deserialize, Serialize};
use types::{EventId, Time};
use utoipa::{IntoParams, ToSchema};

/// A checkpoint: so many events, with this root, signed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditCheckpoint {
    /// Events that were sealed until then.
    #[schema(example = 20852)]
    pub size: u64,
    /// The root of the tree.
    #[schema(example = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")]
    pub root_hash: String,
    /// The signed note (C2SP tlog-checkpoint).
    pub note: String,
    /// When it was signed.
    pub created_at: Time,
}

/// Which tree a proof is about.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct InclusionAsked {
    /// The size of the tree; that of the last checkpoint, if absent.
    #[param(minimum = 1)]
    pub size: Option<u64>,
}

/// What proves that an event is in the log (RFC 6962, 2.1.1).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditInclusion {
    /// The event.
    pub event_id: EventId,
    /// What was hashed: the event in its canonical form, as a text.
    pub entry: String,
    /// The hash of its leaf.
    pub leaf_hash: String,
    /// Its place in the tree, from 0.
    pub leaf_index: u64,
    /// The size of the tree it is proven to be in.
    pub tree_size: u64,
    /// The root of that tree.
    pub root_hash: String,
    /// The audit path, from the leaf up.
    pub hashes: Vec<String>,
}

/// Which trees a proof is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsistencyAsked {
    /// The size of the older tree.
    #[param(minimum = 1)]
    pub from: u64,
    /// The size of the newer tree; that of the last checkpoint, if absent.
    #[serde(default)]
    #[param(minimum = 1)]
    pub to: Option<u64>,
}

/// What proves that a tree is the beginning of another (RFC 6962, 2.1.2).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditConsistency {
    /// The size of the older tree.
    pub from: u64,
    /// The size of the newer tree.
    pub to: u64,
    /// The root of the older tree.
    pub from_root_hash: String,
    /// The root of the newer tree.
    pub to_root_hash: String,
    /// The proof.
    pub hashes: Vec<String>,
}
