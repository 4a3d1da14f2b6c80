//! What a list of things tells.

use serde::Serialize;
use utoipa::ToSchema;

use super::expand::Expanded;
use super::model::Thing;
use crate::listing::Shown;

/// A page of things.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThingPage {
    /// The rows.
    pub data: Vec<ThingRow>,
    /// Give this as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Whether another page follows.
    pub has_more: bool,
    /// With `count=exact`: what all pages hold together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// With `explain=true`: how the engine finds the page, one entry for each statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<types::Json>>,
}

/// A thing in a list, with what was asked to be told about it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThingRow {
    /// The thing, or the chosen members of it.
    #[serde(flatten)]
    #[schema(value_type = Thing)]
    pub thing: Shown<Thing>,
    /// What it refers to, as far as `expand` names it.
    #[serde(flatten)]
    pub more: Expanded,
}
