//! Events as a file: what lists show, oldest first, for whoever wants to keep what retention
//! deletes.

use kernel::{App, Caller};
use serde::Deserialize;
use types::{GroupId, PersonId, Result, Time};
use utoipa::IntoParams;

use super::model::EventFilter;
use crate::exports::model::{ExportDimension, ExportFilter, Format};
use crate::exports::rules::Export;

/// Which events, and how.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EventExportQuery {
    /// Of this group.
    pub group_id: GroupId,
    /// Also of all groups below; for owners.
    #[serde(default)]
    pub include_children: bool,
    /// `ndjson` (default) or `csv`.
    #[serde(default)]
    #[param(inline)]
    pub format: Option<Format>,
    /// Only of this type.
    #[serde(default, rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only by this person.
    #[serde(default)]
    pub actor_id: Option<PersonId>,
    /// Only about this object.
    #[serde(default)]
    #[param(value_type = Option<types::AnyId>)]
    pub target_id: Option<String>,
    /// Not before this moment.
    #[serde(default)]
    pub from: Option<Time>,
    /// Before this moment.
    #[serde(default)]
    pub to: Option<Time>,
    /// Only what this says, e.g. `metadata.type == "course"`; see `docs/filter.md`.
    #[serde(default)]
    pub filter: Option<String>,
}

/// Opens the export.
///
/// # Errors
/// 401; 403 and 404 by policy; 422 for what is not sensible.
pub(super) async fn open(app: &App, caller: &Caller, query: EventExportQuery) -> Result<Export> {
    let filter = EventFilter {
        group_id: Some(query.group_id),
        include_children: query.include_children,
        kind: query.kind,
        actor_id: query.actor_id,
        target_id: query.target_id,
        from: query.from,
        to: query.to,
        filter: query.filter,
        ..EventFilter::default()
    };
    let ask = ExportFilter {
        group_id: query.group_id,
        dimension: ExportDimension::Events,
        format: query.format,
        kind: None,
        status: None,
        include_children: query.include_children,
        from: query.from,
        to: query.to,
    };
    Export::open_with(app, caller, ask, Some(filter)).await
}
