//! What can be asked of an export.

use serde::Deserialize;
use types::{GroupId, Time};
use utoipa::IntoParams;

use crate::things::model::Status;

words! {
    /// What is exported.
    ExportDimension {
        /// Things.
        Things = "things",
        /// Connections.
        Connections = "connections",
        /// Members.
        People = "people",
        /// Events.
        Events = "events",
        /// Labels, documents and chunks.
        Knowledge = "knowledge",
    }
}

words! {
    /// How rows are written.
    Format {
        /// One JSON object a line.
        Ndjson = "ndjson",
        /// A table with a head, for spreadsheets.
        Csv = "csv",
    }
}

/// Which rows, and how.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportFilter {
    /// Of this group.
    pub group_id: GroupId,
    /// `things`, `connections`, `people`, `events` or `knowledge`.
    #[param(inline)]
    pub dimension: ExportDimension,
    /// `ndjson` (default) or `csv`.
    #[serde(default)]
    #[param(inline)]
    pub format: Option<Format>,
    /// Only of this type; of people: only with this role.
    #[serde(default, rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Of things: only with this status; everything but `archived`, if absent.
    #[serde(default)]
    #[param(inline)]
    pub status: Option<Status>,
    /// Also of all groups below; for owners.
    #[serde(default)]
    pub include_children: bool,
    /// Only what was made at this moment or later, by the time in its id.
    #[serde(default)]
    pub from: Option<Time>,
    /// Only what was made before this moment.
    #[serde(default)]
    pub to: Option<Time>,
}
